package neigh

import (
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"xlvs/lvs"
)

func TestResolveAsksOnce(t *testing.T) {
	m := offline(0, Options{})
	now := time.Unix(1000, 0)
	id := m.Route(addr("192.0.2.7"))
	m.Resolve(id)
	m.Resolve(id)
	if len(m.asks) != 1 {
		t.Fatalf("%d requests, want 1", len(m.asks))
	}
	e := <-m.asks
	e.deadline = now.Add(patience)
	m.waiting[e] = struct{}{}
	m.expire(now.Add(patience - 1))
	if got := m.Hop(id).State; got != Pending {
		t.Fatalf("before the patience ends: %v, want pending", got)
	}
	m.expire(now.Add(patience))
	m.Resolve(id)
	if got := m.Hop(id).State; got != Failed || len(m.asks) != 0 {
		t.Fatalf("after it: %v, %d requests, want failed, 0", got, len(m.asks))
	}
	m.expire(now.Add(patience + penance))
	m.Resolve(id)
	if len(m.asks) != 1 || len(m.waiting) != 0 {
		t.Errorf("a second later: %d requests, %d waiting, want 1, 0", len(m.asks), len(m.waiting))
	}
}

func TestResolveGivesUpWithTheKernel(t *testing.T) {
	notified := 0
	m := offline(0, Options{Notify: func() { notified++ }})
	id := m.Route(addr("192.0.2.7"))
	m.Resolve(id)
	m.waiting[<-m.asks] = struct{}{}
	if !tell(m, "192.0.2.7", 0, true, time.Unix(1000, 0)) || m.Hop(id).State != Failed {
		t.Errorf("entry gone while asked for: %v, want failed", m.Hop(id).State)
	}
}

func TestFullQueueDropsRequest(t *testing.T) {
	m := offline(0, Options{})
	for i := range asksWaiting + 1 {
		m.Resolve(m.Route(lvs.Addr{Hi: 0x20010db8 << 32, Lo: uint64(i)}))
	}
	last := m.Route(lvs.Addr{Hi: 0x20010db8 << 32, Lo: asksWaiting})
	<-m.asks
	m.Resolve(last)
	if len(m.asks) != asksWaiting {
		t.Errorf("%d requests, want %d: the dropped one may come again", len(m.asks), asksWaiting)
	}
}

func TestRemindOfKeptHops(t *testing.T) {
	m := offline(0, Options{})
	now := time.Unix(1000, 0)
	for i, state := range []int{netlink.NUD_STALE, netlink.NUD_PERMANENT} {
		tell(m, host(i).String(), state, false, now)
		m.Keep(m.Route(host(i)))
		e := <-m.asks
		e.asking.Store(false)
	}
	m.Route(host(2)) // nobody keeps it
	m.remind()
	if len(m.asks) != 1 {
		t.Fatalf("%d reminders, want 1", len(m.asks))
	}
	if e := <-m.asks; e.key.neighbour != host(0) {
		t.Errorf("reminded of %v, want %v: the other one is permanent", e.key.neighbour, host(0))
	}
}
