package conntrack

import (
	"time"

	"xlvs/lvs"
)

// A Connection is what a new connection is made of.
type Connection struct {
	Tuple  lvs.Tuple // of the client's packet: client to virtual service
	Real   lvs.Addr
	Port   uint16 // of Real
	Dest   lvs.DestID
	Method lvs.Method

	// Parent stays until the connection is gone. One that is gone already is
	// left out.
	Parent Parent
	// State and Timeout are what the connection begins with; zero means three
	// seconds. The first Step goes on from State, with that state's timeout.
	State   lvs.State
	Timeout time.Duration
	// NoClientPort is set where the client's port is not known yet: any packet
	// of the client to the service belongs to the connection until one claims
	// it. SrcPort of Tuple must be zero, and Method not FullNAT.
	NoClientPort bool
	// OnePacket is set in templates of a one-packet service.
	OnePacket bool

	// Locals are where FullNAT takes the local endpoint from, and Seq is the
	// sequence number of the client's packet, if that is TCP.
	Locals *Locals
	Seq    uint32
}

// An Outcome is what became of a Connection that was to be inserted.
type Outcome uint8

// The outcomes of Insert.
const (
	Entered     Outcome = iota // it is in the table
	Known                      // another worker was faster: its connection was there
	TableFull                  // refused: the table is at its limit
	NoLocalPort                // refused: every local port that it could have is taken
)

// OK reports whether there is a connection now.
func (o Outcome) OK() bool { return o <= Known }

// Insert adds n and fills c as Find would for its client's packet. If another
// worker was faster, c is that connection, and nothing is added. If n is
// refused, c is undefined.
//
// A new connection counts as inactive until its first Step.
func (t *Table) Insert(c *Conn, n *Connection, now Time) Outcome {
	var k Key
	t.Key(&k, &n.Tuple, In)
	parent := t.hold(n.Parent)
	f := t.conns.of(k.v6 || n.Method == lvs.FullNAT && !n.Real.Is4())
	s := t.lockFor(f, &k)
	defer t.unlockFor(f, &k)
	if t.Find(c, &k, &n.Tuple) {
		t.release(parent)
		return Known
	}
	e := newEntry{Connection: n, parent: parent, hash: k.hash, flags: n.firstFlags(parent), expires: now + n.timeout()}
	if o := t.enter(f, s, &e, now); o != Entered {
		t.release(parent)
		return o
	}
	if n.NoClientPort {
		t.portless.Add(1)
	}
	t.loads.At(n.Dest).Bind()
	t.Find(c, &k, &n.Tuple)
	return Entered
}

// lockFor locks and returns the shard of f in which a connection of the client
// that k names is to be entered. If f is not the client's own family (NAT46), it
// locks the client's shard there first, so that nobody enters another for it.
func (t *Table) lockFor(f *family, k *Key) *shard {
	i := k.hash.shard()
	if own := t.conns.of(k.v6); own != f {
		own.shards[i].Lock()
	}
	f.shards[i].Lock()
	return &f.shards[i]
}

func (t *Table) unlockFor(f *family, k *Key) {
	i := k.hash.shard()
	f.shards[i].Unlock()
	if own := t.conns.of(k.v6); own != f {
		own.shards[i].Unlock()
	}
}

// enter is add for a connection. The caller holds s's lock.
func (t *Table) enter(f *family, s *shard, n *newEntry, now Time) Outcome {
	switch {
	case n.Method == lvs.FullNAT:
		return t.enterLocal(f, s, n, now)
	case t.add(f, s, n) == 0:
		return TableFull
	}
	return Entered
}

// OnePacket fills c as Insert would, without entering it: whatever is done with
// c afterwards does nothing, and the next packet is a connection of its own. It
// counts for its parent's template as a packet.
func (t *Table) OnePacket(c *Conn, n *Connection) {
	if n.Parent.ref != 0 {
		t.countPacket(n.Parent.handle)
	}
	*c = Conn{
		Dest: n.Dest, Method: n.Method, Proto: n.Tuple.Proto, State: n.State,
		Port: n.Port, Addr: n.Real, flags: n.firstFlags(n.Parent.ref)&^(flagYoung|flagPending) | flagOnePacket,
		handle: handle{gen: 1}, // which no valid entry has
	}
}

func (n *Connection) timeout() Time {
	if n.Timeout == 0 {
		return newTimeout
	}
	return Time(ticks(n.Timeout))
}

// firstFlags returns the flags that n begins with.
func (n *Connection) firstFlags(parent ref) uint16 {
	flags := uint16(n.Method) | flagInactive | flagYoung
	if n.Method != lvs.NAT && n.Method != lvs.FullNAT {
		flags |= flagNoOutput
	}
	if n.NoClientPort {
		flags |= flagNoClientPort
	}
	if parent != 0 {
		flags |= flagChild
	}
	if parent&refTemplate != 0 {
		flags |= flagPending
	}
	return flags
}

// A newEntry is what add makes an entry of.
type newEntry struct {
	*Connection
	parent  ref
	hash    Hash
	flags   uint16
	expires Time
	local   local // of FullNAT
}

// add enters n and returns its number, 0 if there is no room. The caller holds
// s's lock.
func (t *Table) add(f *family, s *shard, n *newEntry) uint32 {
	if t.count.Add(1) > t.limit.Load() {
		t.count.Add(-1)
		return 0
	}
	number := f.take(s)
	if number == 0 {
		t.count.Add(-1)
		return 0
	}
	f.write(number, n)
	if !f.linkBoth(n, number) {
		f.entry(number).retire()
		f.give(s, number)
		t.count.Add(-1)
		return 0
	}
	f.schedule(s, number, n.expires)
	return number
}

// write fills a free entry and makes it valid.
func (f *family) write(number uint32, n *newEntry) {
	e, tu := f.entry(number), &n.Tuple
	e.store(wClient, endpoint(tu.Src, tu.SrcPort)|uint64(tu.Proto)<<8|uint64(n.State&maskState))
	e.store(wVirtual, endpoint(tu.Dst, tu.DstPort)|uint64(n.flags))
	e.store(wReal, endpoint(n.Real, n.Port))
	e.store(wDest, uint64(n.Dest)<<32)
	e.store(wLocal, endpoint(n.local.addr, n.local.port)|uint64(n.local.end))
	if f.kind&refTemplate != 0 {
		e.store(wDest, uint64(n.Dest)<<32|uint64(n.timeout()))
		e.store(wHash, uint64(n.hash))
	}
	e.store(wFamily, uint64(n.parent)<<parentShift)
	e.setAddr(0, tu.Src)
	e.setAddr(1, tu.Dst)
	e.setAddr(2, n.Real)
	e.setAddr(3, n.local.addr)
	if n.flags&flagInSeq != 0 {
		in := following(n.local.end, n.Seq)
		f.deltasOf(number).store(&in, &Delta{})
	}
	e.store(wGeneration, uint64(e.generation()+1)<<32|uint64(n.expires))
}
