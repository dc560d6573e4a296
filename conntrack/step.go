package conntrack

import (
	"sync/atomic"

	"xlvs/lvs"
)

// Step tells the table that a packet of c has been seen in direction d; ev is
// its event, which means nothing for protocols without a state table. The
// connection's timer starts again with the timeout of its new state. A packet
// that changes nothing but the timer takes no lock, and writes at most once per
// tick; only the first packets of a connection are counted.
func (t *Table) Step(c *Conn, d Dir, ev Event, now Time) {
	if d == In && c.flags&flagYoung != 0 {
		t.countYoung(c)
	}
	state := nextState(c.Proto, c.table(d), ev, c.State, t.secure.Load())
	expires := now + t.timeouts.of(c.Proto, state)
	if state == c.State && (d == In || c.flags&(flagNoOutput|flagPending) == 0) {
		if c.expiry == expires || t.prolong(c, expires) {
			return
		}
	}
	t.change(c, d, ev, now)
}

// SetSecureTCP turns the defence strategy secure_tcp on or off: connections go
// by other tables then, from their next packet.
func (t *Table) SetSecureTCP(on bool) { t.secure.Store(on) }

// table returns the state table that a packet of c in direction d goes by.
func (c *Conn) table(d Dir) int {
	switch {
	case d == Out:
		return tableOutput
	case c.flags&flagNoOutput != 0:
		return tableInputOnly
	}
	return tableInput
}

// countYoung counts a packet of the client. The last one that is counted takes
// the lock, so that those after it need not look.
func (t *Table) countYoung(c *Conn) {
	if t.countPacket(c.handle) != manyPackets {
		return
	}
	_, s, e := t.lock(c.handle)
	defer s.Unlock()
	if e.generation() == c.gen {
		e.patch(wVirtual, flagYoung, 0)
		c.flags &^= flagYoung
	}
}

// prolong is extend for a connection in the state that c says. It reports false
// too if another worker has moved it to another state, which has a timeout of its
// own. One that does so after this look sets the expiry after it, too.
func (t *Table) prolong(c *Conn, expires Time) bool {
	_, e := t.entry(c.ref)
	return t.extend(c.handle, expires) && e.state() == c.State
}

// extend pushes the expiry of h back without a lock. It reports false if the
// expiry would come nearer, which the wheel has to know.
func (t *Table) extend(h handle, expires Time) bool {
	_, e := t.entry(h.ref)
	for {
		old := e.load(wGeneration)
		switch {
		case uint32(old>>32) != h.gen || Time(old) == expires:
			return true // gone, or nothing to write
		case Time(old) > expires:
			return false
		}
		if atomic.CompareAndSwapUint64(&e[wGeneration], old, old&^(1<<32-1)|uint64(expires)) {
			return true
		}
	}
}

// change makes the step under the shard's lock, from the state that the
// connection has by then.
func (t *Table) change(c *Conn, d Dir, ev Event, now Time) {
	f, s, e := t.lock(c.handle)
	defer s.Unlock()
	if e.generation() != c.gen {
		return
	}
	c.State, c.flags = e.state(), e.flags()
	if d == Out {
		c.flags &^= flagNoOutput
	}
	c.State = nextState(c.Proto, c.table(d), ev, c.State, t.secure.Load())
	t.countActive(c, e)
	if c.flags&flagPending != 0 && c.assures(d) {
		t.assure(e.parent())
		c.flags &^= flagPending
	}
	e.patch(wClient, maskState, uint64(c.State))
	e.patch(wVirtual, 0xffff, uint64(c.flags))
	f.reschedule(s, c.ref.number(), now+t.timeouts.of(c.Proto, c.State))
}

// countActive moves c between active and inactive when its state says so.
func (t *Table) countActive(c *Conn, e entry) {
	inactive := c.flags&flagInactive != 0
	if lvs.Active(c.Proto, c.State) != inactive {
		return
	}
	c.flags ^= flagInactive
	if inactive {
		t.loads.At(e.dest()).Active.Add(1)
	} else {
		t.loads.At(e.dest()).Active.Add(-1)
	}
}
