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
	// it. SrcPort of Tuple must be zero.
	NoClientPort bool
	// OnePacket is set in templates of a one-packet service.
	OnePacket bool
}

// Insert adds n and fills c as Find would for its client's packet. If another
// worker was faster, c is that connection, and nothing is added. It reports
// false if the table is at its limit.
//
// A new connection counts as inactive until its first Step.
func (t *Table) Insert(c *Conn, n *Connection, now Time) bool {
	var k Key
	t.Key(&k, &n.Tuple, In)
	parent := t.hold(n.Parent)
	f := t.conns.of(k.v6)
	s := &f.shards[k.hash.shard()]
	s.Lock()
	defer s.Unlock()
	if t.Find(c, &k, &n.Tuple) {
		t.release(parent)
		return true
	}
	e := newEntry{n, parent, k.hash, n.firstFlags(parent), now + n.timeout()}
	if t.add(f, s, &e) == 0 {
		t.release(parent)
		return false
	}
	if n.NoClientPort {
		t.portless.Add(1)
	}
	t.loads.At(n.Dest).Bind()
	return t.Find(c, &k, &n.Tuple)
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
	if !f.link(n.hash, number) {
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
	e.store(wHash, 0)
	if f.kind&refTemplate != 0 {
		e.store(wDest, uint64(n.Dest)<<32|uint64(n.timeout()))
		e.store(wHash, uint64(n.hash))
	}
	e.store(wFamily, uint64(n.parent)<<parentShift)
	e.setAddr(0, tu.Src)
	e.setAddr(1, tu.Dst)
	e.setAddr(2, n.Real)
	e.store(wGeneration, uint64(e.generation()+1)<<32|uint64(n.expires))
}
