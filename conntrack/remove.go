package conntrack

import (
	"sync/atomic"

	"xlvs/lvs"
)

// Expire removes c now, whatever its timer says, unless it is gone already. If
// it has children nobody finds it any more, so that another can take its place,
// and its timer removes it after the last of them.
func (t *Table) Expire(c *Conn) {
	f, s, e := t.lock(c.handle)
	defer s.Unlock()
	switch {
	case e.generation() != c.gen:
	case e.children() != 0:
		e.hide()
	default:
		t.remove(f, s, c.ref.number(), e.retire())
	}
}

// Hide has nobody find c any more, so that another can take its place, while it goes
// on to count for its real server until it expires.
func (t *Table) Hide(c *Conn) {
	_, s, e := t.lock(c.handle)
	defer s.Unlock()
	if e.generation() == c.gen {
		e.hide()
	}
}

// retire makes an entry invalid for every reader and returns when it would have
// expired.
func (e entry) retire() Time {
	for {
		old := e.load(wGeneration)
		if atomic.CompareAndSwapUint64(&e[wGeneration], old, (old>>32+1)<<32) {
			return Time(old)
		}
	}
}

// remove takes a retired entry, which would have expired at expires, out of
// index, wheel and counts, and from its parent. The caller holds s's lock.
func (t *Table) remove(f *family, s *shard, number uint32, expires Time) {
	e := f.entry(number)
	f.clients.unlink(f.hashOf(t, e), number)
	f.unschedule(s, number)
	load := t.loads.At(e.dest())
	if f.kind&refTemplate != 0 {
		delete(s.data, number)
		load.Persistent.Add(-1)
		t.templateCount.Add(-1)
	} else {
		t.unbind(e)
		if e.method() == lvs.FullNAT {
			t.dropLocal(f, s, number, expires)
		}
	}
	t.release(e.parent())
	f.give(s, number)
	t.count.Add(-1)
}

// unbind takes back what a connection counts for.
func (t *Table) unbind(e entry) {
	load, flags := t.loads.At(e.dest()), e.flags()
	load.Unbind()
	if flags&flagInactive == 0 {
		load.Active.Add(-1)
	}
	if flags&flagNoClientPort != 0 {
		t.portless.Add(-1)
	}
}

// kill removes a childless entry, and then each parent in turn that this leaves
// childless, except a template that is assured. It returns how many they were.
// What merely times out never takes its parent along.
func (t *Table) kill(h handle) (n int) {
	for first := true; h.ref != 0; first = false {
		next, ok := t.killChildless(h, !first)
		if !ok {
			break
		}
		n++
		h = next
	}
	return n
}

// killChildless removes h if it has no children, and returns its parent. With
// spare it leaves an assured template alone.
func (t *Table) killChildless(h handle, spare bool) (handle, bool) {
	f, s, e := t.lock(h)
	defer s.Unlock()
	if e.generation() != h.gen || e.children() != 0 {
		return handle{}, false
	}
	if spare && f.kind&refTemplate != 0 && e.state() == assured {
		return handle{}, false
	}
	parent := t.parentOf(e)
	t.remove(f, s, h.ref.number(), e.retire())
	return parent, true
}

// hashOf returns the hash by which an entry is in the index. A template keeps
// it, as its engine data may take part.
func (f *family) hashOf(t *Table, e entry) Hash {
	if f.kind&refTemplate != 0 {
		return Hash(e.load(wHash))
	}
	w := e.load(wClient)
	return t.hash(e.addr(0, w), uint16(w>>16), e.proto())
}
