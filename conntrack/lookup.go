package conntrack

import (
	"sync/atomic"

	"xlvs/lvs"
)

// A Dir is the direction of a packet within its connection.
type Dir uint8

// The two directions, named as the kernel's handlers are.
const (
	In  Dir = iota // from the client
	Out            // from the real server
)

// A Conn is what a packet needs to know of its connection: a copy that the
// caller owns, and a reference by which the table finds it again.
type Conn struct {
	Dest   lvs.DestID
	Hop    uint32 // hop of replies, as SetHop stored it; 0 for none
	Method lvs.Method
	Proto  lvs.Protocol
	State  lvs.State
	Port   uint16   // of Addr
	Addr   lvs.Addr // In: where the packet goes. Out: the virtual service it comes from
	ref    ref
	gen    uint32
	flags  uint16
}

// A ref is an entry's number; its top bit tells the family.
type ref uint32

const refIPv6 ref = 1 << 31

func (t *Table) entry(r ref) (*family, entry) {
	f := t.family(r&refIPv6 != 0)
	return f, f.entry(uint32(r &^ refIPv6))
}

// Hash returns the hash of tu's client: its source in direction In, its
// destination in direction Out.
func (t *Table) Hash(tu *lvs.Tuple, d Dir) Hash {
	if d == In {
		return t.hash(tu.Src, tu.SrcPort, tu.Proto)
	}
	return t.hash(tu.Dst, tu.DstPort, tu.Proto)
}

// Probe reads the index line of h and returns the number of the entry that h
// most likely leads to, 0 if none. Together with Touch it lets the cache misses
// of a batch overlap before Find is called for each of its packets.
func (t *Table) Probe(v6 bool, h Hash) uint32 {
	f, tag := t.family(v6), uint64(uint32(h))
	l := &f.lines[f.line(h)]
	for i := 1; i <= lineSlots; i++ {
		if s := l.slot(i); s>>32 == tag && uint32(s) != 0 {
			return uint32(s)
		}
	}
	return 0
}

// Touch reads the entry that Probe returned. The result means nothing; the
// caller must let it escape, or the compiler drops the load.
func (t *Table) Touch(v6 bool, n uint32) uint64 {
	f := t.family(v6)
	return atomic.LoadUint64(&f.entries[int(n)*f.words])
}

// Find fills c with the connection that a packet addressed as tu belongs to in
// direction d, h being its Hash. It reports false, and leaves c undefined, if
// there is none. It takes no lock.
func (t *Table) Find(c *Conn, tu *lvs.Tuple, d Dir, h Hash) bool {
	k := newKey(tu, d)
	f, tag := t.family(k.v6), uint64(uint32(h))
	home := &f.lines[f.line(h)]
	for {
		version := home.version()
		for l := home; ; {
			for i := 1; i <= lineSlots; i++ {
				s := l.slot(i)
				if s>>32 != tag || uint32(s) == 0 {
					continue
				}
				if f.read(uint32(s), &k, c) {
					return true
				}
			}
			next := l.next()
			if next == 0 {
				break
			}
			l = &f.lines[next]
		}
		if home.version() == version {
			return false
		}
	}
}

// A key is what Find compares: the client's word and the other side's, and the
// whole addresses for IPv6.
type key struct {
	client, other         uint64
	clientAddr, otherAddr lvs.Addr
	dir                   Dir
	v6                    bool
}

func newKey(tu *lvs.Tuple, d Dir) key {
	k := key{clientAddr: tu.Src, otherAddr: tu.Dst, dir: d}
	cport, oport := tu.SrcPort, tu.DstPort
	if d == Out {
		k.clientAddr, k.otherAddr = tu.Dst, tu.Src
		cport, oport = oport, cport
	}
	k.client = endpoint(k.clientAddr, cport) | uint64(tu.Proto)<<8
	k.other = endpoint(k.otherAddr, oport)
	k.v6 = !k.clientAddr.Is4()
	return k
}

// read copies entry n into c if it is the connection that k names. What it
// copied counts only if the generation is the same before and after.
func (f *family) read(n uint32, k *key, c *Conn) bool {
	e := f.entry(n)
	gen := e.generation()
	client := e.load(wClient)
	if gen&1 != 0 || client&maskClient != k.client {
		return false
	}
	virtual, real := e.load(wVirtual), e.load(wReal)
	c.flags = uint16(virtual)
	c.Method = lvs.Method(virtual & flagMethod)
	// The other side: the service for requests, and for replies too unless a
	// real server's own address shows (nat).
	other, i := virtual, 1
	if k.dir == Out && c.Method == lvs.NAT {
		other, i = real, 2
	}
	if other&maskPort != k.other || !e.hasAddr(0, k.clientAddr) || !e.hasAddr(i, k.otherAddr) {
		return false
	}
	dest := e.load(wDest)
	c.Proto, c.State = lvs.Protocol(client>>8), lvs.State(client)
	c.Dest, c.Hop = lvs.DestID(dest>>32), uint32(dest)
	if k.dir == In {
		c.Port, c.Addr = uint16(real>>16), e.addr(2, real)
	} else {
		c.Port, c.Addr = uint16(virtual>>16), e.addr(1, virtual)
	}
	c.ref, c.gen = ref(n), gen
	if k.v6 {
		c.ref |= refIPv6
	}
	return e.generation() == gen
}

// SetHop remembers hop for the replies of c, unless c is gone.
func (t *Table) SetHop(c *Conn, hop uint32) {
	f, e := t.entry(c.ref)
	s := f.shardOf(t, e)
	s.Lock()
	defer s.Unlock()
	if e.generation() == c.gen {
		e.patch(wDest, 1<<32-1, uint64(hop))
		c.Hop = hop
	}
}

// Reusable reports whether a packet that opens a connection may replace c: a TCP
// connection that is over, as conn_reuse_mode=1 has it.
func (c *Conn) Reusable() bool {
	return c.Proto == lvs.TCP && (c.State == lvs.TCPTimeWait || c.State == lvs.TCPClose)
}
