package dataplane

import (
	"fmt"
	"maps"
	"slices"

	"xlvs/config"
	"xlvs/dataplane/mark"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// setMarks plans the rules of firewall marks. Those that are no longer among them
// give no marks, but their packets are the director's for as long as there are
// connections that came by them.
func (p *plan) setMarks(marks []config.Mark) error {
	if slices.EqualFunc(p.d.config.Marks, marks, sameMark) {
		return nil
	}
	stays := make(map[string]bool, len(marks))
	for _, m := range marks {
		stays[m.String()] = true
	}
	p.former = slices.DeleteFunc(slices.Concat(p.former, p.d.listed), func(m config.Mark) bool { return stays[m.String()] })
	rules := make([]mark.Rule, len(marks))
	for i, m := range marks {
		r := mark.Rule{
			Mark: m.Mark, Source: m.Source, Destination: m.Destination, Proto: m.Protocol,
			SourcePorts: portRanges(m.SourcePorts), Ports: portRanges(m.Ports), Port: mark.AnyPort,
		}
		if m.Interface != "" {
			port := slices.IndexFunc(p.d.ports, func(p port) bool { return p.Name == m.Interface })
			if port < 0 {
				return fmt.Errorf("mark %d: interface %s is none of the director's", m.Mark, m.Interface)
			}
			r.Port = uint16(port)
		}
		rules[i] = r
	}
	p.marks = rules
	return nil
}

func portRanges(list []config.PortRange) []mark.Range {
	ranges := make([]mark.Range, len(list))
	for i, r := range list {
		ranges[i] = mark.Range(r)
	}
	return ranges
}

// sameMark reports whether a and b say the same.
func sameMark(a, b config.Mark) bool {
	return a.Mark == b.Mark && a.Source == b.Source && a.Destination == b.Destination && a.Protocol == b.Protocol &&
		slices.Equal(a.SourcePorts, b.SourcePorts) && slices.Equal(a.Ports, b.Ports) && a.Interface == b.Interface
}

// giving returns the key of the services whose packets m marks.
func giving(m *config.Mark) markKey { return markKey{m.Mark, !m.Destination.Addr().Is4()} }

// settleMarks plans that rules ask for their packets if their marks have a service,
// or had one that still has destinations. It does nothing where nothing of that
// changes.
func (p *plan) settleMarks() {
	turned := false
	for k, n := range p.markUses {
		was := p.d.markUses[k]
		turned = turned || (was > 0) != (was+n > 0)
	}
	if !turned && sameSlice(p.marks, p.d.marks) && sameSlice(p.former, p.d.former) {
		return
	}
	unused := func(m config.Mark) bool { k := giving(&m); return p.d.markUses[k]+p.markUses[k] == 0 }
	p.listed = slices.DeleteFunc(slices.Clone(p.config.Marks), unused)
	p.former = slices.DeleteFunc(slices.Clone(p.former), unused)
	p.exchangeMarks(p.d.listed, p.listed, use{virtual: 1, wanted: 1})
	p.exchangeMarks(p.d.former, p.former, use{virtual: 1})
	p.makeMarking()
}

// sameSlice reports whether a and b are one slice: neither is ever written to.
func sameSlice[E any](a, b []E) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// exchangeMarks plans that the rules of is ask for their packets in the place of
// those of was. Those to a single address use it.
func (p *plan) exchangeMarks(was, is []config.Mark, u use) {
	n := make(map[string]int, len(was)+len(is))
	rules := make(map[string]*config.Mark, len(was)+len(is))
	for i := range was {
		k := was[i].String()
		n[k], rules[k] = n[k]-1, &was[i]
	}
	for i := range is {
		k := is[i].String()
		n[k], rules[k] = n[k]+1, &is[i]
	}
	maps.DeleteFunc(n, func(_ string, n int) bool { return n == 0 })
	for k, n := range n {
		m := rules[k]
		p.claim(n, func(r steer.Rules) { addMark(r, m) })
		if m.Destination.IsSingleIP() {
			p.use(lvs.AddrFrom(m.Destination.Addr()), n, u)
		}
	}
}

// makeMarking makes the rules as packets are held against them. Former ones come
// last: they mark nothing, and have it known that the director has connections to
// their destinations.
func (p *plan) makeMarking() {
	rules := slices.Clone(p.marks)
	for _, m := range p.former {
		rules = append(rules, mark.Rule{Destination: m.Destination, Port: mark.AnyPort})
	}
	p.marking = mark.New(rules)
}

// endMarks plans that former rules end which no connection came by: carried
// reports which did.
func (p *plan) endMarks(carried func(config.Mark) bool) {
	p.former = slices.DeleteFunc(slices.Clone(p.former), func(m config.Mark) bool { return !carried(m) })
}
