package conntrack

import (
	"sync/atomic"
	"time"

	"xlvs/lvs"
)

// newTimeout is what a connection gets before its first Step: 3 seconds.
const newTimeout = 3 * perSecond

// timeouts are the per-state timeouts in ticks. Workers read them, Table's
// SetTimeouts writes them.
type timeouts struct {
	tcp [lvs.TCPStates]atomic.Uint32
	udp atomic.Uint32
}

func (t *timeouts) init() {
	for s, d := range tcpTimeouts {
		t.tcp[s].Store(ticks(d))
	}
	t.udp.Store(ticks(300 * time.Second))
}

// of returns the timeout of a state. Protocols without a state table keep the
// timeout of a new connection, as in the kernel.
func (t *timeouts) of(p lvs.Protocol, s lvs.State) Time {
	switch p {
	case lvs.TCP:
		return Time(t.tcp[s].Load())
	case lvs.UDP:
		return Time(t.udp.Load())
	}
	return newTimeout
}

// Step tells the table that a packet of c has been seen in direction d; ev is
// its TCP event, and means nothing for other protocols. The connection's timer
// starts again with the timeout of its new state. A packet that changes nothing
// but the timer takes no lock, and writes at most once per tick.
func (t *Table) Step(c *Conn, d Dir, ev Event, now Time) {
	state := c.next(d, ev)
	expires := now + t.timeouts.of(c.Proto, state)
	if state == c.State && (d == In || c.flags&flagNoOutput == 0) {
		if c.expiry == expires || t.extend(c, expires) {
			return
		}
	}
	t.change(c, d, ev, now)
}

// next returns the state that follows c's in direction d.
func (c *Conn) next(d Dir, ev Event) lvs.State {
	if c.Proto != lvs.TCP {
		return c.State
	}
	table := tableInput
	switch {
	case d == Out:
		table = tableOutput
	case c.flags&flagNoOutput != 0:
		table = tableInputOnly
	}
	return tcpStates[table][ev][c.State]
}

// extend pushes the expiry of c back without a lock. It reports false if the
// expiry would come nearer, which the wheel has to know.
func (t *Table) extend(c *Conn, expires Time) bool {
	_, e := t.entry(c.ref)
	for {
		old := e.load(wGeneration)
		switch {
		case uint32(old>>32) != c.gen || Time(old) == expires:
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
	f, e := t.entry(c.ref)
	s := f.shardOf(t, e)
	s.Lock()
	defer s.Unlock()
	if e.generation() != c.gen {
		return
	}
	c.State, c.flags = e.state(), e.flags()
	if d == Out {
		c.flags &^= flagNoOutput
	}
	c.State = c.next(d, ev)
	t.countActive(c, e)
	e.patch(wClient, 0xff, uint64(c.State))
	e.patch(wVirtual, 0xffff, uint64(c.flags))
	f.reschedule(s, uint32(c.ref&^refIPv6), now+t.timeouts.of(c.Proto, c.State))
}

// countActive moves c between active and inactive when its state says so. Only
// TCP connections are ever active.
func (t *Table) countActive(c *Conn, e entry) {
	if c.Proto != lvs.TCP {
		return
	}
	inactive := c.flags&flagInactive != 0
	if c.State.TCPActive() != inactive {
		return
	}
	c.flags ^= flagInactive
	if inactive {
		t.loads.At(e.dest()).Active.Add(1)
	} else {
		t.loads.At(e.dest()).Active.Add(-1)
	}
}

// reschedule sets the expiry of a live entry. The caller holds s's lock.
func (f *family) reschedule(s *shard, number uint32, expires Time) {
	e := f.entry(number)
	for {
		old := e.load(wGeneration)
		if atomic.CompareAndSwapUint64(&e[wGeneration], old, old&^(1<<32-1)|uint64(expires)) {
			break
		}
	}
	f.unschedule(s, number)
	f.schedule(s, number, expires)
}
