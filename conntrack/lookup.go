package conntrack

import (
	"sync/atomic"

	"xlvs/lvs"
)

// A Key is what a packet's connection is looked up by, in the form in which the
// table compares. It is made once per packet and goes through Seek, Probe and Touch to
// Find, so that the cache misses of a batch overlap: first all index lines, then
// all entries.
type Key struct {
	client, other uint64 // as in the words of an entry
	hash          Hash
	line          uint32 // at which the chain of hash began when the key was made
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
	} else {
		k.v6 = !tu.Dst.Is4()
		k.client = endpoint(tu.Dst, tu.DstPort) | uint64(tu.Proto)<<8
		k.other = endpoint(tu.Src, tu.SrcPort)
		k.hash = t.hash(tu.Dst, tu.DstPort, tu.Proto)
	}
	k.line = t.conns.of(k.v6).clients.number(k.hash)
}

// Seek reads the line at which Probe begins, as Touch does. In a large table most
// lines are in no cache, and each that Probe has to wait for keeps it from the
// next.
func (t *Table) Seek(k *Key) uint64 {
	x := t.conns.of(k.v6).index(k)
	return x.lines[k.line].slot(1)
}

// Probe notes the entry that k's home line leads to, or the line that continues
// it: when an index is about to double, one entry in twenty is there. The fewer
// instructions it takes, the more misses are under way at once: so Key has decided
// which line that is. If it is another by now, Find will look there.
func (t *Table) Probe(k *Key) {
	x := t.conns.of(k.v6).index(k)
	l := &x.lines[k.line]
	i := l.match(k.hash)
	if next := l.next(); i == 0 && next != 0 {
		l = &x.lines[next]
		i = l.match(k.hash)
	}
	if i != 0 {
		k.entry = uint32(l.slot(i))
	}
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

// TouchDeltas is Touch for the Deltas of that entry, if it has any.
func (t *Table) TouchDeltas(k *Key) uint64 {
	return atomic.LoadUint64(&t.conns.of(k.v6).deltasOf(k.entry)[0])
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
	x := f.index(k)
	for home := x.home(k.hash); ; home = x.home(k.hash) {
		version := home.version()
		if f.walk(c, x, home, k, tu) {
			return true
		}
		if !x.moved(k.hash, home, version) {
			return false
		}
	}
}

// walk tries every entry with the right tag in the chain of x that begins at l.
func (f *family) walk(c *Conn, x *index, l *line, k *Key, tu *lvs.Tuple) bool {
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
		l = &x.lines[next]
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
