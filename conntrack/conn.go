package conntrack

import "xlvs/lvs"

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

	// FULLNAT writes the other side too. In: the local endpoint that the packet
	// comes from. Out: the client that it goes to. Undefined for other methods.
	Peer     lvs.Addr
	PeerPort uint16

	expiry Time
	flags  uint16
	handle
}

// A handle names an entry for as long as its generation stays the same.
type handle struct {
	ref ref
	gen uint32
}

// A ref is an entry's number; the bits above tell its family.
type ref uint32

const (
	refIPv6     ref = 1 << 31
	refTemplate ref = 1 << 30
	refNumber       = refTemplate - 1
)

func (r ref) number() uint32 { return uint32(r & refNumber) }

func (t *Table) entry(r ref) (*family, entry) {
	fs := &t.conns
	if r&refTemplate != 0 {
		fs = &t.templates
	}
	f := fs.of(r&refIPv6 != 0)
	return f, f.entry(r.number())
}

// lock returns the entry of h with its shard locked. Whether the entry is still
// the one meant, its generation tells from now on: if it has been freed
// meanwhile, the shard is some shard or other.
func (t *Table) lock(h handle) (*family, *shard, entry) {
	f, e := t.entry(h.ref)
	s := &f.shards[f.hashOf(t, e).shard()]
	s.Lock()
	return f, s, e
}

// Reusable reports whether a packet that opens a connection may replace c: one
// that is over, as mode, the sysctl conn_reuse_mode, has it. A connection with a
// parent never is.
func (c *Conn) Reusable(mode int) bool {
	if mode == 0 || c.HasParent() {
		return false
	}
	switch c.Proto {
	case lvs.TCP:
		return c.State == lvs.TCPTimeWait || c.State == lvs.TCPClose ||
			mode&2 != 0 && c.State == lvs.TCPFinWait && c.flags&flagNoOutput != 0
	case lvs.SCTP:
		return c.State == lvs.SCTPClosed
	}
	return false
}

// HasParent reports whether c was inserted with a Parent.
func (c *Conn) HasParent() bool { return c.flags&flagChild != 0 }

// OnePacket reports whether c is of one datagram only, and in no table.
func (c *Conn) OnePacket() bool { return c.flags&flagOnePacket != 0 }

// Edited reports whether c has Deltas, by which sequence numbers have to be
// mended.
func (c *Conn) Edited() bool { return c.flags&(flagInSeq|flagOutSeq) != 0 }

// NoClientPort reports whether the packet for which c was found is the first
// that shows the client's port; see Claim.
func (c *Conn) NoClientPort() bool { return c.flags&flagNoClientPort != 0 }

// SetHop remembers hop for the replies of c, unless c is gone.
func (t *Table) SetHop(c *Conn, hop uint32) {
	_, s, e := t.lock(c.handle)
	defer s.Unlock()
	if e.generation() == c.gen {
		e.patch(wDest, maskLow, uint64(hop))
		c.Hop = hop
	}
}
