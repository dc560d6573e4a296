package conformance

import "fmt"

// An icmpKind is a message, with the second word of its header.
type icmpKind struct {
	kind, code uint8
	word       uint32
}

// errorKinds returns messages that may concern a connection, and some that do not.
func (f *family) errorKinds() []icmpKind {
	if f.name == "v6" {
		return []icmpKind{{1, 0, 0}, {1, 3, 0}, {1, 4, 0}, {2, 0, 1300}, {3, 0, 0}, {4, 0, 0}, {4, 1, 6}, {100, 0, 0}}
	}
	return []icmpKind{{3, 0, 0}, {3, 1, 0}, {3, 3, 0}, {3, 4, 1300}, {3, 13, 0}, {4, 0, 0}, {11, 0, 0}, {11, 1, 0}, {12, 0, 0}, {5, 1, 0}}
}

// icmpCases send errors about connections, both ways.
func icmpCases() (list []Script) {
	for vi := range families {
		f := &families[vi]
		for _, m := range methods[:3] {
			list = append(list, joined("icmp/"+m.name+" "+f.name,
				icmpErrors(f, "tcp", m.name, m.options), icmpErrors(f, "udp", m.name, m.options), icmpErrors(f, "sctp", m.name, m.options)))
		}
		list = append(list, strangers(f, 0), strangers(f, 1), unwanted(f, 0), unwanted(f, 1))
	}
	for _, m := range methods[2:6] {
		list = append(list, tunnelErrors(m.name, m.options))
	}
	return list
}

// icmpErrors are about a connection that there is.
func icmpErrors(f *family, proto, name, options string) Script {
	s := f.on(proto, 80)
	t := s.talk(0, 4242, 0, 8080)
	port := 8080
	if name != "nat" {
		port = 80
	}
	script := Script{
		Commands: []string{s.add("rr"), s.with(0, port, options)},
		Steps:    []Step{from(Client, t.in(firstWords[proto]), t.in(firstWords[proto]))}, // an SCTP handshake lives longer after two
	}
	reply, request := t.packet(t.virtual, t.client, firstWords[proto]), t.packet(t.client, t.real, firstWords[proto])
	for _, k := range f.errorKinds() {
		script.Steps = append(script.Steps, from(Client, f.errorFrom(f.client(5), s.vip, k, reply)))
		if name == "nat" {
			script.Steps = append(script.Steps,
				from(Real, f.errorFrom(f.real(0), f.client(0), k, request)),
				from(Real, f.errorFrom(f.router, f.client(0), k, request)))
		}
	}
	for _, change := range [...]func(p *Packet){
		func(p *Packet) { p.Broken = brokenChecksum },
		func(p *Packet) { p.TTL = 1 },
		func(p *Packet) { p.Cut = 20 + 8 },
		func(p *Packet) { p.Cut = 20 + 4 },
		func(p *Packet) { p.Cut = 12 },
		func(p *Packet) { p.Quote.Size = 300 },
	} {
		p := f.errorFrom(f.client(0), s.vip, f.errorKinds()[2], reply)
		change(&p)
		script.Steps = append(script.Steps, from(Client, p))
		if name == "nat" {
			q := f.errorFrom(f.real(0), f.client(0), f.errorKinds()[2], request)
			change(&q)
			script.Steps = append(script.Steps, from(Real, q))
		}
	}
	return script
}

// errorFrom returns an error about a packet.
func (f *family) errorFrom(src, dst string, k icmpKind, about Packet) Packet {
	return Packet{Proto: f.icmp, Src: src, Dst: dst, Type: k.kind, Code: k.code, MTU: k.word, Quote: &about, ID: 77}
}

// strangers are errors about connections that there are not.
func strangers(f *family, schedule int) Script {
	s := f.on("tcp", 80)
	t := s.talk(0, 4242, 0, 8080)
	script := Script{
		Name:     fmt.Sprintf("icmp/no connection %s schedule_icmp=%d", f.name, schedule),
		Sysctls:  map[string]int{"schedule_icmp": schedule},
		Commands: []string{s.add("rr"), s.with(0, 8080, "-m"), s.with(1, 8080, "-m")},
	}
	for i, k := range f.errorKinds() {
		about := t.packet(s.vipAnd(80), at(f.client(i), 4242), "A")
		script.Steps = append(script.Steps, from(Client, f.errorFrom(f.client(9), s.vip, k, about)))
	}
	return script
}

// vipAnd returns the endpoint of s at another port.
func (s service) vipAnd(port int) string { return at(s.vip, port) }

// unwanted are packets of real servers that belong to no connection.
func unwanted(f *family, send int) Script {
	script := Script{
		Name:    fmt.Sprintf("icmp/unwanted replies %s nat_icmp_send=%d", f.name, send),
		Sysctls: map[string]int{"nat_icmp_send": send},
	}
	for _, proto := range [...]string{"tcp", "udp", "sctp"} {
		s := f.on(proto, 80)
		script.Commands = append(script.Commands, s.add("rr"), s.with(0, 80, "-m"), s.with(1, 80, "-g"))
		words := map[string][]string{"tcp": {"SA", "A", "R"}, "udp": {"x"}, "sctp": {"data", "abort"}}[proto]
		for real := range 3 {
			for _, word := range words {
				script.Steps = append(script.Steps, from(Real, s.talk(0, 4242, real, 80).out(word)), from(Real, s.talk(0, 4242, real, 81).out(word)))
			}
		}
	}
	return script
}

// tunnelErrors are about the director's own packets, on which the client's ride.
func tunnelErrors(name, options string) Script {
	f := &families[0]
	s := f.on("udp", 53)
	t := s.talk(0, 4242, 0, 53)
	request := t.in("x")
	request.Size, request.DF = 1000, true
	outer := Packet{Src: "192.0.2.1", Dst: f.real(0), Proto: "4", Inner: &request, DF: true}
	switch name {
	case "gre", "gre+csum":
		outer.Proto, outer.Header = "47", []byte{0, 0, 8, 0}
	case "gue", "gue+csum":
		outer.Proto, outer.Src, outer.Dst = "udp", at("192.0.2.1", 40000), at(f.real(0), guePort)
		outer.Header = []byte{0, 4, 0, 0}
	}
	script := Script{
		Name:     "icmp/about tunnel " + name,
		Commands: []string{s.add("rr"), s.with(0, 53, options)},
		Steps:    []Step{from(Client, request)},
	}
	for _, k := range f.errorKinds() {
		p := f.errorFrom(f.router, "192.0.2.1", k, outer)
		p.Cut = 128
		script.Steps = append(script.Steps, from(Real, p), from(Client, request))
	}
	return script
}
