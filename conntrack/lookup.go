package conntrack

import (
	"math/bits"

	"xlvs/lvs"
)

// A Key is what a packet's connection is looked up by, in the form in which the
// table compares. It is made once per packet and goes through Probe and Touch to
// Find, so that the cache misses of a batch overlap: first all index lines, then
// all entries.
type Key struct {
	client, other uint64 // as in the words of an entry
	hash          Hash
	entry         uint32 // most likely entry, from Probe; 0 for none
	dir           Dir
	v6            bool
	local         bool // made by KeyLocal
}

// Key fills k for a packet addressed as tu in direction d: the client is its
// source in direction In, its destination in direction Out.
func (t *Table) Key(k *Key, tu *lvs.Tuple, d Dir) {
	k.dir, k.entry, k.local = d, 0, false
	if d == In {
		k.v6 = !tu.Src.Is4()
		k.client = endpoint(tu.Src, tu.SrcPort) | uint64(tu.Proto)<<8
		k.other = endpoint(tu.Dst, tu.DstPort)
		k.hash = t.hash(tu.Src, tu.SrcPort, tu.Proto)
		return
	}
	k.v6 = !tu.Dst.Is4()
	k.client = endpoint(tu.Dst, tu.DstPort) | uint64(tu.Proto)<<8
	k.other = endpoint(tu.Src, tu.SrcPort)
	k.hash = t.hash(tu.Dst, tu.DstPort, tu.Proto)
}

// Probe reads the home line of k and notes the entry that it leads to.
func (t *Table) Probe(k *Key) {
	f := t.conns.of(k.v6)
	l := f.homeOf(k)
	if i := l.match(k.hash); i != 0 {
		k.entry = uint32(l.slot(i))
	}
}

// homeOf returns the line at which the chain of k begins.
func (f *family) homeOf(k *Key) *line {
	n := f.line(k.hash)
	if k.local {
		n = f.localLine(k.hash)
	}
	return &f.lines[n]
}

// Touch reads the entry that Probe noted. The result means nothing; the caller
// must let it escape, or the compiler drops the load.
func (t *Table) Touch(k *Key) uint64 {
	if k.v6 { // an entry of two cache lines
		e := t.conns.v6.entry(k.entry)
		return e.load(wGeneration) + e.load(wAddrs)
	}
	return t.conns.v4.entry(k.entry).load(wGeneration)
}

// match returns the first slot of l with the tag of h, 0 for none. It looks at
// all of them: where the slot is cannot be predicted, and a branch that goes
// wrong costs more than seven comparisons.
func (l *line) match(h Hash) int {
	found := uint(0)
	for i := lineSlots; i > 0; i-- {
		found <<= 1
		if uint32(l.slot(i)>>32) == uint32(h) {
			found |= 1
		}
	}
	if found == 0 {
		return 0
	}
	return bits.TrailingZeros(found) + 1
}

// Find fills c with the connection of the packet that k and tu are of. It
// reports false, and leaves c undefined, if there is none. It takes no lock.
func (t *Table) Find(c *Conn, k *Key, tu *lvs.Tuple) bool {
	f := t.conns.of(k.v6)
	return k.entry != 0 && f.read(c, k.entry, k, tu) || f.search(c, k, tu) ||
		k.dir == In && t.portless.Load() != 0 && t.findPortless(c, k, tu) ||
		!k.v6 && t.mixed.Load() != 0 && t.findMixed(c, k, tu)
}

// findPortless looks for a connection to the service of tu whose client's port
// is not known yet.
func (t *Table) findPortless(c *Conn, k *Key, tu *lvs.Tuple) bool {
	var any Key
	portless := *tu
	portless.SrcPort = 0
	t.Key(&any, &portless, In)
	return t.conns.of(k.v6).search(c, &any, &portless) && c.NoClientPort()
}

// search looks through the chain of k's home line.
func (f *family) search(c *Conn, k *Key, tu *lvs.Tuple) bool {
	home := f.homeOf(k)
	for {
		version := home.version()
		if f.walk(c, home, k, tu) {
			return true
		}
		if home.version() == version {
			return false
		}
	}
}

// walk tries every entry with the right tag in the chain that begins at l.
func (f *family) walk(c *Conn, l *line, k *Key, tu *lvs.Tuple) bool {
	for {
		for i := 1; i <= lineSlots; i++ {
			s := l.slot(i)
			if uint32(s>>32) == uint32(k.hash) && uint32(s) != 0 && f.read(c, uint32(s), k, tu) {
				return true
			}
		}
		next := l.next()
		if next == 0 {
			return false
		}
		l = &f.lines[next]
	}
}

// read copies entry n into c if it is the connection of k. What it copied counts
// only if the generation is the same before and after.
func (f *family) read(c *Conn, n uint32, k *Key, tu *lvs.Tuple) bool {
	e := f.entry(n)
	before := e.load(wGeneration)
	gen, client := uint32(before>>32), e.load(wClient)
	if gen&1 != 0 || client&maskClient != k.client {
		return k.local && f.readReply(c, n, k, tu)
	}
	virtual, real := e.load(wVirtual), e.load(wReal)
	c.flags = uint16(virtual)
	c.Method = lvs.Method(virtual & flagMethod)
	// The other side: the service for requests, and for replies too unless a
	// real server's own address shows (nat).
	other, i := virtual, 1
	if k.dir == Out {
		switch c.Method {
		case lvs.NAT:
			other, i = real, 2
		case lvs.FullNAT: // its replies come to the local endpoint
			return false
		}
	}
	if other&maskPort != k.other || k.v6 && !e.hasAddrs(i, k.dir, tu) {
		return false
	}
	dest := e.load(wDest)
	c.Proto, c.State = lvs.Protocol(client>>8), lvs.State(client)
	c.Dest, c.Hop = lvs.DestID(dest>>32), uint32(dest)
	if k.dir == In {
		c.Port, c.Addr = uint16(real>>16), e.addr(2, real)
		if c.Method == lvs.FullNAT {
			local := e.load(wLocal)
			c.PeerPort, c.Peer = uint16(local>>16), e.addr(3, local)
		}
	} else {
		c.Port, c.Addr = uint16(virtual>>16), e.addr(1, virtual)
	}
	c.ref, c.gen, c.expiry = f.kind|ref(n), gen, Time(before)
	return e.generation() == gen
}

// hasAddrs compares the whole addresses, of which the words hold digests.
func (e entry) hasAddrs(other int, d Dir, tu *lvs.Tuple) bool {
	if d == In {
		return e.addr6(0) == tu.Src && e.addr6(other) == tu.Dst
	}
	return e.addr6(0) == tu.Dst && e.addr6(other) == tu.Src
}
