package conntrack

import (
	"sync/atomic"
	"time"
)

// The wheel has a slot per second; a timer further away waits in the furthest
// slot and is looked at again there. A packet that pushes its connection's
// expiry back does not touch the wheel: when the slot comes round, the entry
// moves on to where it belongs by then.
const (
	wheelSlots = 1024
	perSecond  = Time(time.Second / Tick)

	// expireBatch bounds how long a shard stays locked.
	expireBatch = 32
)

// A wheel links the entries of one shard by the second in which they expire.
type wheel struct {
	heads  [wheelSlots]uint32
	cursor Time // the first second that has not been swept
}

// now returns the time as far as sweeps tell: at most about a second late.
func (w *wheel) now() Time { return (w.cursor + 1) * perSecond }

// schedule links entry number where it is due at expires. The caller holds s's
// lock; the entry is in no slot.
func (f *family) schedule(s *shard, number uint32, expires Time) {
	second := max(expires/perSecond, s.wheel.cursor)
	second = min(second, s.wheel.cursor+wheelSlots-1)
	slot := second % wheelSlots
	head := s.wheel.heads[slot]
	e := f.entry(number)
	e.patch(wReal, ^maskPort, uint64(slot))
	e.setLinks(0, head)
	if head != 0 {
		_, next := f.entry(head).links()
		f.entry(head).setLinks(number, next)
	}
	s.wheel.heads[slot] = number
}

// unschedule takes entry number out of its slot. The caller holds s's lock.
func (f *family) unschedule(s *shard, number uint32) {
	e := f.entry(number)
	prev, next := e.links()
	if prev == 0 {
		s.wheel.heads[e.slot()] = next
	} else {
		before, _ := f.entry(prev).links()
		f.entry(prev).setLinks(before, next)
	}
	if next != 0 {
		_, after := f.entry(next).links()
		f.entry(next).setLinks(prev, after)
	}
}

// reschedule sets the expiry of a valid entry. The caller holds s's lock.
func (f *family) reschedule(s *shard, number uint32, expires Time) {
	f.entry(number).setExpires(expires)
	f.unschedule(s, number)
	f.schedule(s, number, expires)
}

// Sweep removes what has expired by now and returns how many connections and
// templates that were. It locks one shard at a time, never for more than a small
// batch, and comes back to it after all others, so that a worker who waits gets
// in. Call it about once a second, from one goroutine.
func (t *Table) Sweep(now Time) int {
	n := 0
	for _, f := range t.families() {
		for more := true; more; {
			more = false
			for i := range f.shards {
				removed, left := t.sweepBatch(f, &f.shards[i], now)
				n += removed
				more = more || left
			}
		}
	}
	t.ports[now/perSecond%shards].trim(now) // one shard's a second will do
	return n
}

// sweepBatch handles at most expireBatch entries, and reports whether seconds
// before now are left.
func (t *Table) sweepBatch(f *family, s *shard, now Time) (removed int, more bool) {
	s.Lock()
	defer s.Unlock()
	for range expireBatch {
		number := s.wheel.heads[s.wheel.cursor%wheelSlots]
		for number == 0 {
			if s.wheel.cursor+1 > now/perSecond {
				return removed, false
			}
			s.wheel.cursor++
			number = s.wheel.heads[s.wheel.cursor%wheelSlots]
		}
		if s.wheel.cursor+1 > now/perSecond {
			return removed, false
		}
		if t.due(f, s, number, now) {
			removed++
		}
	}
	return removed, true
}

// due removes entry number if it has expired, and links it where it belongs by
// now if it has not. Who has children stays another parentTimeout, and a template
// has no other timeout from then on, as in the kernel.
func (t *Table) due(f *family, s *shard, number uint32, now Time) bool {
	e := f.entry(number)
	for {
		old := e.load(wGeneration)
		expires := Time(old)
		if expires > now {
			f.unschedule(s, number)
			f.schedule(s, number, expires)
			return false
		}
		if e.children() != 0 {
			if f.kind&refTemplate != 0 {
				e.patch(wDest, maskLow, uint64(parentTimeout))
			}
			f.reschedule(s, number, now+parentTimeout)
			return false
		}
		if atomic.CompareAndSwapUint64(&e[wGeneration], old, (old>>32+1)<<32) {
			t.remove(f, s, number, expires)
			return true
		}
	}
}
