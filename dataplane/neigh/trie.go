package neigh

import (
	"math/bits"

	"xlvs/lvs"
)

// A trie finds the longest prefix that holds an address, in a path-compressed
// binary tree, with fans where it is dense. Nodes and slots lie in slices
// without pointers: the garbage collector does not look inside, and a node is
// half a cache line. It is built once, finished, and then only read. The zero
// trie is empty.
type trie struct {
	nodes []node
	slots []slot // of all fans
}

// A node is a prefix, which may be a mere fork that no route names.
type node struct {
	prefix lvs.Addr
	child  [2]int32 // by the bit after the prefix; 0 is none, for the root is nobody's child
	route  int32    // its place, in the end that of its way; noRoute in a fork
	bits   uint8
	fan    uint8 // if not 0, how many bits its fan decides, and child[0] is the fan's first slot
}

// noRoute is the place of a route that is not there.
const noRoute = -1

// lookup returns the route of the longest prefix that holds a, or noRoute.
func (t *trie) lookup(a lvs.Addr) int32 {
	best := int32(noRoute)
	if len(t.nodes) == 0 {
		return best
	}
	for i := int32(0); ; {
		n := &t.nodes[i]
		if common(n.prefix, a) < n.bits {
			return best
		}
		if n.route != noRoute {
			best = n.route
		}
		switch {
		case n.fan > 0:
			s := &t.slots[uint64(n.child[0])+field(a, n.bits, n.fan)]
			if s.route != noRoute {
				best = s.route
			}
			i = s.node
		case n.bits < 128:
			i = n.child[bit(a, n.bits)]
		default:
			return best
		}
		if i == 0 {
			return best
		}
	}
}

// slot returns where the route of a prefix is kept, noRoute if it is new. It is
// good until the next call.
func (t *trie) slot(prefix lvs.Addr, length uint8) *int32 {
	if len(t.nodes) == 0 {
		t.add(lvs.Addr{}, 0)
	}
	// The node at i is a proper prefix of what is sought, or the thing itself.
	for i := int32(0); ; {
		n := &t.nodes[i]
		if n.bits == length {
			return &n.route
		}
		b := bit(prefix, n.bits)
		c := n.child[b]
		if c == 0 {
			leaf := t.add(prefix, length)
			t.nodes[i].child[b] = leaf
			return &t.nodes[leaf].route
		}
		shared := min(common(t.nodes[c].prefix, prefix), length, t.nodes[c].bits)
		if shared < t.nodes[c].bits {
			c = t.fork(i, c, shared)
		}
		i = c
	}
}

// fork puts a node of length bits between a parent and its child.
func (t *trie) fork(parent, child int32, length uint8) int32 {
	prefix := t.nodes[child].prefix
	f := t.add(mask(prefix, length), length)
	t.nodes[f].child[bit(prefix, length)] = child
	t.nodes[parent].child[bit(prefix, t.nodes[parent].bits)] = f
	return f
}

func (t *trie) add(prefix lvs.Addr, length uint8) int32 {
	t.nodes = append(t.nodes, node{prefix: prefix, bits: length, route: noRoute})
	return int32(len(t.nodes) - 1)
}

// common returns how many leading bits a and b share.
func common(a, b lvs.Addr) uint8 {
	if x := a.Hi ^ b.Hi; x != 0 {
		return uint8(bits.LeadingZeros64(x))
	}
	return uint8(64 + bits.LeadingZeros64(a.Lo^b.Lo))
}

// bit returns bit i of a, counted from the most significant.
func bit(a lvs.Addr, i uint8) uint64 {
	if i < 64 {
		return a.Hi >> (63 - i) & 1
	}
	return a.Lo >> (127 - i) & 1
}

// mask returns a with all but its first n bits cleared.
func mask(a lvs.Addr, n uint8) lvs.Addr {
	if n <= 64 {
		return lvs.Addr{Hi: a.Hi &^ (^uint64(0) >> n)}
	}
	return lvs.Addr{Hi: a.Hi, Lo: a.Lo &^ (^uint64(0) >> (n - 64))}
}
