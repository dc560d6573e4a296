package conformance

import "fmt"

// controlCases change services and real servers while connections are there, and
// ask for what cannot be.
func controlCases() (list []Script) {
	for vi := range families {
		f := &families[vi]
		for _, method := range [...]string{"-m", "-g"} {
			for _, expire := range [...]int{0, 1} {
				list = append(list, deletion(f, method, expire), quiescence(f, method, expire))
			}
		}
		list = append(list, timeouts(f), refusals(f), nobody(f), zeroed(f), withoutScheduler(f))
	}
	return list
}

// talks returns the packets of some clients' connections.
func (s service) talks(source int, word string) Step {
	step := Step{From: Client}
	for c := range 6 {
		step.Packets = append(step.Packets, s.talk(c, source, 0, s.port).in(word))
	}
	return step
}

// replies returns what a real server sends to all clients, in connections of which
// it may have none.
func (s service) replies(source, real int, word string) Step {
	step := Step{From: Real}
	for c := range 6 {
		step.Packets = append(step.Packets, s.talk(c, source, real, s.port).out(word))
	}
	return step
}

// deletion takes real servers and services away, and brings them back.
func deletion(f *family, method string, expire int) Script {
	s, udp := f.on("tcp", 80), f.on("udp", 80)
	return Script{
		Name:    fmt.Sprintf("control/delete %s %s expire_nodest_conn=%d", f.name, method, expire),
		Sysctls: map[string]int{"expire_nodest_conn": expire},
		Commands: []string{
			s.add("rr"), s.with(0, 80, method), s.with(1, 80, method),
			udp.add("rr"), udp.with(0, 80, method), udp.with(1, 80, method),
		},
		Steps: []Step{
			s.talks(2000, "S"), s.talks(2000, "A"), udp.talks(2000, "x"), look(),
			s.remove(0, 80), collected(expire), s.talks(2000, "A"), s.talks(3000, "S"), look(),
			udp.remove(0, 80), collected(expire), udp.talks(2000, "x"), udp.talks(3000, "x"), look(),
			s.replies(2000, 0, "A"), s.replies(2000, 1, "A"),
			run("%s", s.with(0, 80, method+" -w 5")), s.talks(2000, "A"), s.talks(4000, "S"), look(),
			run("-D %s", s.selector()), collected(expire), s.talks(2000, "A"), s.talks(5000, "S"), look(),
			run("%s", s.add("rr")), run("%s", s.with(0, 80, method)), s.talks(2000, "A"), s.talks(6000, "S"), look(),
			run("-C"), collected(expire), s.talks(6000, "A"), udp.talks(2000, "x"),
		},
	}
}

// collected returns the step in which connections of real servers that are gone go
// too, if they do: within a second at most.
func collected(expire int) Step { return wait(10 + 1500*expire) }

// quiescence sets weights to 0 and back.
func quiescence(f *family, method string, expire int) Script {
	s := f.on("tcp", 80)
	return Script{
		Name:     fmt.Sprintf("control/quiesce %s %s expire_nodest_conn=%d", f.name, method, expire),
		Sysctls:  map[string]int{"expire_nodest_conn": expire},
		Commands: []string{s.add("wlc"), s.with(0, 80, method), s.with(1, 80, method)},
		Steps: []Step{
			s.talks(2000, "S"), s.talks(2000, "A"),
			s.edit(0, 80, method+" -w 0"), s.talks(2000, "A"), s.talks(2000, "S"), look(), s.talks(3000, "S"),
			s.edit(1, 80, method+" -w 0"), s.talks(3000, "A"), s.talks(4000, "S"), s.talks(3000, "S"),
			s.edit(0, 80, method+" -w 2"), s.talks(5000, "S"), s.talks(3000, "A"),
		},
	}
}

// timeouts are set, and tell on connections that there are.
func timeouts(f *family) Script {
	s, udp := f.on("tcp", 80), f.on("udp", 80)
	return Script{
		Name:     "control/timeouts " + f.name,
		Commands: []string{s.add("rr"), s.with(0, 80, "-g"), udp.add("rr"), udp.with(0, 80, "-g")},
		Steps: []Step{
			run("-L --timeout"),
			s.talks(2000, "S"), s.talks(2000, "A"), udp.talks(2000, "x"),
			run("--set 100 50 30"), run("-L --timeout"), look(),
			s.talks(2000, "A"), udp.talks(2000, "x"), s.talks(3000, "S"), s.talks(3000, "F"), s.talks(4000, "S"), look(),
			run("--set 0 0 2"), udp.talks(2000, "x"), wait(3500), look(),
			run("-L --timeout"),
		},
	}
}

// refusals are commands that cannot be done, and those that just can.
func refusals(f *family) Script {
	s, other := f.on("tcp", 80), f.on("tcp", 81)
	script := Script{Name: "control/refusals " + f.name, Commands: []string{s.add("rr"), s.with(0, 80, "-m")}}
	for _, command := range [...]string{
		s.add("rr"), s.add("nonsense"), other.add("nonsense"),
		"-E " + other.selector() + " -s rr", "-E " + s.selector() + " -s nonsense", "-D " + other.selector(),
		s.with(0, 80, "-m"), other.with(0, 80, "-m"), s.with(1, 80, "-m -w -1"), s.with(1, 80, "-m -x 5 -y 6"),
		"-e " + s.selector() + " -r " + s.realAt(3, 80) + " -m", "-d " + s.selector() + " -r " + s.realAt(3, 80),
		"-d " + other.selector() + " -r " + s.realAt(0, 80),
		s.with(2, 80, "-i --tun-type gue"), s.with(2, 80, "-m --tun-type ipip"),
		fmt.Sprintf("-a %s -r 224.0.0.1:80 -m", s.selector()),
		fmt.Sprintf("-a %s -r 255.255.255.255:80 -m", s.selector()),
		fmt.Sprintf("-a %s -r 0.0.0.0:80 -m", s.selector()),
		fmt.Sprintf("-a %s -r [ff02::1]:80 -m", s.selector()),
		fmt.Sprintf("-a %s -r [fe80::1]:80 -m", s.selector()),
		fmt.Sprintf("-a %s -r 192.0.2.12:80 -i", s.selector()),
		fmt.Sprintf("-a %s -r [2001:db8:2::12]:80 -i", s.selector()),
		"-A " + f.on("tcp", 0).selector() + " -s rr", "-A " + f.on("tcp", 0).selector() + " -s rr -p",
		"-A " + f.on("udp", 5060).selector() + " -s rr -p 60 --pe sip", "-A " + f.on("udp", 5061).selector() + " -s rr -p 60 --pe nonsense",
		"-A " + f.on("tcp", 82).selector() + " -s sh -b sh-port,sh-fallback", "-A " + f.on("tcp", 83).selector() + " -s mh -b mh-port,flag-1",
		"-Z " + other.selector(), "-Z " + s.selector(), "-L -n " + other.selector(), "-L -n " + s.selector(),
		"-L -n --thresholds", "-L -n --persistent-conn", "-L -n --tun-info", "-S -n",
		"-E " + s.selector() + " -s wlc -p 100", "-L -n",
	} {
		script.Steps = append(script.Steps, run("%s", command))
	}
	return script
}

// nobody is there to schedule to.
func nobody(f *family) Script {
	script := Script{Name: "control/nobody " + f.name}
	for _, proto := range [...]string{"tcp", "udp", "sctp"} {
		s := f.on(proto, 80)
		script.Commands = append(script.Commands, s.add("rr"))
		word := firstWords[proto]
		script.Steps = append(script.Steps,
			s.talks(2000, word), run("%s", s.with(0, 80, "-m -w 0")), s.talks(2000, word),
			s.edit(0, 80, "-m -w 1"), s.talks(3000, word))
	}
	ftp := f.on("tcp", 21)
	script.Commands = append(script.Commands, ftp.add("rr -p 100"))
	script.Steps = append(script.Steps, visits(f, "tcp", 2000, 21, 20, 40000))
	return script
}

// zeroed starts counting again.
func zeroed(f *family) Script {
	s, udp := f.on("tcp", 80), f.on("udp", 80)
	return Script{
		Name:     "control/zero " + f.name,
		Commands: []string{s.add("rr"), s.with(0, 80, "-m"), udp.add("rr"), udp.with(0, 80, "-g")},
		Steps: []Step{
			s.talks(2000, "S"), s.replies(2000, 0, "SA"), udp.talks(2000, "x"), lookAtAll(),
			run("-Z %s", s.selector()), s.talks(2000, "A"), lookAtAll(),
			run("-Z"), s.talks(2000, "A"), s.replies(2000, 0, "A"), udp.talks(2000, "x"),
		},
	}
}

// withoutScheduler has the scheduler called none.
func withoutScheduler(f *family) Script {
	s, other := f.on("udp", 84), f.on("udp", 85)
	return Script{
		Name:     "control/no scheduler " + f.name,
		Commands: []string{other.add("rr"), other.with(0, 85, "-m")},
		Steps: []Step{
			run("%s", s.add("none")), run("%s", s.with(0, 84, "-m")), s.talks(2000, "x"),
			other.talks(2000, "x"), run("-E %s -s none", other.selector()), other.talks(2000, "x"), other.talks(3000, "x"),
		},
	}
}
