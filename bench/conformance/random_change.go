package conformance

// change returns steps that change s, a real server of it, or what concerns all. Who
// starts to count again, at once or when he is added again, does so for the kernel from
// what it has copied last, so it copies before.
func (d *draw) change(s *drawnService) []Step {
	switch d.IntN(20) {
	case 0, 1, 2, 3, 4, 5:
		return []Step{run("-e %s -r %s", s.selector(), d.server(s, d.IntN(4)))}
	case 6, 7:
		return []Step{lookAtAll(), run("-d %s -r %s", s.selector(), s.name(d.IntN(4))), d.collected()}
	case 8, 9, 10:
		return []Step{run("%s", d.with(s, d.IntN(5)))}
	case 11, 12:
		s.options = d.scheduling(s)
		return []Step{run("-E %s -s %s", s.selector(), s.options)}
	case 13:
		return d.removed(s)
	case 14:
		return []Step{lookAtAll(), run("%s", pick(d, "-Z", "-Z "+s.selector()))}
	case 15, 16:
		return []Step{set(d.sysctl())}
	case 17:
		return []Step{run("--set %d %d %d", 100+d.IntN(900), 100+d.IntN(100), 100+d.IntN(300))}
	case 18:
		return []Step{look()}
	}
	return d.shortLived(s)
}

// collected returns the step in which connections of real servers that are gone go too.
func (d *draw) collected() Step {
	if d.expires {
		return collected(1)
	}
	return collected(0)
}

// removed takes a service away, or all of them, and most times brings s back. The last
// one over IPv6 stays, since the kernel lets go of the IP version with it.
func (d *draw) removed(s *drawnService) []Step {
	command := "-D " + s.selector()
	switch {
	case d.f.name == "v4" && d.chance(3):
		command = "-C"
	case d.f.name == "v6" && s == d.services[0]:
		return []Step{look()}
	}
	steps := []Step{lookAtAll(), run("%s", command), d.collected(), d.packets(Client, s)}
	if d.chance(4) {
		return steps
	}
	steps = append(steps, run("%s", s.add(s.options)))
	for n := range 1 + d.IntN(3) {
		steps = append(steps, run("%s", d.with(s, n)))
	}
	return steps
}

// shortLived lets connections run out, once in a script: those that timeouts concern,
// and of the others those with ten seconds or less, while nothing else is close to it.
func (d *draw) shortLived(s *drawnService) []Step {
	if d.waited {
		return []Step{look()}
	}
	d.waited = true
	return []Step{
		run("--set 4 4 4"), d.packets(Client, s), d.packets(Client, s), wait(12_500), look(),
		run("--set 900 120 300"), d.packets(Client, s),
	}
}
