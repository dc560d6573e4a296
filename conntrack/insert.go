package conntrack

import (
	"sync/atomic"

	"xlvs/lvs"
)

// A Connection is what a new connection is made of.
type Connection struct {
	Tuple  lvs.Tuple // of the client's packet: client to virtual service
	Real   lvs.Addr
	Port   uint16 // of Real
	Dest   lvs.DestID
	Method lvs.Method
}

// Insert adds n and fills c as Find would for its client's packet. If another
// worker was faster, c is that connection, and nothing is added. It reports
// false if the table is at its limit.
//
// A new connection starts in state 0 with a timeout of three seconds and counts
// as inactive, until its first Step.
func (t *Table) Insert(c *Conn, n *Connection, now Time) bool {
	var k Key
	t.Key(&k, &n.Tuple, In)
	f := t.family(k.v6)
	s := &f.shards[k.hash.shard()]
	s.Lock()
	defer s.Unlock()
	if t.Find(c, &k, &n.Tuple) {
		return true
	}
	if t.count.Add(1) > t.limit {
		t.count.Add(-1)
		return false
	}
	number := f.take(s)
	if number == 0 {
		t.count.Add(-1)
		return false
	}
	f.write(number, n, now+newTimeout)
	if !f.link(k.hash, number) {
		f.retire(f.entry(number))
		f.give(s, number)
		t.count.Add(-1)
		return false
	}
	f.schedule(s, number, now+newTimeout)
	t.loads.At(n.Dest).Total.Add(1)
	return t.Find(c, &k, &n.Tuple)
}

// write fills a free entry and makes it valid.
func (f *family) write(number uint32, n *Connection, expires Time) {
	e := f.entry(number)
	flags := uint64(n.Method) | flagInactive
	if n.Method != lvs.NAT && n.Method != lvs.FullNAT {
		flags |= flagNoOutput
	}
	tu := &n.Tuple
	e.store(wClient, endpoint(tu.Src, tu.SrcPort)|uint64(tu.Proto)<<8)
	e.store(wVirtual, endpoint(tu.Dst, tu.DstPort)|flags)
	e.store(wReal, endpoint(n.Real, n.Port))
	e.store(wDest, uint64(n.Dest)<<32)
	e.setAddr(0, tu.Src)
	e.setAddr(1, tu.Dst)
	e.setAddr(2, n.Real)
	e.store(wGeneration, uint64(e.generation()+1)<<32|uint64(expires))
}

// Expire removes c now, whatever its timer says, unless it is gone already.
func (t *Table) Expire(c *Conn) {
	f, e := t.entry(c.ref)
	s := f.shardOf(t, e)
	s.Lock()
	defer s.Unlock()
	if e.generation() == c.gen {
		f.retire(e)
		t.remove(f, s, uint32(c.ref&^refIPv6))
	}
}

// retire makes an entry invalid for every reader, whatever expires says by now.
func (f *family) retire(e entry) {
	for {
		old := e.load(wGeneration)
		if atomic.CompareAndSwapUint64(&e[wGeneration], old, (old>>32+1)<<32) {
			return
		}
	}
}

// remove takes a retired entry out of index, wheel and counts. The caller holds
// s's lock.
func (t *Table) remove(f *family, s *shard, number uint32) {
	e := f.entry(number)
	f.unlink(f.hashOf(t, e), number)
	f.unschedule(s, number)
	load := t.loads.At(e.dest())
	load.Total.Add(-1)
	if e.flags()&flagInactive == 0 {
		load.Active.Add(-1)
	}
	f.give(s, number)
	t.count.Add(-1)
}

func (f *family) hashOf(t *Table, e entry) Hash {
	w := e.load(wClient)
	return t.hash(e.addr(0, w), uint16(w>>16), e.proto())
}

// shardOf returns the shard of a live entry. An entry that is freed meanwhile
// leads to some shard or other; the generation, read under its lock, tells.
func (f *family) shardOf(t *Table, e entry) *shard {
	return &f.shards[f.hashOf(t, e).shard()]
}
