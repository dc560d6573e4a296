package conformance

import "slices"

// A plainness makes a packet plainer in one respect.
type plainness struct {
	wants func(p *Packet) bool // it is not plain yet
	apply func(p *Packet)
}

// usualID is the identification that packets of scripts have where it does not matter.
const usualID = 0x1234

var plainnesses = [...]plainness{
	{func(p *Packet) bool { return p.TOS != 0 }, func(p *Packet) { p.TOS = 0 }},
	{func(p *Packet) bool { return p.DF }, func(p *Packet) { p.DF = false }},
	{func(p *Packet) bool { return p.TTL != 0 }, func(p *Packet) { p.TTL = 0 }},
	{func(p *Packet) bool { return p.Size != 0 }, func(p *Packet) { p.Size = 0 }},
	{func(p *Packet) bool { return p.Broken != "" }, func(p *Packet) { p.Broken = "" }},
	{func(p *Packet) bool { return p.ID != usualID }, func(p *Packet) { p.ID = usualID }},
}

// fields gives packets the values that most have: as many at once as will do.
func (k *shrinking) fields() {
	for _, plain := range plainnesses {
		list := k.wanting(plain)
		cut(len(list), func(i, n int) bool {
			c := k.Script
			c.Steps = slices.Clone(k.Steps)
			for _, at := range list[i : i+n] {
				step := &c.Steps[at.step]
				step.Packets = slices.Clone(step.Packets)
				plain.apply(&step.Packets[at.packet])
			}
			if !k.try(c) {
				return false
			}
			list = lacking(list, i, n)
			return true
		})
	}
}

// A position is where a packet stands in a script.
type position struct{ step, packet int }

// wanting returns where the packets stand that could be plainer.
func (k *shrinking) wanting(plain plainness) (list []position) {
	for i := range k.Steps {
		for j := range k.Steps[i].Packets {
			if plain.wants(&k.Steps[i].Packets[j]) {
				list = append(list, position{i, j})
			}
		}
	}
	return list
}
