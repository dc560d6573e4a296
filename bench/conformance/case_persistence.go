package conformance

import "fmt"

// persistenceCases keep clients with their real servers, in every form that
// templates have.
func persistenceCases() (list []Script) {
	for vi := range families {
		f := &families[vi]
		wide := "-M 255.255.255.240"
		if f.name == "v6" {
			wide = "-M 124"
		}
		for _, options := range [...]string{"-p 300", "-p 300 " + wide} {
			for _, method := range [...]string{"-m", "-g"} {
				list = append(list, persistent(f, options, method, 80), persistent(f, options, method, 0))
			}
		}
		list = append(list,
			persistentMark(f, "-p 120", "-m"), persistentMark(f, "-p 120 "+wide, "-g"),
			quiescedTemplate(f, 0), quiescedTemplate(f, 1),
			passiveFTP(f), templateRunsOut(f))
	}
	return list
}

// visits returns the step in which clients begin connections to ports of a VIP.
func visits(f *family, proto string, source int, ports ...int) Step {
	step := Step{From: Client}
	for _, port := range ports {
		for c := range 24 {
			s := f.on(proto, port)
			step.Packets = append(step.Packets, s.talk(c*3, source+port, 0, 0).in(firstWords[proto]))
		}
	}
	return step
}

func persistent(f *family, options, method string, port int) Script {
	tcp, udp := f.on("tcp", port), f.on("udp", port)
	realPort := port
	if port > 0 && method == "-m" {
		realPort = 8080
	}
	script := Script{Name: fmt.Sprintf("persistence/%s %s %s port %d", f.name, options, method, port)}
	for _, s := range [...]service{tcp, udp} {
		script.Commands = append(script.Commands, s.add("rr "+options),
			s.with(0, realPort, method), s.with(1, realPort, method), s.with(2, realPort, method))
	}
	script.Steps = []Step{
		visits(f, "tcp", 2000, 80, 81), visits(f, "udp", 2000, 80, 81), look(),
		visits(f, "tcp", 3000, 80), visits(f, "udp", 3000, 80),
		tcp.remove(1, realPort), visits(f, "tcp", 4000, 80), look(),
		run("%s", tcp.with(1, realPort, method)), visits(f, "tcp", 5000, 80),
		run("-E %s -s wlc -p 60", tcp.selector()), visits(f, "tcp", 6000, 80),
		run("-E %s -s rr -p 60 %s", udp.selector(), options), visits(f, "udp", 6000, 80),
	}
	return script
}

func persistentMark(f *family, options, method string) Script {
	s := f.marked(9)
	script := Script{
		Name:     fmt.Sprintf("persistence/mark %s %s %s", f.name, options, method),
		Commands: []string{s.add("rr " + options), s.with(0, 80, method), s.with(1, 8080, method), s.with(2, 0, method)},
	}
	for _, proto := range [...]string{"tcp", "udp"} {
		for _, port := range [...]uint16{80, 443} {
			script.Marks = append(script.Marks, Mark{9, f.vip(), proto, port})
		}
	}
	script.Steps = []Step{
		visits(f, "tcp", 2000, 80, 443), visits(f, "udp", 3000, 80, 443), visits(f, "tcp", 4000, 80, 443),
	}
	return script
}

// quiescedTemplate sends clients to a server of weight 0.
func quiescedTemplate(f *family, expire int) Script {
	s := f.on("tcp", 80)
	return Script{
		Name:     fmt.Sprintf("persistence/quiesced %s expire_quiescent_template=%d", f.name, expire),
		Sysctls:  map[string]int{"expire_quiescent_template": expire},
		Commands: []string{s.add("rr -p 300"), s.with(0, 80, "-m"), s.with(1, 80, "-m")},
		Steps: []Step{
			visits(f, "tcp", 2000, 80),
			s.edit(0, 80, "-m -w 0"), visits(f, "tcp", 3000, 80), look(),
			s.edit(0, 80, "-m -w 1"), visits(f, "tcp", 4000, 80),
		},
	}
}

// passiveFTP is FTP by direct routing, where persistence stands in for the helper.
func passiveFTP(f *family) Script {
	s := f.on("tcp", 21)
	return Script{
		Name:     "persistence/ftp " + f.name,
		Commands: []string{s.add("rr -p 300"), s.with(0, 21, "-g"), s.with(1, 21, "-g")},
		Steps: []Step{
			visits(f, "tcp", 2000, 21), visits(f, "tcp", 3000, 40000, 20, 1023, 1024), look(),
			visits(f, "tcp", 4000, 21),
		},
	}
}

// templateRunsOut lives shorter than its connections, and then is kept for them.
func templateRunsOut(f *family) Script {
	tcp, udp := f.on("tcp", 80), f.on("udp", 80)
	return Script{
		Name: "persistence/runs out " + f.name,
		Commands: []string{
			tcp.add("rr -p 2"), tcp.with(0, 80, "-g"), tcp.with(1, 80, "-g"),
			udp.add("rr -p 2"), udp.with(0, 80, "-g"), udp.with(1, 80, "-g"),
			"--set 0 0 1",
		},
		Steps: []Step{
			from(Client, tcp.talk(0, 2000, 0, 80).in("S")),
			from(Client, udp.talk(1, 2000, 0, 80).in("x")),
			wait(4000), look(),
			from(Client, tcp.talk(0, 2001, 0, 80).in("S")),
			from(Client, udp.talk(1, 2001, 0, 80).in("x")),
		},
	}
}
