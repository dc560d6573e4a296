package dataplane

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/lvs"
)

// newCounting returns a director with n real servers in two services, of which some
// are in the trash, and three workers that have counted something for each.
func newCounting(t *testing.T, n int) *testDirector {
	t.Helper()
	d := newTestDirector(t)
	for range 2 {
		d.workers = append(d.workers, newWorker(d.Director, &memQueue{}))
	}
	services := []config.Service{testService(lvs.TCP, lvs.NAT, real6), testService(lvs.UDP, lvs.NAT, real6)}
	for i := range services {
		r := services[i].Reals[0]
		for r.Addr = netip.MustParseAddr("2001:db8:2::1000"); len(services[i].Reals) < n/2; r.Addr = r.Addr.Next() {
			services[i].Reals = append(services[i].Reals, r)
		}
	}
	d.apply(t, services...)
	services[0].Reals = services[0].Reals[:n/4]
	d.apply(t, services...)
	random := rand.New(rand.NewPCG(1, 2))
	for _, w := range d.workers {
		for id := 1; id < len(d.byID); id++ {
			*w.tally.at(lvs.DestID(id)) = Counters{random.Uint64N(9), random.Uint64N(99), random.Uint64N(99), random.Uint64N(999), random.Uint64N(999)}
		}
	}
	return d
}

// All counters at once are those of each destination, and the sums of services and
// of all of them are theirs.
func TestAllCountersAreThoseOfEach(t *testing.T) {
	for _, n := range []int{4, collectBatch - 2, collectBatch, collectBatch + 2, 3*collectBatch + 8} {
		t.Run(fmt.Sprint(n, " real servers"), func(t *testing.T) {
			d := newCounting(t, n)
			services, all := d.Services(), d.collectAll()
			total, _ := d.Total()
			var sum, ofServices Counters
			for _, s := range services {
				ofServices.Add(s.Counters)
			}
			for id := 1; id < len(d.byID); id++ {
				each := d.collect(lvs.DestID(id))
				if sum.Add(each); all[id] != each || each == (Counters{}) {
					t.Errorf("destination %d: %+v, want %+v", id, all[id], each)
				}
			}
			if len(d.byID) != n+1 || total != sum || ofServices != sum {
				t.Errorf("%d destinations: total %+v, services %+v, want %+v", len(d.byID)-1, total, ofServices, sum)
			}
			if again, _ := d.Total(); again != (Counters{}) {
				t.Errorf("total is %+v after each was taken, want none", again)
			}
		})
	}
}
