package conformance

import "fmt"

// chanceCases are of the scheduler that draws by lot, as far as there is only one to
// draw.
func chanceCases() (list []Script) {
	for vi := range families {
		for _, proto := range [...]string{"tcp", "udp"} {
			list = append(list, oneOfThree(&families[vi], proto))
		}
	}
	return list
}

// oneOfThree leaves one real server after the other for new connections: others have
// no weight, or as much as they may. At last there is none.
func oneOfThree(f *family, proto string) Script {
	s := f.on(proto, 80)
	script := Script{
		Name: fmt.Sprintf("scheduler/twos %s %s", proto, f.name), Needs: "ip_vs_twos",
		Commands: []string{s.add("twos"), s.with(0, 80, "-m -w 0"), s.with(1, 80, "-g -w 5"), s.with(2, 80, "-m -w 0")},
	}
	first := 0
	more := func(steps ...Step) {
		script.Steps = append(script.Steps, steps...)
		script.Steps = append(script.Steps, crowd(f, proto, 1, first, 20, firstWords[proto])...)
		first += 100
	}
	more()
	more(s.edit(1, 80, "-g -w 0"), s.edit(2, 80, "-m -w 1"))
	more(s.edit(0, 80, "-m -w 100"), s.edit(2, 80, "-m -w 0"))
	more(run("%s", s.with(3, 80, "-g -w 1 -x 1")), s.edit(0, 80, "-m -w 0")) // full after the first
	more(s.edit(1, 80, "-g -w 3"), s.edit(2, 80, "-m -w 3"), s.remove(2, 80))
	more(s.edit(1, 80, "-g -w 0"))
	return script
}
