package neigh

import "xlvs/lvs"

// A slot is where a fan leads for one value of its bits.
type slot struct {
	node  int32 // where to go on, 0 for nowhere
	route int32 // the longest prefix on the way there, or noRoute
}

// A fan takes the place of all levels between a node and one of the next byte
// boundaries, which is where networks like to end. It must decide more than a
// level or two to pay, and not be too large for a core's cache.
const (
	minFan = 3 // bits
	maxFan = 18
	sparse = 8 // slots for one node that the fan passes over, at most
)

// finish replaces every route by what place gives for it, and adds the fans.
func (t *trie) finish(place func(route int32) int32) {
	for i := range t.nodes {
		if n := &t.nodes[i]; n.route != noRoute {
			n.route = place(n.route)
		}
	}
	if len(t.nodes) > 0 {
		t.widen(0)
	}
}

// widen adds the fans at node i and below it.
func (t *trie) widen(i int32) {
	children := t.nodes[i].child
	width := t.fanWidth(i)
	if width == 0 {
		for _, c := range children {
			if c != 0 {
				t.widen(c)
			}
		}
		return
	}
	first := len(t.slots)
	for range 1 << width {
		t.slots = append(t.slots, slot{route: noRoute})
	}
	fan, from := t.slots[first:], t.nodes[i].bits
	for _, c := range children {
		t.spread(c, fan, from, from+width)
	}
	t.nodes[i].child, t.nodes[i].fan = [2]int32{int32(first)}, width
	for k := range 1 << width { // t.slots moves when it grows
		if next := t.slots[first+k].node; next != 0 {
			t.widen(next)
		}
	}
}

// fanWidth returns how many bits a fan at node i shall decide, 0 for no fan: as
// many as pay, up to one of the next byte boundaries.
func (t *trie) fanWidth(i int32) uint8 {
	from := t.nodes[i].bits
	for to := (from/8 + 3) * 8; to > from; to -= 8 {
		width := to - from
		if to > 128 || width < minFan || width > maxFan {
			continue
		}
		if enough := 1 << width / sparse; t.count(i, to, enough) >= enough {
			return width
		}
	}
	return 0
}

// count returns how many nodes below node i have at most that many bits. It
// stops at enough.
func (t *trie) count(i int32, bits uint8, enough int) (n int) {
	for _, c := range t.nodes[i].child {
		if c != 0 && n < enough && t.nodes[c].bits <= bits {
			n += 1 + t.count(c, bits, enough-n-1)
		}
	}
	return n
}

// spread enters node c and what is below it in a fan that decides the bits in
// from to to. What is deeper overwrites what is not.
func (t *trie) spread(c int32, fan []slot, from, to uint8) {
	if c == 0 {
		return
	}
	n := &t.nodes[c]
	at := field(n.prefix, from, to-from)
	if n.bits > to || n.bits == to && n.child != [2]int32{} {
		fan[at].node = c
		return
	}
	if n.route != noRoute {
		covered := fan[at : at+1<<(to-n.bits)]
		for k := range covered {
			covered[k].route = n.route
		}
	}
	t.spread(n.child[0], fan, from, to)
	t.spread(n.child[1], fan, from, to)
}

// field returns n bits of a as a number, those after the first from.
func field(a lvs.Addr, from, n uint8) uint64 {
	if from >= 64 {
		return a.Lo << (from - 64) >> (64 - n)
	}
	return (a.Hi<<from | a.Lo>>(64-from)) >> (64 - n)
}
