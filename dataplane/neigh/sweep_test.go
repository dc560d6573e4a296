package neigh

import (
	"testing"
	"time"

	"xlvs/lvs"
)

// host returns an address of the subnet on port 3.
func host(i int) lvs.Addr { return lvs.Addr4(0xc0000200 + uint32(i)) }

func TestSweepFreesWhatNobodyUses(t *testing.T) {
	const room = 10
	m := offline(room, Options{})
	first := m.Route(host(10))
	m.Keep(first)
	for i := firstHop + 1; i <= room; i++ {
		m.Route(host(100 + i))
	}
	used := m.Route(host(100 + room))
	lost := m.Route(host(200))
	if m.Hop(lost).State != Unroutable || len(m.full) != 1 {
		t.Fatalf("Route in a full table: %v, %d calls for a sweep", m.Hop(lost).State, len(m.full))
	}

	var s sweep
	now := time.Unix(1000, 0)
	m.begin(&s, now)
	if !used.Stale(m.Epoch()) {
		t.Error("the hops in use are not asked for again")
	}
	m.Route(host(100 + room))
	m.advance(&s, now.Add(grace-1))
	if s.phase != marking {
		t.Fatalf("phase %d before the grace ends", s.phase)
	}
	m.advance(&s, now.Add(grace))
	if n := len(s.forgotten); n != room-firstHop-1 {
		t.Errorf("forgot %d hops, want %d", n, room-firstHop-1)
	}
	if id := m.Route(host(200)); m.Hop(id).State != Unroutable {
		t.Error("a number is given again before its quarantine ends")
	}
	m.advance(&s, now.Add(2*grace))
	for name, want := range map[string]HopID{"kept": first, "used": used} {
		if got := m.Route(m.Hop(want).Gateway); got.number() != want.number() || got.Stale(m.Epoch()) {
			t.Errorf("the %s hop is %#x now, was %#x", name, got, want)
		}
	}
	if id := m.Route(host(200)); m.Hop(id).Gateway != host(200) {
		t.Errorf("no room after the sweep: %+v", *m.Hop(id))
	}
}
