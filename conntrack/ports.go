package conntrack

import (
	"sync"

	"xlvs/lvs"
)

// ports are the supplies of one shard, of both families, as IPv4 and IPv6
// clients may share a target. Its mutex is locked after those of the shards, and
// held until the endpoint is in the index.
type ports struct {
	sync.Mutex
	supplies map[supplyKey]*supply
	_        [48]byte // the next mutex is on another cache line
}

// A supplyKey has no padding, so that its hash is a fast one.
type supplyKey struct {
	addr lvs.Addr
	rest uint64 // number of the range 32, port 16, protocol 8
}

func (r *localRange) key(to *target) supplyKey {
	return supplyKey{to.addr, uint64(r.number)<<24 | uint64(to.port)<<8 | uint64(to.proto)}
}

// A local is the local endpoint of a connection.
type local struct {
	addr lvs.Addr
	port uint16 // 0 for none
	end  uint16 // of the sequence numbers; see roundUp
	hash Hash
}

// pick chooses a local endpoint of n for l. Addresses take turns. It reports
// false if all ports are taken. The caller holds p's lock.
func (t *Table) pick(p *ports, l *local, n *newEntry, now Time) bool {
	shard := n.hash.shard()
	ranges := n.Locals.of(n.Real)
	to := target{n.Real, n.Port, n.Tuple.Proto}
	for range ranges {
		turn := n.Locals.turn[shard]
		n.Locals.turn[shard]++
		if t.take(l, p.supply(t, ranges[turn%uint32(len(ranges))], &to, shard), now) {
			return true
		}
	}
	return false
}

// supply returns the supply of r's ports for a target.
func (p *ports) supply(t *Table, r *localRange, to *target, shard uint32) *supply {
	k := r.key(to)
	s := p.supplies[k]
	if s == nil {
		if p.supplies == nil {
			p.supplies = map[supplyKey]*supply{}
		}
		s = t.newSupply(r, to, shard)
		p.supplies[k] = s
	}
	return s
}

// take makes l the best endpoint of s that is free: one that has never been used,
// or else the one that has rested longest. One that an overlapping range has
// handed out is left to come back from there.
func (t *Table) take(l *local, s *supply, now Time) bool {
	for {
		r := released{port: s.next()}
		if r.port == 0 {
			if s.resting.n == 0 {
				return false
			}
			if r = s.rested(); !r.recent(now) {
				r.end = 0
			}
		}
		*l = local{s.Addr, r.port, r.end, t.portHash(s.base, r.port)}
		if !t.taken(l, &s.to) {
			return true
		}
	}
}

// taken reports whether a connection has l for its target.
func (t *Table) taken(l *local, to *target) bool {
	var k Key
	var c Conn
	tu := lvs.Tuple{Src: to.addr, SrcPort: to.port, Dst: l.addr, DstPort: l.port, Proto: to.proto}
	k.reply(&tu, l.hash)
	return t.Find(&c, &k, &tu)
}

// giveBack has the port of l rest, in every range that has it.
func (t *Table) giveBack(p *ports, l *local, to *target, last, now Time) {
	r := released{l.port, l.end, uint16(last / perSecond)}
	for _, lr := range t.locals.at(l.addr) {
		if s := p.supplies[lr.key(to)]; s != nil && lr.has(l.port) {
			s.put(r, now)
		}
	}
}

// trim forgets what supplies have to remember no longer.
func (p *ports) trim(now Time) {
	p.Lock()
	defer p.Unlock()
	for k, s := range p.supplies {
		if s.idle(now) {
			delete(p.supplies, k)
		}
	}
}
