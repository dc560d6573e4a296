package conformance

import "fmt"

// reuseCases begin connections again from ports that had one.
func reuseCases() (list []Script) {
	for vi := range families {
		f := &families[vi]
		for mode := range 4 {
			list = append(list, joined(fmt.Sprintf("reuse/%s conn_reuse_mode=%d", f.name, mode),
				reuse(f.on("tcp", 80), "-m", mode), reuse(f.on("tcp", 81), "-g", mode)))
			// Alone, since some of its states last three seconds.
			sctp := reuse(f.on("sctp", 80), "-m", mode)
			sctp.Name = fmt.Sprintf("reuse/sctp %s conn_reuse_mode=%d", f.name, mode)
			list = append(list, sctp)
		}
		list = append(list, sloppy(f, 0), sloppy(f, 1))
	}
	return list
}

// reuse has connections in many states, and then their first packets again. The
// scheduler shows who was scheduled anew.
func reuse(s service, method string, mode int) Script {
	endings := [...][]string{{}, {"A"}, {"A", "F"}, {"F"}, {"R"}, {"A", "R"}, {"A", "F", "A"}}
	if s.proto == "sctp" {
		endings = [...][]string{{}, {"cookie-echo"}, {"abort"}, {"cookie-echo", "shutdown"}, {"cookie-echo", "abort"}, {"shutdown-complete"}, {"error"}}
	}
	script := Script{
		Sysctls:  map[string]int{"conn_reuse_mode": mode},
		Commands: []string{s.add("rr"), s.with(0, s.port, method), s.with(1, s.port, method), s.with(2, s.port, method)},
	}
	again := Step{From: Client}
	for i, ending := range endings {
		t := s.talk(i, 2000+i, 0, s.port)
		script.Steps = append(script.Steps, from(Client, t.in(firstWords[s.proto])))
		for _, word := range ending {
			script.Steps = append(script.Steps, from(Client, t.in(word)))
		}
		again.Packets = append(again.Packets, t.in(firstWords[s.proto]))
	}
	script.Steps = append(script.Steps, look(), again, look(), again,
		set("expire_nodest_conn", 1), s.edit(0, s.port, method+" -w 0"), again,
		set("expire_nodest_conn", 0))
	return script
}

// sloppy begins in the middle.
func sloppy(f *family, on int) Script {
	tcp, sctp := f.on("tcp", 80), f.on("sctp", 80)
	script := Script{
		Name:     fmt.Sprintf("reuse/sloppy %s %d", f.name, on),
		Sysctls:  map[string]int{"sloppy_tcp": on, "sloppy_sctp": on},
		Commands: []string{tcp.add("rr"), tcp.with(0, 80, "-m"), sctp.add("rr"), sctp.with(0, 80, "-m")},
	}
	for i, word := range [...]string{"A", "PA", "FA", "R", "RA", "-", "SA"} {
		script.Steps = append(script.Steps, from(Client, tcp.talk(i, 2000, 0, 80).in(word)))
	}
	for i, word := range [...]string{"data", "init-ack", "cookie-echo", "shutdown", "abort", "error", "heartbeat"} {
		script.Steps = append(script.Steps, from(Client, sctp.talk(i, 2000, 0, 80).in(word)))
	}
	return script
}
