package dataplane

import (
	"errors"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/rate"
	"xlvs/lvs"
)

// newCounted returns a director of two services, of which each has counted a
// connection of 100 packets, and rates, and the frames that it was sent.
func newCounted(t *testing.T) (d *testDirector, services [2]config.ServiceKey, frames [][]byte) {
	t.Helper()
	d = newPair(t)
	udp, other := testService(lvs.UDP, lvs.NAT, real4), onPort(testService(lvs.UDP, lvs.NAT, second4), 81)
	d.apply(t, udp, other)
	for range 100 {
		frames = append(frames, packettest.UDP(client4+":1", vip4+":80", "data"), packettest.UDP(client4+":1", vip4+":81", "data"))
	}
	d.push(t, frames...)
	d.wait(2)
	return d, [2]config.ServiceKey{udp.ServiceKey, other.ServiceKey}, frames
}

// checkZero checks whether a service, and its real server, count from zero.
func (d *testDirector) checkZero(t *testing.T, k config.ServiceKey, want bool) {
	t.Helper()
	s, ok := d.Service(k)
	if !ok {
		t.Fatalf("no service %v", k)
	}
	service := s.Counters == (Counters{}) && s.Rates == (rate.Rates{})
	real := s.Destinations[0].Counters == (Counters{}) && s.Destinations[0].Rates == (rate.Rates{})
	if service != want || real != want {
		t.Errorf("service %v is at zero: %t, its real server: %t, want %t", k, service, real, want)
	}
}

func TestZeroOneService(t *testing.T) {
	d, keys, frames := newCounted(t)
	before, _ := d.Total()
	if err := d.Zero(&keys[0]); err != nil {
		t.Fatal(err)
	}
	d.checkZero(t, keys[0], true)
	d.checkZero(t, keys[1], false)
	if total, rates := d.Total(); total != before || rates.InPkts == 0 {
		t.Errorf("total is %+v, was %+v", total, before)
	}
	d.push(t, frames...)
	d.wait(2)
	s, _ := d.Service(keys[0])
	if s.Counters.InPkts != 100 || s.Counters.Conns != 0 || s.Destinations[0].Counters != s.Counters || s.Rates.InPkts != 12 {
		t.Errorf("service has %+v, %+v, want 100 packets at 12 per second", s.Counters, s.Rates) // a quarter of 50
	}
}

func TestZeroAll(t *testing.T) {
	d, keys, frames := newCounted(t)
	workers := d.WorkerTotals()
	if err := d.Zero(nil); err != nil {
		t.Fatal(err)
	}
	d.checkZero(t, keys[0], true)
	d.checkZero(t, keys[1], true)
	if total, rates := d.Total(); total != (Counters{}) || rates != (rate.Rates{}) {
		t.Errorf("total is %+v, %+v", total, rates)
	}
	if after := d.WorkerTotals(); after[0] != workers[0] || after[0].InPkts != 200 {
		t.Errorf("the worker has counted %+v, before %+v", after, workers)
	}
	d.push(t, frames...)
	if total, _ := d.Total(); total.InPkts != 200 {
		t.Errorf("total is %+v after 200 packets", total)
	}
}

func TestZeroOfNoService(t *testing.T) {
	d, keys, _ := newCounted(t)
	keys[0].Port = 7
	if err := d.Zero(&keys[0]); !errors.Is(err, ErrNoService) {
		t.Errorf("Zero() = %v, want %v", err, ErrNoService)
	}
	if _, ok := d.Service(keys[0]); ok {
		t.Error("there is a service that there is not")
	}
}

// Counters that start from zero are not disturbed by what is changed or removed
// later: they never fall.
func TestZeroAndThenOthers(t *testing.T) {
	d, keys, frames := newCounted(t)
	if err := d.Zero(nil); err != nil {
		t.Fatal(err)
	}
	changed := withReals(testService(lvs.UDP, lvs.NAT, real4), func(_ int, r *config.Real) { r.Port++ })
	d.patch(t, set(changed))
	d.patch(t, config.Patch{Removed: keys[1:]})
	d.push(t, frames...)
	for range 2 {
		s, _ := d.Service(keys[0])
		if total, _ := d.Total(); s.Counters != (Counters{}) || total != (Counters{}) {
			t.Errorf("service has %+v, total is %+v, want nothing", s.Counters, total)
		}
		d.wait(500) // which the removed real servers are forgotten in
	}
	if n := d.discarded(); n != 0 {
		t.Errorf("%d real servers are in the trash", n)
	}
	if w := d.WorkerTotals(); w[0].InPkts != 200 {
		t.Errorf("the worker has counted %+v, want 200 packets", w)
	}
}

// A service that is made anew counts from zero, and so do its real servers, which come
// out of the trash.
func TestServiceMadeAnewCountsFromZero(t *testing.T) {
	d, keys, frames := newCounted(t)
	before, _ := d.Service(keys[0])
	total, _ := d.Total()
	want := config.Service{ServiceKey: keys[0], Scheduler: "rr"}
	for _, c := range []config.Patch{{Removed: keys[:1]}, {Set: []config.Service{want}}} {
		if err := d.Patch(c); err != nil {
			t.Fatal(err)
		}
	}
	if s, _ := d.Service(keys[0]); s.Counters != (Counters{}) || s.Rates != (rate.Rates{}) {
		t.Errorf("without real servers it has %+v, %+v", s.Counters, s.Rates)
	}
	want.Reals = []config.Real{{RealKey: before.Destinations[0].RealKey, Method: before.Destinations[0].Method, Weight: 1}}
	if err := d.Patch(config.Patch{Set: []config.Service{want}}); err != nil {
		t.Fatal(err)
	}
	d.push(t, frames...)
	d.wait(1)
	s, _ := d.Service(keys[0])
	if got := s.Destinations[0].Counters.InPkts; s.Counters.InPkts != 100 || got != 100 {
		t.Errorf("it has %d packets and its real server %d, want 100", s.Counters.InPkts, got)
	}
	if now, _ := d.Total(); now.InPkts != total.InPkts+200 {
		t.Errorf("in total there are %d packets, want %d", now.InPkts, total.InPkts+200)
	}
}
