package desired

import (
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/lvs"
)

// A willing director does whatever it is told.
type willing struct{}

func (willing) Apply(*config.Config) error    { return nil }
func (willing) Patch(config.Patch) error      { return nil }
func (willing) Zero(*config.ServiceKey) error { return nil }

// manyServices returns n services with 10 real servers each.
func manyServices(n int) *config.Config {
	c := config.Default()
	for i := range n {
		key := config.ServiceKey{Protocol: lvs.TCP, VIP: netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + i%250)}), Port: uint16(1 + i/250)}
		s := service(key, "wlc")
		for j := range 10 {
			s.Reals = append(s.Reals, server(byte(1+j), 1))
		}
		c.Services = append(c.Services, s)
	}
	return c
}

// BenchmarkDo has one operation at a time, where there are 10,000 services with
// 10 real servers each.
func BenchmarkDo(b *testing.B) {
	file := manyServices(10_000)
	key := file.Services[5000].ServiceKey
	added := file.Services[5000]
	added.VIP = netip.MustParseAddr("203.0.113.1")
	tests := map[string][2]Operation{ // one, and what undoes it
		"service": {{Kind: AddService, Service: added}, {Kind: DeleteService, Key: added.ServiceKey}},
		"edit":    {{Kind: EditService, Service: service(key, "rr")}, {Kind: EditService, Service: service(key, "wlc")}},
		"real":    {{Kind: AddDestination, Key: key, Real: server(99, 1)}, {Kind: DeleteDestination, Key: key, Real: server(99, 1)}},
		"timeout": {{Kind: SetTimeouts, Timeouts: config.Timeouts{UDP: 1e9}}, {Kind: SetTimeouts, Timeouts: config.Timeouts{UDP: 2e9}}},
		"weight":  {{Kind: EditDestination, Key: key, Real: server(1, 2)}, {Kind: EditDestination, Key: key, Real: server(1, 1)}},
	}
	for name, ops := range tests {
		b.Run(name, func(b *testing.B) {
			s := New(willing{}, file)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := s.Do(ops[i%2 : i%2+1]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDoEach makes 10,000 services with 10 real servers each, out of
// nothing, in one change.
func BenchmarkDoEach(b *testing.B) {
	var ops []Operation
	for _, s := range manyServices(10_000).Services {
		reals := s.Reals
		s.Reals = nil
		ops = append(ops, Operation{Kind: AddService, Service: s})
		for _, r := range reals {
			ops = append(ops, Operation{Kind: AddDestination, Key: s.ServiceKey, Real: r})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		s := New(willing{}, nil)
		for _, err := range s.DoEach(ops) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkReload reads the file of 10,000 services again, one weight changed.
func BenchmarkReload(b *testing.B) {
	files := [2]*config.Config{manyServices(10_000), manyServices(10_000)}
	files[1].Services[5000].Reals[3].Weight = 7
	s := New(willing{}, files[0])
	for i := 1; b.Loop(); i++ {
		if _, err := s.Reload(files[i%2], Reload{}); err != nil {
			b.Fatal(err)
		}
	}
}
