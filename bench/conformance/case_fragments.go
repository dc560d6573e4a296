package conformance

import "fmt"

// fragmentCases send datagrams in pieces, which is no reason to treat them apart.
func fragmentCases() (list []Script) {
	for i, m := range methods {
		for vi := range families {
			list = append(list, fragments(m.name, m.options, &families[vi], &families[vi]))
			if isTunnel(i) {
				list = append(list, fragments(m.name, m.options, &families[vi], &families[1-vi]))
			}
		}
	}
	return list
}

func fragments(name, options string, f, real *family) Script {
	s := f.on("udp", 53)
	script := Script{
		Name:     fmt.Sprintf("fragment/%s %s to %s", name, f.name, real.name),
		Commands: []string{s.add("rr")},
	}
	for i := range 2 {
		script.Commands = append(script.Commands, fmt.Sprintf("-a %s -r %s %s", s.selector(), at(real.real(i), 53), options))
	}
	for source, order := range [...][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}} {
		t := s.talk(0, 4000+source, 0, 53)
		step := Step{From: Client}
		for _, part := range order {
			step.Packets = append(step.Packets, third(t.in("q"), uint16(7+source), part))
		}
		script.Steps = append(script.Steps, step)
		if name == "nat" {
			answer := Step{From: Real}
			for _, part := range order {
				answer.Packets = append(answer.Packets, third(t.out("a"), uint16(70+source), part))
			}
			script.Steps = append(script.Steps, answer)
		}
	}
	// Pieces of which the first, or the last, never comes.
	t := s.talk(1, 4242, 0, 53)
	script.Steps = append(script.Steps,
		from(Client, third(t.in("q"), 99, 1), third(t.in("q"), 99, 2)),
		from(Client, third(t.in("q"), 98, 0), third(t.in("q"), 98, 1)),
		from(Client, t.in("whole")))
	return script
}

// third returns one of the three parts of a datagram of 2608 bytes.
func third(p Packet, id uint16, part int) Packet {
	const whole, step = 2608, 1000
	p.Size, p.ID = whole-8, id
	f := &Fragment{Offset: part * step, Length: step, More: true}
	if part == 2 {
		f.Length, f.More = whole-2*step, false
	}
	p.Fragment = f
	return p
}
