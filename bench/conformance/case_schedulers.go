package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// The schedulers whose choice is no matter of chance: all but twos.
var deterministic = [...]string{
	"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf",
}

// schedulerCases have hundreds of connections come and go, while weights change
// and real servers do.
func schedulerCases() (list []Script) {
	weights := [...][]int{{1, 1, 1}, {3, 2, 1}, {5, 0, 2, 1}, {100, 1, 50, 30}, {9, 1, 3, 0, 2, 5, 1, 4}}
	for _, scheduler := range deterministic {
		for i, w := range weights {
			f := &families[i%len(families)]
			proto, method := "tcp", "-m"
			if i >= 2 {
				method = "-g"
			}
			list = append(list, scheduling(f, proto, method, scheduler, w))
		}
		list = append(list, scheduling(&families[0], "udp", "-g", scheduler, weights[1]))
	}
	list = append(list, sameEdit(&families[0]))
	for _, options := range [...]string{"sh -b sh-port", "sh -b sh-fallback", "sh -b sh-fallback,sh-port", "mh -b mh-port", "mh -b mh-fallback"} {
		list = append(list, scheduling(&families[0], "tcp", "-g", options, weights[2]), scheduling(&families[1], "udp", "-m", options, weights[2]))
	}
	return list
}

// sameEdit changes nothing of a real server.
func sameEdit(f *family) Script {
	s := f.on("udp", 80)
	return Script{
		Name:     "scheduler/wrr edited " + f.name,
		Commands: []string{s.add("wrr"), s.with(0, 80, "-g -w 2"), s.with(1, 80, "-g"), s.with(2, 80, "-g")},
		Steps:    []Step{s.talks(2000, "x"), from(Client, s.talk(0, 3000, 0, 80).in("x")), s.edit(0, 80, "-g -w 2"), s.talks(4000, "x")},
	}
}

// byDestination are the schedulers that go by it, so that many need a mark to be of
// one service.
var byDestination = [...]string{"dh", "lblc", "lblcr"}

// scheduling returns the script of one scheduler.
func scheduling(f *family, proto, method, scheduler string, weights []int) Script {
	s, addresses := f.on(proto, 80), 1
	if slices.Contains(byDestination[:], scheduler) {
		s, addresses = f.marked(7), vips
	}
	script := Script{
		Name:     fmt.Sprintf("scheduler/%s %s %s %s %v", strings.ReplaceAll(scheduler, " -b ", ","), proto, f.name, method, weights),
		Commands: []string{s.add(scheduler)},
	}
	for i := range addresses {
		if s.mark > 0 {
			script.Marks = append(script.Marks, Mark{s.mark, f.anyVIP(i), proto, 80})
		}
	}
	for i, w := range weights {
		script.Commands = append(script.Commands, s.with(i, 80, fmt.Sprintf("%s -w %d", method, w)))
	}
	wave := func(from, n int, word string) {
		script.Steps = append(script.Steps, crowd(f, proto, addresses, from, n, word)...)
	}
	more := func(steps ...Step) { script.Steps = append(script.Steps, steps...) }
	wave(0, 80, "S")
	wave(0, 30, "A")
	wave(10, 40, "F")
	more(look())
	wave(100, 60, "S")
	for i, change := range [...][]Step{
		{s.edit(0, 80, method+" -w 7")},
		{s.edit(0, 80, method+" -w 0")},
		{run("%s", s.with(4, 80, method+" -w 3"))},
		{s.remove(1, 80)},
		{run("-E %s -s wrr", s.selector())},
		{run("-E %s -s %s", s.selector(), scheduler)},
	} {
		more(change...)
		wave(200+100*i, 40, "S")
	}
	return script
}

// crowd returns the steps in which packets of many connections come, from many
// clients and to many addresses, beginning with number first. They are as many at a
// time as a director may answer with errors.
func crowd(f *family, proto string, addresses, first, n int, word string) (steps []Step) {
	const atOnce = 40
	for ; n > 0; n -= atOnce {
		step := Step{From: Client}
		for i := first; i < first+min(n, atOnce); i++ {
			t := talk{proto, at(f.client(i*7%97), 2000+i), at(f.anyVIP(i%addresses), 80), ""}
			step.Packets = append(step.Packets, t.in(word))
		}
		steps = append(steps, step, wait(50))
		first += atOnce
	}
	return steps
}
