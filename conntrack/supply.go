package conntrack

import "xlvs/lvs"

// A target is where FULLNAT connections go: each has every local port.
type target struct {
	addr  lvs.Addr
	port  uint16
	proto lvs.Protocol
}

// A supply hands out the ports of one range to connections with one target, of
// one shard: those whose replies are found in it, every 64th of the range. Each
// is new once, and then goes from connection to connection.
//
// It is no record of what is in use; that is the index. Whoever takes a port
// looks there, so that an overlap of old and new ranges does no harm.
type supply struct {
	*localRange
	to      target
	base    uint64 // of the hash of its ports
	first   int    // the lowest port
	count   int    // of ports
	start   int    // which of them is handed out first
	issued  int    // so many have been handed out, one after the other
	resting queue
	rests   portSet // which they are, by index
	given   Time    // when the last one came back
}

// newSupply returns the supply of a shard. Each begins somewhere else, so that no
// port is better known than others (RFC 6056, 3.3.3).
func (t *Table) newSupply(r *localRange, to *target, shard uint32) *supply {
	base := t.portBase(r.Addr, to)
	s := &supply{localRange: r, to: *to, base: base}
	s.first, s.count = r.inShard(base, shard)
	if s.count > 0 {
		s.start = int(base % uint64(s.count))
	}
	return s
}

// inShard returns the lowest port of r that belongs to a shard, and how many do:
// the first, and each that comes 64 after one.
func (r *LocalRange) inShard(base uint64, shard uint32) (first, count int) {
	first = int(r.First) + int(shard-portShard(base, r.First))%shards
	if first > int(r.Last) {
		return 0, 0
	}
	return first, (int(r.Last)-first)/shards + 1
}

// A released port rests. What it remembers of its last connection lets the real
// server accept the next one while it still remembers that, too.
type released struct {
	port uint16
	end  uint16 // see roundUp; 0 for unknown
	last uint16 // second of the last packet
}

// remembered is how many seconds a real server may remember a connection that is over: in
// TIME_WAIT, of 60 seconds for Linux and 120 for some others.
const remembered = 120

// recent reports whether the target may remember the port's last connection. A
// second comes round every 18 hours; the mistake costs the new connection a
// Delta that it would not need.
func (r released) recent(now Time) bool {
	const late = 16 // the clocks of two workers may differ a little
	return uint16(now/perSecond)-r.last+late < remembered+late
}

// next returns a port that has never been handed out, 0 if there is none left.
func (s *supply) next() uint16 {
	if s.issued == s.count {
		return 0
	}
	n := (s.start + s.issued) % s.count
	s.issued++
	return uint16(s.first + n*shards)
}

// handedOut reports whether the port with index i is no longer new.
func (s *supply) handedOut(i int) bool {
	n := i - s.start
	if n < 0 {
		n += s.count
	}
	return n < s.issued
}

// put has a port rest, unless it is still new. One that rests here already has
// been handed out by an overlapping range meanwhile, which is what the real server
// remembers.
func (s *supply) put(r released, now Time) {
	i := s.index(r.port)
	switch {
	case !s.handedOut(i):
		return
	case s.rests.has(i):
		s.resting.replace(r)
	default:
		s.rests.add(i, s.count)
		s.resting.push(r)
	}
	s.given = now
}

// rested returns the port that has rested longest. There is one.
func (s *supply) rested() released {
	r := s.resting.pop()
	s.rests.remove(s.index(r.port))
	return r
}

// index returns which of the supply's ports, counted from the lowest, port is.
func (s *supply) index(port uint16) int { return (int(port) - s.first) / shards }

// idle reports whether all ports have come back, so long ago that none needs to
// rest any more and a new supply is as good.
func (s *supply) idle(now Time) bool {
	return s.resting.n == s.issued && int64(now)-int64(s.given) >= remembered*int64(perSecond)
}

// A queue is a ring of ports, the one that has rested longest in front.
type queue struct {
	ring    []released // its size is a power of two
	head, n int
}

func (q *queue) push(r released) {
	if q.n == len(q.ring) {
		grown := make([]released, max(8, 2*q.n))
		copied := copy(grown, q.ring[q.head:])
		copy(grown[copied:], q.ring[:q.head])
		q.ring, q.head = grown, 0
	}
	q.ring[(q.head+q.n)&(len(q.ring)-1)] = r
	q.n++
}

// pop returns the front. The queue is not empty.
func (q *queue) pop() released {
	r := q.ring[q.head]
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	return r
}

// replace puts r in the place of what is known of its port.
func (q *queue) replace(r released) {
	for i := range q.n {
		if known := &q.ring[(q.head+i)&(len(q.ring)-1)]; known.port == r.port {
			*known = r
		}
	}
}

// A portSet has a bit for each port of a supply. It is nil until one is added.
type portSet []uint64

func (p portSet) has(i int) bool { return p != nil && p[i/64]>>(i%64)&1 != 0 }
func (p portSet) remove(i int)   { p[i/64] &^= 1 << (i % 64) }

// add adds port i of count.
func (p *portSet) add(i, count int) {
	if *p == nil {
		*p = make(portSet, (count+63)/64)
	}
	(*p)[i/64] |= 1 << (i % 64)
}
