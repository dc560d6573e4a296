package conformance

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Random returns a script that nobody wrote: some services with real servers, and
// packets of a few connections over and over, between which things change. The same
// seed gives the same script. There is no SCTP in it, which gives up on a handshake
// faster than a guest that is emulated may get on with the script, and no TTL that
// ends at the director, where the kernel counts in its own way.
func Random(seed uint64) Script {
	d := &draw{Rand: rand.New(rand.NewPCG(seed, 7)), f: &families[seed%uint64(len(families))]}
	script := Script{Name: fmt.Sprintf("random/%d", seed), Sysctls: map[string]int{}}
	for _, name := range [...]string{"expire_nodest_conn", "expire_quiescent_template", "sloppy_tcp"} {
		if d.chance(4) {
			script.Sysctls[name] = 1
		}
	}
	if d.chance(3) {
		script.Sysctls["conn_reuse_mode"] = d.IntN(4)
	}
	for range 1 + d.IntN(3) {
		d.addService(&script)
	}
	for range 10 + d.IntN(15) {
		script.Steps = append(script.Steps, d.step())
		if last := &script.Steps[len(script.Steps)-1]; strings.HasPrefix(last.Command, "-d") {
			script.Steps = append(script.Steps, collected(script.Sysctls["expire_nodest_conn"]))
		}
	}
	return script
}

// A draw is a script in the making.
type draw struct {
	*rand.Rand
	f        *family
	services []drawnService
}

// A drawnService is a service, and how its real servers are reached: by one method,
// lest packets come that none of them would send.
type drawnService struct {
	service
	method   string
	realPort int
}

// chance reports true once in n times.
func (d *draw) chance(n int) bool { return d.IntN(n) == 0 }

func pick[T any](d *draw, list ...T) T { return list[d.IntN(len(list))] }

// addService adds a service that the script has not, with a few real servers.
func (d *draw) addService(script *Script) {
	proto := pick(d, "tcp", "tcp", "udp")
	s := drawnService{service: d.f.on(proto, 80+len(d.services)), method: pick(d, "-m", "-m", "-g", "-i", "-i --tun-type gre", "-i --tun-type gue --tun-port 6080")}
	s.realPort = s.port
	if s.method == "-m" && d.chance(2) {
		s.realPort = 8000 + s.port
	}
	options := pick(d, deterministic[:]...)
	switch {
	case d.chance(4):
		options += " -p " + fmt.Sprint(60+d.IntN(600))
	case proto == "udp" && d.chance(4):
		options += " -o"
	}
	d.services = append(d.services, s)
	script.Commands = append(script.Commands, s.add(options))
	for n := range 1 + d.IntN(4) {
		script.Commands = append(script.Commands, s.with(n, s.realPort, s.method+d.numbers()))
	}
}

// numbers returns options for a real server's weight and thresholds.
func (d *draw) numbers() string {
	options := fmt.Sprintf(" -w %d", pick(d, 0, 1, 1, 1, 2, 3, 10))
	if d.chance(5) {
		options += fmt.Sprintf(" -x %d", 1+d.IntN(6))
	}
	return options
}

// step returns packets mostly, and sometimes a change, which may be refused.
func (d *draw) step() Step {
	s := pick(d, d.services...)
	switch d.IntN(16) {
	case 0, 1:
		return s.edit(d.IntN(4), s.realPort, s.method+d.numbers())
	case 2:
		return s.remove(d.IntN(4), s.realPort)
	case 3:
		return run("%s", s.with(d.IntN(5), s.realPort, s.method+d.numbers()))
	case 4:
		return look()
	case 5, 6, 7:
		if s.method == "-m" {
			return d.packets(Real, s)
		}
	}
	return d.packets(Client, s)
}

// words are what may be said, by protocol; the first is said most.
var words = map[string][]string{
	"tcp": {"S", "S", "A", "A", "PA", "FA", "F", "R", "SA", "-"},
	"udp": {"x", "query", ""},
}

// packets returns some from a side, of connections of which there are few.
func (d *draw) packets(side Side, s drawnService) Step {
	step := Step{From: side}
	for range 1 + d.IntN(8) {
		t := s.talk(d.IntN(5), 2000+d.IntN(4), d.IntN(4), s.realPort)
		p := t.in(pick(d, words[s.proto]...))
		if side == Real {
			p = t.out(pick(d, words[s.proto]...))
		}
		p.ID, p.TOS, p.DF = uint16(1+d.IntN(65000)), uint8(pick(d, 0, 0, 0, 1, 2, 3, 0xb8)), d.chance(3)
		if d.chance(12) {
			p.TTL = uint8(2 + d.IntN(3))
		}
		if d.chance(6) {
			p.Size = 1 + d.IntN(1200)
		}
		step.Packets = append(step.Packets, p)
	}
	return step
}
