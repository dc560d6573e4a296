package fragment

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
)

// TestWorkersShareATracker deals the pieces of many datagrams, in any order, to
// workers that know nothing of one another.
func TestWorkersShareATracker(t *testing.T) {
	const workers, datagrams = 4, 500
	type arrival struct {
		id uint32
		pc Piece
	}
	var all []arrival
	for id := range uint32(datagrams) {
		for _, pc := range []Piece{first, second, third, last} {
			all = append(all, arrival{id, pc})
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	// Nothing is displaced even if all datagrams fall in one shard.
	tracker := New[uint32](Options{Datagrams: datagrams * shards})
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			held := map[Ticket][]uint32{}
			for i := w; i < len(all); i += workers {
				a := all[i]
				v, tk, o := tracker.Add(key(a.id), a.pc, 0)
				switch {
				case o == First:
					tracker.Settle(tk, a.id)
				case o == Waits:
					held[tk] = append(held[tk], a.id)
				case o != Follows || v != a.id:
					t.Errorf("Add(%d) = %d, %v", a.id, v, o)
				}
				tracker.Sweep(0)
			}
			release(t, tracker, held)
		})
	}
	wg.Wait()
	s := tracker.Stats()
	if s.Complete != datagrams || s.Datagrams != 0 || s.Pieces[First] != datagrams || s.Pieces[Follows] != 3*datagrams {
		t.Errorf("%+v, want all of %d datagrams to have come and gone", s, datagrams)
	}
}

// release asks until everything that waits has been told.
func release(t *testing.T, tracker *Tracker[uint32], held map[Ticket][]uint32) {
	for len(held) > 0 {
		for tk, ids := range held {
			v, o := tracker.Ask(tk)
			if o == Waits {
				continue
			}
			if o != Follows || v != ids[0] {
				t.Errorf("Ask(%d) = %d, %v", ids[0], v, o)
			}
			if held[tk] = ids[1:]; len(ids) == 1 {
				delete(held, tk)
			}
		}
		runtime.Gosched()
	}
}
