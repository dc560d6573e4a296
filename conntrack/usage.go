package conntrack

import (
	"slices"

	"xlvs/lvs"
)

// A Usage is how much of some Locals the connections with one real server have
// taken. A client can have only the ports of its own shard: ranges of few ports
// run out in one long before they do in another.
type Usage struct {
	Real    lvs.Addr
	Port    uint16
	Proto   lvs.Protocol
	Used    int // ports of all shards
	Total   int
	Percent int // of the fullest shard: at 100 some clients are refused
}

// Usage returns the usage of the real server for which l is nearest to being
// exhausted; the zero Usage if nothing is used. It goes through all supplies and
// locks each shard's in turn: ask every few seconds, not per packet.
func (l *Locals) Usage() Usage { return l.UsageOf(func(Usage) bool { return true }) }

// UsageOf is Usage among the real servers that are, as services that share l have
// others. What counts of those that it is asked about is whose they are.
func (l *Locals) UsageOf(are func(Usage) bool) (worst Usage) {
	all := map[target]*Usage{}
	for i := range l.table.ports {
		for to, used := range l.usedIn(&l.table.ports[i]) {
			if all[to] == nil {
				all[to] = &Usage{Real: to.addr, Port: to.port, Proto: to.proto}
			}
			all[to].add(l, &to, uint32(i), used)
		}
	}
	for _, u := range all {
		if !are(*u) {
			continue
		}
		for _, r := range l.of(u.Real) {
			u.Total += r.size()
		}
		if u.Percent > worst.Percent || u.Percent == worst.Percent && u.Used > worst.Used {
			worst = *u
		}
	}
	return worst
}

// usedIn returns how many ports of l each target has taken in one shard.
func (l *Locals) usedIn(p *ports) map[target]int {
	p.Lock()
	defer p.Unlock()
	used := map[target]int{}
	for _, s := range p.supplies {
		if slices.Contains(l.of(s.Addr), s.localRange) {
			used[s.to] += s.issued - s.resting.n
		}
	}
	return used
}

// add counts what a shard's connections with u's real server have taken.
func (u *Usage) add(l *Locals, to *target, shard uint32, used int) {
	total := 0
	for _, r := range l.of(to.addr) {
		_, n := r.inShard(l.table.portBase(r.Addr, to), shard)
		total += n
	}
	u.Used += used
	if total > 0 {
		u.Percent = max(u.Percent, 100*used/total)
	}
}
