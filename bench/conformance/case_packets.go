package conformance

import "fmt"

// packetCases send packets that are not as most are, by every method.
func packetCases() (list []Script) {
	for i, m := range methods {
		for vi := range families {
			for ri := range families {
				if vi == ri || isTunnel(i) {
					list = append(list,
						oddPackets(m.name, m.options, &families[vi], &families[ri]),
						sizes(m.name, m.options, &families[vi], &families[ri], 1500),
						sizes(m.name, m.options, &families[vi], &families[ri], 1400))
				}
			}
		}
	}
	for vi := range families {
		list = append(list, brokenPackets(&families[vi]))
	}
	return append(list, sizesWithout(&families[0]), timestamps(&families[0]))
}

// timestamps have routers write down the time.
func timestamps(f *family) Script {
	s := f.on("udp", 53)
	script := Script{Name: "packet/timestamp " + f.name, Commands: []string{s.add("rr"), s.with(0, 53, "-m")}}
	for flag := range byte(4) {
		p := s.talk(0, 4242, 0, 53).in("query")
		p.Options = []byte{0x44, 0x0c, 0x05, flag, 198, 51, 100, 10, 0, 0, 0, 0}
		script.Steps = append(script.Steps, from(Client, p))
	}
	return script
}

// oddPackets go by fields of the IP header.
func oddPackets(name, options string, virtual, real *family) Script {
	s := virtual.on("udp", 53)
	t := s.talk(0, 4242, 0, 53)
	script := Script{
		Name:     fmt.Sprintf("packet/header %s %s to %s", name, virtual.name, real.name),
		Commands: []string{s.add("rr"), fmt.Sprintf("-a %s -r %s %s", s.selector(), at(real.real(0), 53), options)},
	}
	send := func(change func(p *Packet)) {
		p := t.in("query")
		change(&p)
		script.Steps = append(script.Steps, from(Client, p))
	}
	for _, ttl := range [...]uint8{1, 2, 255} {
		send(func(p *Packet) { p.TTL = ttl })
	}
	for _, tos := range [...]uint8{0, 1, 2, 3, 0xbb, 0xff} {
		send(func(p *Packet) { p.TOS = tos })
		send(func(p *Packet) { p.TOS, p.DF = tos, true })
	}
	send(func(p *Packet) { p.DF, p.ID = true, 0 })
	send(func(p *Packet) { p.ID = 0xffff })
	if virtual.name == "v4" {
		send(func(p *Packet) { p.Options = []byte{1, 1, 1, 1} })                                       // no operation
		send(func(p *Packet) { p.Options = []byte{0x07, 0x07, 0x04, 0, 0, 0, 0, 0} })                  // record route
		send(func(p *Packet) { p.Options = []byte{0x94, 0x04, 0, 0} })                                 // router alert
		send(func(p *Packet) { p.Options = []byte{0x44, 0x08, 0x09, 0x00, 1, 2, 3, 4} })               // timestamp, without room
		send(func(p *Packet) { p.Options, p.TTL = []byte{1, 1, 1, 1}, 1 })                             // and an error
		send(func(p *Packet) { p.Options = []byte{0x83, 0x07, 0x04, 203, 0, 113, 9, 0} })              // source route
		send(func(p *Packet) { p.Options = []byte{0x1e, 0x08, 1, 2, 3, 4, 5, 6} })                     // unknown
		send(func(p *Packet) { p.Options = []byte{0x44, 0x03, 0x05, 0x00}; p.Data = "broken option" }) // shorter than it can be
	}
	return script
}

// sizes go by the length of packets, and what they leave no room for.
func sizes(name, options string, virtual, real *family, mtu int) Script {
	s := virtual.on("udp", 53)
	t := s.talk(0, 4242, 0, 53)
	script := Script{
		Name:     fmt.Sprintf("packet/size %s %s to %s mtu %d", name, virtual.name, real.name, mtu),
		Links:    Links{RealMTU: mtu},
		Commands: []string{s.add("rr"), fmt.Sprintf("-a %s -r %s %s", s.selector(), at(real.real(0), 53), options)},
	}
	header := 28
	if virtual.name == "v6" {
		header = 48
	}
	// Around the MTU, less every overhead there is.
	for _, overhead := range [...]int{0, 20, 24, 28, 32, 40, 44, 48, 52, 60} {
		for _, more := range [...]int{0, 1} {
			n := mtu - overhead + more
			if n > 1500 {
				continue
			}
			for _, df := range [...]bool{false, true} {
				p := t.in("x")
				p.Size, p.DF = n-header, df
				script.Steps = append(script.Steps, from(Client, p))
			}
		}
	}
	return script
}

// sizesWithout is sizes where the director does not discover path MTUs.
func sizesWithout(f *family) Script {
	s := sizes("ipip", "-i", f, f, 1500)
	s.Name += " pmtu_disc=0"
	s.Sysctls = map[string]int{"pmtu_disc": 0}
	return s
}

// brokenPackets go to NAT, which has to look at them.
func brokenPackets(f *family) Script {
	tcp, udp, sctp := f.on("tcp", 80), f.on("udp", 80), f.on("sctp", 80)
	script := Script{Name: "packet/broken " + f.name}
	for _, s := range [...]service{tcp, udp, sctp} {
		script.Commands = append(script.Commands, s.add("rr"), s.with(0, 8080, "-m"))
		t := s.talk(0, 4242, 0, 8080)
		for _, broken := range [...]string{brokenHeader, brokenChecksum, noChecksum, truncated} {
			if broken == noChecksum && s.proto != "udp" || broken == brokenHeader && f.name == "v6" {
				continue
			}
			p, q := t.in(firstWords[s.proto]), t.out(firstWords[s.proto])
			good := p
			p.Broken, q.Broken = broken, broken
			script.Steps = append(script.Steps, from(Client, p), from(Real, q), from(Client, good), from(Client, p), from(Real, q))
		}
	}
	return script
}
