package conformance

import "fmt"

// The events of a state machine: a packet from a side.
type event struct {
	from Side
	word string
}

var (
	tcpEvents  = bothSides("S", "SA", "F", "A", "R", "-")
	sctpEvents = bothSides("data", "init", "init-ack", "cookie-echo", "cookie-ack", "shutdown", "shutdown-ack", "shutdown-complete", "error", "abort", "cookie-ack+abort")
	udpEvents  = bothSides("x")
)

func bothSides(words ...string) (list []event) {
	for _, w := range words {
		list = append(list, event{Client, w}, event{Real, w})
	}
	return list
}

// fromClients returns those of events that a director of DR or TUN gets to see.
func fromClients(events []event) (list []event) {
	for _, e := range events {
		if e.from == Client {
			list = append(list, e)
		}
	}
	return list
}

// stateCases walk the state machines: every sequence of packets up to a length,
// each in a connection of its own, behind a first packet.
func stateCases() (list []Script) {
	for i := range families {
		f := &families[i]
		for _, secure := range [...]int{0, 3} {
			sysctls := map[string]int{"secure_tcp": secure}
			list = append(list,
				walk(f, "tcp", "-m", "S", tcpEvents, 3, sysctls),
				walk(f, "tcp", "-g", "S", fromClients(tcpEvents), 4, sysctls),
			)
		}
		list = append(list,
			walk(f, "tcp", "-i", "S", fromClients(tcpEvents), 3, nil),
			walk(f, "tcp", "-m", "A", tcpEvents, 2, map[string]int{"sloppy_tcp": 1}),
			walk(f, "tcp", "-m", "F", tcpEvents, 2, map[string]int{"sloppy_tcp": 1}),
			walk(f, "sctp", "-m", "init", sctpEvents, 2, nil),
			walk(f, "sctp", "-g", "init", fromClients(sctpEvents), 3, nil),
			walk(f, "sctp", "-m", "data", sctpEvents, 1, map[string]int{"sloppy_sctp": 1}),
			walk(f, "sctp", "-m", "init-ack", sctpEvents, 2, map[string]int{"sloppy_sctp": 1}),
			walk(f, "udp", "-m", "x", udpEvents, 3, nil),
		)
	}
	return list
}

// walk returns the script of all sequences of at most n events after a first
// packet.
func walk(f *family, proto, method, first string, events []event, n int, sysctls map[string]int) Script {
	s := f.on(proto, 80)
	script := Script{
		Name:     fmt.Sprintf("state/%s %s %s %s", proto, f.name, method, first),
		Sysctls:  sysctls,
		Commands: []string{s.add("rr"), s.with(0, 80, method)},
	}
	for name, value := range sysctls {
		script.Name += fmt.Sprintf(" %s=%d", name, value)
	}
	source := 1024
	begin := Step{From: Client}
	waves := make([]map[Side][]Packet, n)
	for i := range waves {
		waves[i] = map[Side][]Packet{}
	}
	var extend func(path []event)
	extend = func(path []event) {
		t := s.talk(0, source, 0, 80)
		source++
		begin.Packets = append(begin.Packets, t.in(first))
		for i, e := range path {
			p := t.in(e.word)
			if e.from == Real {
				p = t.out(e.word)
			}
			waves[i][e.from] = append(waves[i][e.from], p)
		}
		if len(path) < n {
			for _, e := range events {
				extend(append(path[:len(path):len(path)], e))
			}
		}
	}
	extend(nil)
	script.Steps = append(script.Steps, begin)
	for _, wave := range waves {
		for _, side := range sides {
			if len(wave[side]) > 0 {
				script.Steps = append(script.Steps, from(side, wave[side]...))
			}
		}
	}
	return script
}
