package control

import (
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/control/desired"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
	"xlvs/lvs"
)

// manyServices returns n services with ten real servers each.
func manyServices(n int) []config.Service {
	services := make([]config.Service, n)
	for i := range services {
		s := &services[i]
		s.ServiceKey = config.ServiceKey{Protocol: lvs.TCP, VIP: netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}), Port: 80}
		s.Scheduler = "wlc"
		for j := range 10 {
			r := config.Real{RealKey: config.RealKey{Addr: netip.AddrFrom4([4]byte{198, 19, byte(i), byte(j)}), Port: 8080}, Weight: 1}
			s.Reals = append(s.Reals, r)
		}
	}
	return services
}

// BenchmarkList lists 10,000 services with ten real servers each, end to end.
func BenchmarkList(b *testing.B) {
	d := &fakeDirector{
		services: manyServices(10_000),
		counters: dataplane.Counters{Conns: 1e4, InPkts: 1e6, OutPkts: 1e6, InBytes: 1e9, OutBytes: 1e9},
		rates:    rate.Rates{Conns: 10, InPkts: 1e3, OutPkts: 1e3, InBytes: 1e6, OutBytes: 1e6},
	}
	s := open(b, d, Options{}, nil)
	for b.Loop() {
		if got, err := s.Services(b.Context()); err != nil || len(got) != 10_000 {
			b.Fatal(len(got), err)
		}
	}
}

// BenchmarkDoEach makes 10,000 services with ten real servers each by 110,000
// operations, and deletes them again, which is not measured.
func BenchmarkDoEach(b *testing.B) {
	var ops []desired.Operation
	for _, service := range manyServices(10_000) {
		reals := service.Reals
		service.Reals = nil
		ops = append(ops, desired.Operation{Kind: desired.AddService, Service: service})
		for _, r := range reals {
			ops = append(ops, desired.Operation{Kind: desired.AddDestination, Key: service.ServiceKey, Real: r})
		}
	}
	s := open(b, new(fakeDirector), Options{}, nil)
	for b.Loop() {
		errs, err := s.DoEach(b.Context(), ops)
		if err != nil || errs[0] != nil {
			b.Fatal(err, errs[0])
		}
		b.StopTimer()
		if err := s.state.Do([]desired.Operation{{Kind: desired.Flush}}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkConnections streams 1,000,000 connections, end to end.
func BenchmarkConnections(b *testing.B) {
	d := new(fakeDirector)
	d.connections = make([]conntrack.Listing, 1_000_000)
	for i := range d.connections {
		d.connections[i] = flow(i)
	}
	s := open(b, d, Options{}, nil)
	for b.Loop() {
		n := 0
		if err := s.Client.Connections(b.Context(), func(Connection) error { n++; return nil }); err != nil || n != len(d.connections) {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/1e6, "ns/connection")
}
