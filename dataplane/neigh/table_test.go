package neigh

import (
	"sync"
	"testing"

	"xlvs/lvs"
)

func TestTableFindsEveryHop(t *testing.T) {
	const n = 5000
	m := offline(0, Options{})
	ids := make(map[HopID]int)
	for i := range n {
		ids[m.Route(lvs.Addr{Hi: 0x20010db8 << 32, Lo: uint64(i)})] = i
	}
	if len(ids) != n {
		t.Fatalf("%d numbers for %d hops", len(ids), n)
	}
	for id, i := range ids {
		if got := m.Route(lvs.Addr{Hi: 0x20010db8 << 32, Lo: uint64(i)}); got != id {
			t.Fatalf("hop %d is %#x now, was %#x", i, got, id)
		}
	}
}

func TestWorkersAgreeOnHops(t *testing.T) {
	const workers, hops = 4, 200
	m := offline(0, Options{})
	var ids [workers][hops]HopID
	var wg sync.WaitGroup
	for w := range ids {
		wg.Go(func() {
			for i := range ids[w] {
				ids[w][i] = m.Route(host(i))
				m.Resolve(ids[w][i])
			}
		})
	}
	wg.Wait()
	for w := range ids {
		if ids[w] != ids[0] {
			t.Errorf("worker %d has other hops than worker 0", w)
		}
	}
	if len(m.asks) != hops {
		t.Errorf("%d requests, want %d", len(m.asks), hops)
	}
}
