package fragment

import (
	"testing"
	"time"
)

// TestOldestMakesRoom floods a Tracker with datagrams that never complete.
func TestOldestMakesRoom(t *testing.T) {
	const room, flood = 4 * shards, 1000
	tracker := New[int](Options{Datagrams: room})
	_, old, _ := tracker.Add(key(1), second, 0)
	var newest Ticket
	for id := range uint32(flood) {
		_, newest, _ = tracker.Add(key(2+id), second, 0)
	}
	if s := tracker.Stats(); s.Datagrams > room || s.Displaced != uint64(flood+1-s.Datagrams) {
		t.Errorf("%d datagrams remembered and %d displaced of %d, in room for %d", s.Datagrams, s.Displaced, flood+1, room)
	}
	if _, o := tracker.Ask(old); o != Gone {
		t.Errorf("of the oldest: Ask() = %v, want %v", o, Gone)
	}
	if _, o := tracker.Ask(newest); o != Waits {
		t.Errorf("of the newest: Ask() = %v, want %v", o, Waits)
	}
}

// TestTicketsEndWithTheirDatagram uses one after another datagram of the same
// name has taken its place.
func TestTicketsEndWithTheirDatagram(t *testing.T) {
	tracker := New[int](Options{})
	_, old, _ := tracker.Add(key(1), first, 0)
	_, waits, _ := tracker.Add(key(1), third, Timeout4) // too late: begins another
	if n := tracker.Settle(old, 1); n != 0 {
		t.Errorf("Settle(ended) = %d waiting, want 0", n)
	}
	tracker.GiveUp(old)
	if _, o := tracker.Ask(waits); o != Waits {
		t.Errorf("Ask() = %v after the former datagram was settled and given up, want %v", o, Waits)
	}
	for _, tk := range []Ticket{old, {}} {
		if _, o := tracker.Ask(tk); o != Gone {
			t.Errorf("Ask(%+v) = %v, want %v", tk, o, Gone)
		}
	}
}

// TestDatagramsAreTold has datagrams that differ in one part of their name only.
func TestDatagramsAreTold(t *testing.T) {
	tracker := New[int](Options{})
	k := key(1)
	other := []Key{k, k, k, k, key6(1)}
	other[0].Src, other[1].Dst = k.Dst, k.Src
	other[2].ID++
	other[3].Proto++
	_, tk, _ := tracker.Add(k, first, 0)
	tracker.Settle(tk, 1)
	for _, o := range other {
		if v, _, got := tracker.Add(o, second, 0); got != Waits {
			t.Errorf("Add(%+v) = %d, %v, want %v", o, v, got, Waits)
		}
	}
}

func TestGivenUp(t *testing.T) {
	tests := map[string]func(*Tracker[int], Ticket, Ticket){
		"the first":                 func(tr *Tracker[int], one, _ Ticket) { tr.GiveUp(one) },
		"one that waits":            func(tr *Tracker[int], _, two Ticket) { tr.GiveUp(two) },
		"before it is settled":      func(tr *Tracker[int], one, two Ticket) { tr.GiveUp(two); tr.Settle(one, 1) },
		"after it has been settled": func(tr *Tracker[int], one, two Ticket) { tr.Settle(one, 1); tr.GiveUp(two) },
		"twice":                     func(tr *Tracker[int], one, two Ticket) { tr.GiveUp(one); tr.GiveUp(two) },
	}
	for name, giveUp := range tests {
		t.Run(name, func(t *testing.T) {
			tracker := New[int](Options{})
			_, one, _ := tracker.Add(key(1), first, 0)
			_, two, _ := tracker.Add(key(1), second, 0)
			_, three, _ := tracker.Add(key(1), third, 0)
			giveUp(tracker, one, two)
			if _, o := tracker.Ask(three); o != Abandoned {
				t.Errorf("of what waits: Ask() = %v, want %v", o, Abandoned)
			}
			if _, _, o := tracker.Add(key(1), last, 0); o != Abandoned {
				t.Errorf("of what comes later: Add() = %v, want %v", o, Abandoned)
			}
			tracker.Sweep(time.Minute)
			if s := tracker.Stats(); s.Refused != 1 || s.TimedOut != 0 || s.Datagrams != 0 {
				t.Errorf("%+v after its time, want one refused, and counted once", s)
			}
		})
	}
}

// TestIdentificationIsUsedAgain at once, as by a sender of many datagrams.
func TestIdentificationIsUsedAgain(t *testing.T) {
	tracker := New[int](Options{})
	for n := range 3 {
		_, tk, o := tracker.Add(key(1), first, 0)
		tracker.Settle(tk, n)
		v, _, o2 := tracker.Add(key(1), Piece{Offset: 16, Len: 3}, 0)
		if o != First || o2 != Follows || v != n {
			t.Errorf("datagram %d: %v, then %v of %d", n, o, o2, v)
		}
	}
	if s := tracker.Stats(); s.Complete != 3 || s.Datagrams != 0 {
		t.Errorf("%+v, want three complete and none remembered", s)
	}
}

func TestAddDoesNotAllocate(t *testing.T) {
	tracker := New[int](Options{})
	id := uint32(0)
	n := testing.AllocsPerRun(2*defaultDatagrams, func() {
		id++
		for _, k := range []Key{key(id), key6(id)} {
			_, held, o := tracker.Add(k, third, 0)
			_, tk, o1 := tracker.Add(k, first, 0)
			tracker.Settle(tk, 1)
			_, _, o2 := tracker.Add(k, second, 0)
			_, o3 := tracker.Ask(held)
			if o != Waits || o1 != First || o2 != Follows || o3 != Follows {
				t.Fatalf("outcomes are %v, %v, %v, %v", o, o1, o2, o3)
			}
		}
	})
	if n != 0 {
		t.Errorf("a datagram allocates %v times, want 0", n)
	}
}
