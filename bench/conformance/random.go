package conformance

import (
	"fmt"
	"math/rand/v2"
)

// Random returns a script that nobody wrote: some services with real servers, and
// packets of a few connections over and over, between which things change. The same
// seed gives the same script.
//
// What it leaves out is what cannot be compared at any time: chance (the scheduler
// twos), memory (drop_entry), and states that end within seconds, which a guest that is
// emulated may miss. Fragments and options are left to the cases that say how the kernel
// differs.
func Random(seed uint64) Script {
	d := &draw{Rand: rand.New(rand.NewPCG(seed, 7)), f: &families[seed%uint64(len(families))]}
	d.script = Script{Name: fmt.Sprintf("random/%d", seed), Sysctls: map[string]int{}}
	for range d.IntN(4) {
		name, value := d.sysctl()
		d.script.Sysctls[name] = value
	}
	for range 1 + d.IntN(3) {
		d.addService()
	}
	for range 10 + d.IntN(15) {
		d.script.Steps = append(d.script.Steps, d.step()...)
	}
	return d.script
}

// drawnSysctls are those that tell on packets, and their values. The others concern
// memory, other directors, netfilter or estimates, and what schedule_icmp makes lives for
// three seconds.
var drawnSysctls = [...]struct {
	name   string
	values []int
}{
	{"conn_reuse_mode", []int{0, 1, 2, 3}},
	{"drop_packet", []int{0, 3}},
	{"expire_nodest_conn", []int{0, 1}},
	{"expire_quiescent_template", []int{0, 1}},
	{"nat_icmp_send", []int{0, 1}},
	{"pmtu_disc", []int{0, 1}},
	{"secure_tcp", []int{0, 3}},
	{"sloppy_sctp", []int{0, 1}},
	{"sloppy_tcp", []int{0, 1}},
	{"snat_reroute", []int{0, 1}},
}

// sysctl returns one of them and a value, and notes what will take time.
func (d *draw) sysctl() (name string, value int) {
	s := pick(d, drawnSysctls[:]...)
	name, value = s.name, pick(d, s.values...)
	d.expires = d.expires || name == "expire_nodest_conn" && value == 1
	return name, value
}

// A draw is a script in the making.
type draw struct {
	*rand.Rand
	f        *family
	script   Script
	services []*drawnService
	expires  bool // connections of real servers that are gone, some time in the script
	waited   bool // for connections to run out
}

// chance reports true once in n times.
func (d *draw) chance(n int) bool { return d.IntN(n) == 0 }

func pick[T any](d *draw, list ...T) T { return list[d.IntN(len(list))] }

// step returns packets mostly, and sometimes a change, which may be refused.
func (d *draw) step() []Step {
	s := pick(d, d.services...)
	switch d.IntN(20) {
	case 0, 1, 2, 3:
		return d.change(s)
	case 4:
		return []Step{look()}
	case 5:
		return []Step{d.errors(s)}
	case 6, 7, 8, 9:
		return []Step{d.packets(Real, s)}
	}
	return []Step{d.packets(Client, s)}
}
