package conformance

// onePacketCases schedule each datagram.
func onePacketCases() (list []Script) {
	for vi := range families {
		f := &families[vi]
		for _, method := range [...]string{"-m", "-g", "-i"} {
			var scripts []Script
			for i, options := range [...]string{"rr -o", "wlc -o", "rr -o -p 100"} {
				s, port := f.on("udp", 53+i), 53+i
				scripts = append(scripts, Script{
					Commands: []string{s.add(options), s.with(0, port, method), s.with(1, port, method)},
					Steps: []Step{
						s.talks(2000, "q"), s.talks(2000, "q"), s.replies(2000, 0, "a"),
						s.edit(0, port, method+" -w 0"), s.talks(2000, "q"),
					},
				})
			}
			list = append(list, joined("ops/"+f.name+" "+method, scripts...))
		}
		list = append(list, onePacketMark(f))
	}
	return list
}

// onePacketMark is of datagrams and connections together.
func onePacketMark(f *family) Script {
	s := f.marked(3)
	return Script{
		Name:     "ops/mark " + f.name,
		Marks:    []Mark{{3, f.vip(), "tcp", 53}, {3, f.vip(), "udp", 53}},
		Commands: []string{s.add("rr -o"), s.with(0, 53, "-g"), s.with(1, 53, "-g")},
		Steps: []Step{
			f.on("udp", 53).talks(2000, "q"), f.on("tcp", 53).talks(2000, "S"), f.on("udp", 53).talks(2000, "q"),
		},
	}
}

// thresholdCases fill real servers up.
func thresholdCases() (list []Script) {
	for vi := range families {
		f := &families[vi]
		for _, limits := range [...]string{"-x 4", "-x 4 -y 2", "-x 1 -y 1", "-x 10"} {
			list = append(list, joined("threshold/"+f.name+" "+limits,
				threshold(f.on("udp", 53), "rr", limits), threshold(f.on("udp", 54), "wlc", limits),
				threshold(f.on("udp", 55), "sh", limits), threshold(f.on("udp", 56), "mh -b mh-fallback", limits)))
		}
	}
	return list
}

func threshold(s service, scheduler, limits string) Script {
	script := Script{
		Commands: []string{s.add(scheduler), s.with(0, s.port, "-g "+limits), s.with(1, s.port, "-g "+limits)},
		Steps: []Step{
			run("-L -n --thresholds"),
			s.talks(2000, "q"), s.talks(3000, "q"),
			s.edit(0, s.port, "-g -x 20"), s.talks(4000, "q"),
			s.edit(0, s.port, "-g "+limits), s.talks(5000, "q"),
		},
	}
	if limits == "-x 4 -y 2" {
		script.Steps = append(script.Steps, run("--set 0 0 3"), s.talks(5000, "q"), wait(5000), s.talks(6000, "q"), s.talks(7000, "q"))
	}
	return script
}
