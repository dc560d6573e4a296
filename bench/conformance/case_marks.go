package conformance

import "fmt"

// markCases are services that go by firewall marks.
func markCases() (list []Script) {
	for vi := range families {
		f := &families[vi]
		for _, method := range [...]string{"-m", "-g", "-i"} {
			list = append(list, marked(f, method, 0), marked(f, method, 8080))
		}
		list = append(list, precedence(f))
	}
	return list
}

// marked joins ports and addresses, with a port of the real server's or none.
func marked(f *family, method string, port int) Script {
	s := f.marked(5)
	script := Script{
		Name:     fmt.Sprintf("mark/%s %s port %d", f.name, method, port),
		Commands: []string{s.add("rr"), s.with(0, port, method), s.with(1, port, method)},
	}
	var packets []Packet
	for i, proto := range [...]string{"tcp", "udp", "sctp"} {
		for n := range 3 {
			script.Marks = append(script.Marks, Mark{5, f.anyVIP(n), proto, uint16(80 + i)})
			for c := range 3 {
				t := talk{proto, at(f.client(c), 3000+n), at(f.anyVIP(n), 80+i), ""}
				packets = append(packets, t.in(firstWords[proto]))
			}
		}
	}
	script.Steps = []Step{from(Client, packets...), from(Client, packets...)}
	return script
}

// precedence has a mark, an address and a port that all could decide.
func precedence(f *family) Script {
	mark, exact, any := f.marked(5), f.on("tcp", 80), f.on("tcp", 0)
	ftp := f.on("tcp", 21)
	return Script{
		Name:  "mark/precedence " + f.name,
		Marks: []Mark{{5, f.vip(), "tcp", 443}, {6, f.vip(), "tcp", 80}, {6, f.vip(), "tcp", 81}},
		Commands: []string{
			mark.add("rr"), mark.with(0, 0, "-g"),
			exact.add("rr"), exact.with(1, 80, "-g"),
			any.add("rr -p 300"), any.with(2, 0, "-g"),
			ftp.add("rr -p 300"), ftp.with(3, 21, "-g"),
		},
		Steps: []Step{
			visits(f, "tcp", 2000, 80, 81, 443, 21, 20, 1000, 2000, 40000),
			run("-D %s", mark.selector()), visits(f, "tcp", 3000, 443, 80),
			run("-D %s", any.selector()), visits(f, "tcp", 4000, 443, 81, 40000),
			run("-D %s", ftp.selector()), visits(f, "tcp", 5000, 40000, 21),
		},
	}
}
