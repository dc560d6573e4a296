package fragment

import (
	"sync"
	"time"
)

// A datagram is what is remembered of one.
type datagram[V any] struct {
	key      Key
	serial   uint64 // of the Ticket; 0 if the slot is free
	deadline time.Duration
	seen     coverage
	waiting  int  // pieces that Add let wait and Ask has not released
	settled  bool // value is the caller's
	refused  bool
	value    V
}

// A shard is the part of a Tracker that one lock guards. Its slots are a ring:
// the next datagram takes the slot that was taken longest ago. So a flood must
// fill the ring within the time that the pieces of one datagram take to come,
// and what never completes needs no list to be thrown out in order.
type shard[V any] struct {
	mu     sync.Mutex
	index  map[Key]*datagram[V]
	slots  []datagram[V]
	serial uint64 // of the newest datagram, whose slot is serial modulo their number
	stats  Stats
}

// usualRuns are made room for beforehand, so that a new datagram rarely
// allocates.
const usualRuns = 4

// init makes room for n datagrams.
func (s *shard[V]) init(n int) {
	s.index = make(map[Key]*datagram[V], n)
	s.slots = make([]datagram[V], n)
	runs := make([]run, n*usualRuns)
	for i := range s.slots {
		s.slots[i].seen.runs, runs = runs[:0:usualRuns], runs[usualRuns:]
	}
}

// add is Tracker.Add; the serial is the ticket's.
func (s *shard[V]) add(k Key, pc Piece, now time.Duration) (v V, serial uint64, o Outcome) {
	if o = pc.check(k.limit()); o == accepted {
		d := s.find(k, now)
		serial = d.serial
		if o = s.place(d, pc); o == Follows {
			v = d.value
			s.endIfComplete(d)
		}
	}
	s.stats.Pieces[o]++
	return v, serial, o
}

// find returns the datagram named k, a new one if there is none.
func (s *shard[V]) find(k Key, now time.Duration) *datagram[V] {
	d := s.index[k]
	if d != nil && now >= d.deadline {
		s.end(d, &s.stats.TimedOut)
		d = nil
	}
	if d == nil {
		d = s.begin(k, now)
	}
	return d
}

// begin remembers a datagram that is not there yet.
func (s *shard[V]) begin(k Key, now time.Duration) *datagram[V] {
	s.serial++
	d := &s.slots[s.serial%uint64(len(s.slots))]
	if d.serial != 0 {
		s.end(d, &s.stats.Displaced)
	}
	d.key, d.serial, d.deadline = k, s.serial, now+k.timeout()
	s.index[k] = d
	return d
}

// place says what becomes of a piece of d.
func (s *shard[V]) place(d *datagram[V], pc Piece) Outcome {
	if d.refused {
		return Abandoned
	}
	switch o := d.seen.add(pc); {
	case o == Repeats:
		return o
	case o != accepted:
		s.refuse(d)
		return o
	case pc.Offset == 0:
		return First
	case d.settled:
		return Follows
	}
	d.waiting++
	return Waits
}

// refuse has all other pieces of d refused, until it times out.
func (s *shard[V]) refuse(d *datagram[V]) {
	if !d.refused {
		d.refused = true
		s.stats.Refused++
	}
}

// endIfComplete forgets d, which is settled, if nothing is left to be said about
// it: its identification may be used again soon.
func (s *shard[V]) endIfComplete(d *datagram[V]) {
	if d.waiting == 0 && !d.refused && d.seen.whole() {
		s.end(d, &s.stats.Complete)
	}
}

// end forgets d and counts the reason, unless d was refused and so counted.
func (s *shard[V]) end(d *datagram[V], reason *uint64) {
	if !d.refused {
		*reason++
	}
	delete(s.index, d.key)
	*d = datagram[V]{seen: coverage{runs: d.seen.runs[:0]}}
}

// at returns the datagram with that serial, nil if it is remembered no more.
func (s *shard[V]) at(serial uint64) *datagram[V] {
	d := &s.slots[serial%uint64(len(s.slots))]
	if serial == 0 || d.serial != serial {
		return nil
	}
	return d
}

// settle is Tracker.Settle.
func (s *shard[V]) settle(serial uint64, v V) (waiting int) {
	d := s.at(serial)
	if d == nil {
		return 0
	}
	d.value, d.settled, waiting = v, true, d.waiting
	s.endIfComplete(d)
	return waiting
}

// ask is Tracker.Ask.
func (s *shard[V]) ask(serial uint64) (v V, o Outcome) {
	d := s.at(serial)
	switch {
	case d == nil:
		o = Gone
	case d.refused:
		o = Abandoned
	case !d.settled:
		return v, Waits
	default:
		v, o = d.value, Follows
		d.waiting--
		s.endIfComplete(d)
	}
	s.stats.Pieces[o]++
	return v, o
}

// sweep is Tracker.Sweep.
func (s *shard[V]) sweep(now time.Duration) {
	for _, d := range s.index {
		if now >= d.deadline {
			s.end(d, &s.stats.TimedOut)
		}
	}
}
