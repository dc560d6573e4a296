package dataplane

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// syn4 is the first segment of client port's connection to the service.
func syn4(port int) []byte {
	return packettest.TCP(fmt.Sprint(client4, ":", port), vip4+":80", header.FlagSYN, "")
}

// twoReals has a second real server, to which there is a hop, too.
const secondReal = "203.0.113.12"

func newTwoReals(t *testing.T) (*testDirector, config.Service) {
	s := testService(lvs.TCP, lvs.NAT, real4, secondReal)
	d := newTestDirector(t)
	hop := *d.router.hops[d.router.number[addr(real4)]]
	d.router.set(secondReal, hop)
	d.apply(t, s)
	return d, s
}

func TestApplyTellsTheFilter(t *testing.T) {
	d := newTestDirector(t)
	d.router.locals = append(d.router.locals, addr(dip4))
	d.apply(t, testService(lvs.TCP, lvs.NAT, real4), testService(lvs.UDP, lvs.DirectRouting, secondReal))
	want := steer.Rules{}
	want.AddService(lvs.TCP, addr(vip4), 80)
	want.AddReply(lvs.TCP, addr(real4), 8080)
	want.AddService(lvs.UDP, addr(vip4), 80)
	want.AddReply(lvs.UDP, addr(vip4), 80)
	for _, a := range d.router.locals {
		want.AddLocal(a)
	}
	if got := d.filter.rules; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("rules = %v, want %v", got, want)
	}
}

func TestFailedApplyChangesNothing(t *testing.T) {
	tests := map[string]func(*testDirector, *config.Config){
		"invalid config":      func(_ *testDirector, c *config.Config) { c.Services[0].Scheduler = "guess" },
		"filter that is full": func(d *testDirector, _ *config.Config) { d.filter.err = errors.New("full") },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			d, s := newTwoReals(t)
			d.push(t, syn4(1))
			before, snapshot := fmt.Sprint(d.Services()), d.snapshot.Load()
			c := config.Default()
			s.Reals = s.Reals[:1]
			s.Reals[0].Port++
			s.Scheduler = "wlc"
			c.Services = []config.Service{s}
			spoil(d, c)
			if err := d.Apply(c); err == nil {
				t.Fatal("Apply() succeeded")
			}
			if after := fmt.Sprint(d.Services()); after != before || d.snapshot.Load() != snapshot {
				t.Errorf("services are %s, want %s", after, before)
			}
		})
	}
}

func TestListOrderIsNewestFirst(t *testing.T) {
	d, s := newTwoReals(t)
	third := s.Reals[0]
	third.Addr = third.Addr.Next().Next()
	s.Reals = append([]config.Real{third}, s.Reals...)
	d.apply(t, s)
	var got []string
	for _, r := range d.Services()[0].Destinations {
		got = append(got, r.Addr.String())
	}
	if want := "[203.0.113.13 203.0.113.12 203.0.113.11]"; fmt.Sprint(got) != want {
		t.Errorf("destinations = %v, want %v", got, want)
	}
}

func TestReloadKeepsConnectionsAndCounters(t *testing.T) {
	d, s := newTwoReals(t)
	d.push(t, syn4(1), syn4(2), syn4(3))
	before := fmt.Sprint(d.Services()[0].Destinations)
	other := testService(lvs.UDP, lvs.NAT, real4)
	d.apply(t, other, s)
	if after := fmt.Sprint(d.Services()[1].Destinations); after != before {
		t.Errorf("destinations are\n%s, want\n%s", after, before)
	}
	if _, v := d.push(t, syn4(1), syn4(2), syn4(3)); v[Forward] != 3 || d.table.Len() != 3 {
		t.Errorf("verdicts = %v, %d connections", v, d.table.Len())
	}
}

func TestChangedSchedulerKeepsCounters(t *testing.T) {
	d, s := newTwoReals(t)
	d.push(t, syn4(1))
	s.Scheduler = "wlc"
	d.apply(t, s)
	if got := d.Services()[0]; got.Scheduler != "wlc" || got.Counters.Conns != 1 {
		t.Errorf("service = %+v", got)
	}
}

// removeSecond removes the second real server after it was given a connection,
// and returns that connection's client port.
func removeSecond(t *testing.T, d *testDirector, s config.Service) (port int) {
	t.Helper()
	d.push(t, syn4(1), syn4(2))
	for c := range d.Connections() {
		if c.Real == addr(secondReal) {
			port = int(c.ClientPort)
		}
	}
	s.Reals = s.Reals[:1]
	d.apply(t, s)
	return port
}

func TestPacketsToRemovedServerAreDropped(t *testing.T) {
	d, s := newTwoReals(t)
	port := removeSecond(t, d, s)
	if _, v := d.push(t, syn4(port)); v[DestinationGone] != 1 {
		t.Errorf("verdicts = %v, want the real server gone", v)
	}
	reply := packettest.TCP(secondReal+":8080", fmt.Sprint(client4, ":", port), header.FlagACK, "")
	if !d.filter.rules.Take(reply) {
		t.Error("replies of a removed server that has connections are not taken")
	}
	if _, v := d.push(t, reply); v[Forward] != 1 {
		t.Errorf("reply: verdicts = %v", v)
	}
	if c := d.Services()[0].Counters; c.Conns != 2 || c.OutPkts != 0 {
		t.Errorf("counters = %+v", c)
	}
}

func TestRemovedServerComesBackWithItsConnections(t *testing.T) {
	d, s := newTwoReals(t)
	port := removeSecond(t, d, s)
	d.apply(t, s)
	if _, v := d.push(t, syn4(port)); v[Forward] != 1 {
		t.Errorf("verdicts = %v", v)
	}
	if first := d.Services()[0].Destinations[0]; first.Addr.String() != secondReal || first.Active != 1 || first.Counters.Conns != 1 {
		t.Errorf("first destination = %+v", first)
	}
	if d.discarded() != 0 {
		t.Errorf("%d destinations in the trash", d.discarded())
	}
}

func TestRemovedServiceComesBackWithItsConnections(t *testing.T) {
	d, s := newTwoReals(t)
	d.push(t, syn4(1))
	d.apply(t)
	if _, v := d.push(t, syn4(1), syn4(2)); v[DestinationGone] != 1 || v[NotOurs] != 1 {
		t.Errorf("without the service: verdicts = %v", v)
	}
	d.apply(t, s)
	if _, v := d.push(t, syn4(1), syn4(2)); v[Forward] != 2 || d.table.Len() != 2 {
		t.Errorf("with it again: verdicts = %v, %d connections", v, d.table.Len())
	}
}

// discarded returns how many destinations are in the trash.
func (d *Director) discarded() int { return len(slices.Collect(d.trash.all())) }

func TestTrashIsEmptied(t *testing.T) {
	d, s := newTwoReals(t)
	removeSecond(t, d, s)
	tests := []struct {
		at   time.Duration
		want int
	}{
		{50 * time.Second, 1},  // its connection, in SYN_RECV, lives
		{70 * time.Second, 1},  // gone, and noticed
		{180 * time.Second, 1}, // but not for 120 s yet
		{200 * time.Second, 0},
	}
	for _, tt := range tests {
		d.now = tt.at
		d.table.Sweep(d.Now())
		d.emptyTrash(d.now)
		if d.discarded() != tt.want {
			t.Errorf("at %v: %d destinations in the trash, want %d", tt.at, d.discarded(), tt.want)
		}
	}
	if got := d.Services()[0].Counters.Conns; got != 2 {
		t.Errorf("the service counts %d connections, want the removed server's too", got)
	}
	if d.filter.rules.Take(packettest.TCP(secondReal+":8080", client4+":1", header.FlagACK, "")) {
		t.Error("replies of a forgotten server are still taken")
	}
	// Its number is free for another one, which starts from zero.
	s.Reals[1].Addr = s.Reals[1].Addr.Next()
	d.apply(t, s)
	if got := d.Services()[0].Destinations[0]; got.Counters != (Counters{}) || len(d.byID) != 3 {
		t.Errorf("new destination = %+v, %d numbers", got, len(d.byID))
	}
}

func TestMethodChangesForNewConnections(t *testing.T) {
	d, s := newTwoReals(t)
	d.push(t, syn4(1), syn4(2))
	for i := range s.Reals {
		s.Reals[i].Port = 80
	}
	d.apply(t, s)
	for i := range s.Reals {
		s.Reals[i].Method = lvs.DirectRouting
	}
	d.apply(t, s)
	out, v := d.push(t, syn4(3))
	if v[Forward] != 1 || !d.filter.rules.Take(packettest.TCP(vip4+":80", client4+":3", header.FlagACK, "")) {
		t.Fatalf("verdicts = %v", v)
	}
	if want := toReal(syn4(3)); string(out[0].frame) != string(want) {
		t.Errorf("sent % x, want % x", out[0].frame, want)
	}
}

func TestLocalAddressesAreFollowed(t *testing.T) {
	d, _ := newTwoReals(t)
	reply := packettest.TCP(real4+":8080", dip4+":999", header.FlagACK, "")
	if !d.filter.rules.Take(reply) {
		t.Fatal("reply to a stranger is not taken")
	}
	d.router.locals = append(d.router.locals, addr(dip4))
	d.followLocals()
	if d.filter.rules.Take(reply) {
		t.Error("a packet to the director's own address is taken")
	}
}
