package neigh

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

func TestCheckPorts(t *testing.T) {
	tests := map[string]struct {
		ports []Port
		want  error
	}{
		"none":                 {nil, nil},
		"two":                  {[]Port{{Number: 0, Index: 1}, {Number: 1, Index: 2}}, nil},
		"two that are gone":    {[]Port{{Number: 0}, {Number: 1}}, nil},
		"one number twice":     {[]Port{{Number: 1, Index: 1}, {Number: 1, Index: 2}}, ErrPorts},
		"one gone, one number": {[]Port{{Number: 1}, {Number: 1, Index: 2}}, ErrPorts},
		"one interface twice":  {[]Port{{Number: 0, Index: 1}, {Number: 1, Index: 1}}, ErrPorts},
	}
	for name, tt := range tests {
		if err := checkPorts(tt.ports); !errors.Is(err, tt.want) {
			t.Errorf("%s: checkPorts = %v, want %v", name, err, tt.want)
		}
	}
}

// TestHopsMoveWithTheirPort takes port 3's interface away and puts another in
// its place.
func TestHopsMoveWithTheirPort(t *testing.T) {
	now := time.Unix(1000, 0)
	m := offline(0, Options{})
	id := m.Route(addr("192.0.2.7"))
	m.Keep(id)
	e := <-m.asks
	tell(m, "192.0.2.7", netlink.NUD_REACHABLE, false, now)

	move := func(index int) {
		t.Helper()
		next := freeze(m.view.Load().facts, 0)
		next.exits, next.indexes = map[exit]device{}, map[int]struct{}{}
		if index != 0 {
			next.exits[exit{port: 3}] = device{exit{port: 3}, index, ourMAC, 1400}
			next.indexes[index] = struct{}{}
		}
		// As publish does, but without a kernel to read neighbours from.
		next.epoch = nextEpoch(m.Epoch())
		m.mu.Lock()
		defer m.mu.Unlock()
		m.view.Store(next)
		m.rebind(next)
		m.refreshAll()
	}
	move(0)
	if h := *m.Hop(id); h != (Hop{State: Unroutable}) || len(m.cache) != 0 || e.on.index != 0 {
		t.Errorf("without an interface: %+v, on %v, %d neighbours cached", h, e.on, len(m.cache))
	}
	move(outside)
	h := *m.Hop(id)
	if h.State != Pending || h.MTU != 1400 || e.on != (neighbour{outside, addr("192.0.2.7")}) {
		t.Errorf("on another interface: %+v, on %v", h, e.on)
	}
	if again := m.Route(addr("192.0.2.7")); again.number() != id.number() || !id.Stale(m.Epoch()) {
		t.Errorf("Route = %#x, was %#x: want the number, in another epoch", again, id)
	}
	if len(m.asks) != 1 || <-m.asks != e {
		t.Error("the neighbour that is to be kept is not asked for on the new interface")
	}
	if len(m.entries) != 1 || !slices.Equal(m.entries[e.on], []*entry{e}) {
		t.Errorf("entries %v, want one under %v", m.entries, e.on)
	}
}

func TestForgottenHopsStayForgotten(t *testing.T) {
	m := offline(10, Options{})
	m.Route(host(1))
	m.mu.Lock()
	defer m.mu.Unlock()
	gone := m.forget(m.turn())
	next := freeze(facts{}, 2)
	m.view.Store(next)
	m.rebind(next)
	if len(gone) != 1 || len(m.entries) != 0 {
		t.Errorf("forgot %d hops, %d listen to neighbours, want 1, 0", len(gone), len(m.entries))
	}
}
