// Package mark gives packets firewall marks.
//
// A frame that has not been through netfilter carries no mark, so a list of
// rules takes netfilter's place: the first rule that a packet matches gives its
// mark, and a firewall-mark service takes packets by that. Rules are frozen when
// the list is made; matching allocates nothing and keeps nothing.
package mark

import (
	"net/netip"

	"xlvs/lvs"
)

// A Rule marks the packets that match all of what it names. What is zero or
// empty matches every packet.
type Rule struct {
	Mark                uint32 // 0: none, but Covers knows of the rule
	Source, Destination netip.Prefix
	Proto               lvs.Protocol
	SourcePorts, Ports  []Range // of packets that have ports; Ports are the destination's
	Port                uint16  // of the director, where the packet came in; AnyPort for all
}

// AnyPort is the Port of a rule for all interfaces.
const AnyPort = ^uint16(0)

// A Range is a range of TCP, UDP or SCTP ports, both ends included.
type Range struct{ First, Last uint16 }

// Rules are a list in which the first match wins. The zero value marks nothing.
type Rules struct {
	rules []rule
}

// A rule is a Rule as packets are compared with it.
type rule struct {
	Rule
	source, destination network
}

// New returns the list of rules.
func New(rules []Rule) *Rules {
	list := &Rules{rules: make([]rule, len(rules))}
	for i, r := range rules {
		list.rules[i] = rule{r, newNetwork(r.Source), newNetwork(r.Destination)}
	}
	return list
}

// Mark returns the mark of a packet addressed as tu that came in by port, 0 for
// none.
func (l *Rules) Mark(tu *lvs.Tuple, port uint16) uint32 {
	for i := range l.rules {
		if r := &l.rules[i]; r.matches(tu, port) {
			return r.Mark
		}
	}
	return 0
}

// Covers reports whether a packet to a can have a mark at all.
func (l *Rules) Covers(a lvs.Addr) bool {
	for i := range l.rules {
		if l.rules[i].destination.contains(a) {
			return true
		}
	}
	return false
}

// Empty reports whether there is no rule.
func (l *Rules) Empty() bool { return len(l.rules) == 0 }

func (r *rule) matches(tu *lvs.Tuple, port uint16) bool {
	return r.destination.contains(tu.Dst) && r.source.contains(tu.Src) &&
		(r.Proto == 0 || r.Proto == tu.Proto) && (r.Port == AnyPort || r.Port == port) &&
		within(r.Ports, tu.DstPort) && within(r.SourcePorts, tu.SrcPort)
}

func within(ranges []Range, port uint16) bool {
	for _, r := range ranges {
		if r.First <= port && port <= r.Last {
			return true
		}
	}
	return len(ranges) == 0
}

// A network is a prefix as two masked words; the zero network has every address
// in it.
type network struct {
	addr, mask lvs.Addr
	v6         bool // has no IPv4 address in it, not even ::/0
}

func newNetwork(p netip.Prefix) network {
	if !p.IsValid() {
		return network{}
	}
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96 // the mapped form's
	}
	n := network{v6: !p.Addr().Is4(), mask: lvs.Addr{Hi: ones(min(bits, 64)), Lo: ones(max(bits-64, 0))}}
	a := lvs.AddrFrom(p.Addr())
	n.addr = lvs.Addr{Hi: a.Hi & n.mask.Hi, Lo: a.Lo & n.mask.Lo}
	return n
}

// ones returns a word whose upper n bits are set.
func ones(n int) uint64 { return ^(^uint64(0) >> n) }

func (n *network) contains(a lvs.Addr) bool {
	return a.Hi&n.mask.Hi == n.addr.Hi && a.Lo&n.mask.Lo == n.addr.Lo && !(n.v6 && a.Is4())
}
