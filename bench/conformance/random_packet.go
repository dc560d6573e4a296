package conformance

// drawnWords are what may be said, by side and protocol; what stands twice is said more
// often. An SCTP handshake that goes both ways at once may end in a state of four
// seconds, so nobody begins one from inside.
var drawnWords = map[Side]map[string][]string{
	Client: {
		"tcp":  {"S", "S", "A", "A", "PA", "FA", "F", "R", "SA", "RA", "-"},
		"udp":  {"x", "query", ""},
		"sctp": {"init", "init", "cookie-echo", "cookie-ack", "data", "data+sack", "heartbeat", "shutdown", "shutdown-ack", "shutdown-complete", "error", "abort", "cookie-ack+abort"},
	},
	Real: {
		"tcp":  {"SA", "SA", "S", "A", "A", "PA", "FA", "F", "R", "RA", "-"},
		"udp":  {"x", "answer", ""},
		"sctp": {"init-ack", "init-ack", "cookie-echo", "cookie-ack", "data", "data+sack", "heartbeat-ack", "shutdown", "shutdown-ack", "shutdown-complete", "error", "abort"},
	},
}

// packets returns some from a side, of connections of which there are few.
func (d *draw) packets(side Side, s *drawnService) Step {
	step := Step{From: side}
	for range 1 + d.IntN(8) {
		t := d.talk(s)
		word := pick(d, drawnWords[side][t.proto]...)
		p := t.in(word)
		if side == Real {
			p = t.out(word)
		}
		d.vary(&p)
		step.Packets = append(step.Packets, p)
		if word == "init" {
			// A handshake lives for four seconds after one, for a minute after two, and
			// of three one may be dropped.
			step.Packets = append(step.Packets, p, p)
		}
	}
	return step
}

// talk returns a connection to s. No two have the same ends once an address and a port
// are a real server's: there xlvs knows the younger one only.
func (d *draw) talk(s *drawnService) talk {
	n := d.IntN(len(s.targets))
	target, source := s.targets[n], 2000+10*n+pick(d, 0, 0, 0, 1, 2)
	if d.chance(20) && n == 0 {
		source = 20 // where FTP has its data come from
	}
	realPort := s.realPort
	if realPort == 0 {
		realPort = target.port
	}
	return target.talk(d.IntN(4), source, d.IntN(3), realPort)
}

// vary gives a packet what most packets have not.
func (d *draw) vary(p *Packet) {
	p.ID, p.TOS, p.DF = uint16(1+d.IntN(65000)), uint8(pick(d, 0, 0, 0, 1, 2, 3, 0xb8)), d.chance(3)
	if d.chance(12) {
		p.TTL = uint8(1 + d.IntN(4))
	}
	if d.chance(6) {
		p.Size = 1 + d.IntN(1200)
	}
	switch {
	case p.Proto == "sctp": // for which the kernel and xlvs differ, where a port changes
	case d.chance(30):
		p.Broken = brokenChecksum
	case p.Proto == "udp" && d.f.name == "v4" && d.chance(10):
		p.Broken = noChecksum
	}
}

// errors returns errors about connections, of which there may be none, from clients,
// real servers and a router behind the director.
func (d *draw) errors(s *drawnService) Step {
	step := Step{From: pick(d, Client, Client, Real)}
	for range 1 + d.IntN(3) {
		t := d.talk(s)
		kind := pick(d, d.f.errorKinds()...)
		about := t.packet(t.virtual, t.client, pick(d, drawnWords[Real][t.proto]...))
		src, dst := d.f.client(d.IntN(8)), about.Src
		if step.From == Real {
			about = t.packet(t.client, t.real, pick(d, drawnWords[Client][t.proto]...))
			src, dst = pick(d, hostOf(about.Dst), d.f.router), about.Src
		}
		p := d.f.errorFrom(src, hostOf(dst), kind, about)
		p.Cut = pick(d, 0, 0, 60)
		step.Packets = append(step.Packets, p)
	}
	return step
}

// hostOf returns the address of an endpoint.
func hostOf(endpoint string) string {
	e, err := parseEndpoint(endpoint)
	if err != nil {
		return endpoint
	}
	return e.Addr().String()
}
