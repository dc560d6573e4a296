package conformance

// foundCases are what random scripts have found, in short.
func foundCases() (list []Script) {
	for vi := range families {
		list = append(list, editedThreshold(&families[vi]), lateReply(&families[vi]))
	}
	return list
}

// editedThreshold changes something of a real server that its scheduler does not ask
// for, between two turns.
func editedThreshold(f *family) Script {
	s := f.on("udp", 80)
	return Script{
		Name:     "found/wrr and a threshold " + f.name,
		Commands: []string{s.add("wrr -o"), s.with(0, 80, "-g"), s.with(1, 80, "-g"), s.with(2, 80, "-g")},
		Steps: []Step{
			from(Client, s.talk(0, 2000, 0, 80).in("x")), s.edit(0, 80, "-g -x 9"), s.talks(3000, "x"),
		},
	}
}

// lateReply ends at the director, since its TTL does.
func lateReply(f *family) Script {
	s := f.on("tcp", 80)
	t := s.talk(0, 2000, 0, 80)
	reply := t.out("FA")
	reply.TTL = 1
	return Script{
		Name:     "found/reply with TTL 1 " + f.name,
		Commands: []string{s.add("rr"), s.with(0, 80, "-m")},
		Steps:    []Step{from(Client, t.in("S")), from(Real, reply), look()},
	}
}
