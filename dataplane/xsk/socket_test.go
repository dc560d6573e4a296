package xsk

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

func TestOpenRefuses(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0", 1)
	index := w.near.Attrs().Index
	g, other := newGroup(t, Options{Ports: 1, Ring: 64}), newGroup(t, Options{Ports: 1, Ring: 64})
	if _, err := g.Open(0, index, 0, Native); err != nil {
		t.Fatal(err)
	}
	mine := newGroup(t, Options{Ports: 2, Ring: 64})
	if _, err := mine.Open(0, w.far.Attrs().Index, 0, Native); err != nil {
		t.Fatal(err)
	}
	closed := newGroup(t, Options{})
	closed.Close()
	tests := map[string]struct {
		g              *Group
		ifindex, queue int
		want           error
		says           string
	}{
		"queue of another group":  {other, index, 0, ErrBusy, "eth0 queue 0"},
		"queue of this group":     {mine, w.far.Attrs().Index, 0, ErrBusy, "this group"},
		"queue beyond the last":   {other, index, 1, unix.EINVAL, "ethtool -l"},
		"negative queue":          {other, index, -1, unix.EINVAL, "queue -1"},
		"no such interface":       {other, 9999, 0, unix.ENODEV, "interface 9999"},
		"more sockets than ports": {g, index, 0, nil, "1 sockets only"},
		"closed group":            {closed, index, 0, ErrClosed, "closed"},
	}
	for name, tt := range tests {
		_, err := tt.g.Open(0, tt.ifindex, tt.queue, Native)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: Open error = %v, want %v and %q", name, err, tt.want, tt.says)
		}
	}
	if a := other.Account(); a.Free != a.Total {
		t.Errorf("after refusals: %+v, want all frames free", a)
	}
	// A refused group still opens what it can.
	if _, err := other.Open(0, newWire(t, "eth1", 1).near.Attrs().Index, 0, Generic); err != nil {
		t.Error(err)
	}
}

// TestZeroCopyIsTheGroups pretends that the first port does zero-copy, which no
// veth can.
func TestZeroCopyIsTheGroups(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0", 1)
	g := newGroup(t, Options{Ring: 64})
	s, err := g.Open(0, w.near.Attrs().Index, 0, Native)
	if err != nil {
		t.Fatal(err)
	}
	s.zeroCopy = true
	if _, err := g.Open(1, w.far.Attrs().Index, 0, Generic); !errors.Is(err, ErrNoZeroCopy) {
		t.Errorf("Open = %v, want %v", err, ErrNoZeroCopy)
	}
	if a := g.Account(); a.Fill != 64 || a.Free+a.Fill != a.Total {
		t.Errorf("Account() = %+v, want the first socket's 64 in its fill ring", a)
	}
}

// TestStatsFromAnotherGoroutine reads while the worker works, and closes.
func TestStatsFromAnotherGoroutine(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0", 1)
	g := newGroup(t, Options{Ports: 1, Ring: 64})
	s := open(t, g, 0, w.near, Native)
	var reader sync.WaitGroup
	reader.Go(func() {
		for range 200 {
			if _, err := s.Stats(); err != nil {
				t.Errorf("Stats error = %v, want nil", err)
			}
			g.Wake()
		}
	})
	for i := range 100 {
		s.Send([]*packet.Packet{make1(t, g, numbered(i))})
		if err := errors.Join(s.Flush(), g.Wait(0)); err != nil {
			t.Error(err)
		}
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	reader.Wait()
}

// TestOpenAfterClose opens a queue as soon as another group has given it back,
// while the kernel still clears it away.
func TestOpenAfterClose(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0", 1)
	for i := range 20 {
		g := newGroup(t, Options{Ring: 64})
		if _, err := g.Open(0, w.near.Attrs().Index, 0, Native); err != nil {
			t.Fatalf("time %d: %v", i+1, err)
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
