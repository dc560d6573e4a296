package conformance

import "fmt"

// Methods as ipvsadm's options have them, by the names in scripts.
var methods = [...]struct{ name, options string }{
	{"nat", "-m"},
	{"dr", "-g"},
	{"ipip", "-i"},
	{"gre", "-i --tun-type gre"},
	{"gre+csum", "-i --tun-type gre --tun-csum"},
	{"gue", "-i --tun-type gue --tun-port 6080"},
	{"gue+csum", "-i --tun-type gue --tun-port 6080 --tun-csum"},
	{"gue+remcsum", "-i --tun-type gue --tun-port 6080 --tun-remcsum"},
}

// isTunnel reports whether method number i can go to the other IP version.
func isTunnel(i int) bool { return i >= 2 }

// firstWords begin a connection, by protocol.
var firstWords = map[string]string{"tcp": "S", "udp": "who is there", "sctp": "init"}

// forwardingCases send every protocol by every method, within an IP version and by
// tunnels across.
func forwardingCases() (list []Script) {
	for i, m := range methods {
		for vi := range families {
			for ri := range families {
				if vi != ri && !isTunnel(i) {
					continue
				}
				f, real := &families[vi], &families[ri]
				s := joined(fmt.Sprintf("forward/%s %s to %s", m.name, f.name, real.name),
					forwarding("tcp", m.name, m.options, f, real),
					forwarding("udp", m.name, m.options, f, real),
					forwarding("sctp", m.name, m.options, f, real))
				u := unfinished(m.name, m.options, f, real)
				s.Unwrap, u.Unwrap = isTunnel(i), isTunnel(i)
				list = append(list, s, u)
			}
		}
	}
	return list
}

func forwarding(proto, name, options string, virtual, real *family) Script {
	s := virtual.on(proto, 80)
	t := s.talk(0, 4242, 0, 80)
	later := map[string][]string{
		"tcp": {"A", "PA", "FA", "A"}, "udp": {"x", "", "three"}, "sctp": {"cookie-echo", "data+sack", "shutdown"},
	}[proto]
	script := Script{
		Commands: []string{
			s.add("rr"),
			fmt.Sprintf("-a %s -r %s %s", s.selector(), at(real.real(0), 80), options),
		},
		Steps: []Step{from(Client, t.in(firstWords[proto]))},
	}
	if name == "nat" {
		script.Steps = append(script.Steps, from(Real, t.out(firstWords[proto])))
	}
	for i, word := range later {
		p := t.in(word)
		p.TOS, p.TTL, p.DF, p.ID = byte(0xb8+i), byte(2+i), i%2 == 1, uint16(100+i)
		if proto != "tcp" || word == "PA" {
			p.Size = 100 + i
		}
		script.Steps = append(script.Steps, from(Client, p))
		if name == "nat" {
			q := p
			q.Src, q.Dst = t.real, t.client
			script.Steps = append(script.Steps, from(Real, q))
		}
	}
	return script
}

// unfinished has clients, and real servers behind NAT, leave checksums to a device.
func unfinished(name, options string, virtual, real *family) Script {
	script := Script{Name: fmt.Sprintf("forward/unfinished %s %s to %s", name, virtual.name, real.name)}
	for _, proto := range [...]string{"tcp", "udp"} {
		s := virtual.on(proto, 80)
		t := s.talk(0, 4242, 0, 80)
		script.Commands = append(script.Commands,
			s.add("rr"), fmt.Sprintf("-a %s -r %s %s", s.selector(), at(real.real(0), 80), options))
		for i, word := range [...]string{firstWords[proto], "A", "PA"} {
			p, q := t.in(word), t.out(word)
			p.Size, q.Size, p.Unfinished, q.Unfinished = 50*i, 51*i, true, true
			script.Steps = append(script.Steps, from(Client, p))
			if name == "nat" {
				script.Steps = append(script.Steps, from(Real, q))
			}
		}
	}
	return script
}
