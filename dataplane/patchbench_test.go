package dataplane

import (
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// manyServices returns n services on as many VIPs, of so many real servers each that
// they share with nobody.
func manyServices(n, reals int) []config.Service {
	services := make([]config.Service, n)
	at := func(net byte, i int) netip.Addr {
		return netip.AddrFrom4([4]byte{10, net | byte(i>>16), byte(i >> 8), byte(i)})
	}
	for i := range services {
		s := config.Service{ServiceKey: config.ServiceKey{Protocol: lvs.TCP, VIP: at(0x80, i), Port: 80}, Scheduler: "wlc"}
		for j := range reals {
			s.Reals = append(s.Reals, config.Real{RealKey: config.RealKey{Addr: at(0, i*reals+j), Port: 8080}, Method: lvs.NAT, Weight: 1})
		}
		services[i] = s
	}
	return services
}

// newVast returns a director of 10,000 services with ten real servers each, whose
// filter is the kernel's if it may be.
func newVast(b *testing.B) (*testDirector, *config.Config) {
	b.Helper()
	d := newTestDirector(b)
	d.Director.filter = deafFilter{}
	if c, err := steer.New(maxEndpoints); err == nil {
		d.Director.filter = c
		b.Cleanup(func() { c.Close() })
	}
	c := testConfig(manyServices(10_000, 10)...)
	for _, s := range c.Services { // the host holds all but some
		if s.VIP.As4()[3] != 0 {
			d.router.locals = append(d.router.locals, lvs.AddrFrom(s.VIP))
		}
	}
	d.configure(b, c)
	return d, c
}

// A deafFilter takes everything and does nothing.
type deafFilter struct{}

func (deafFilter) Update(steer.Rules) error { return nil }

func BenchmarkPatch(b *testing.B) {
	d, c := newVast(b)
	changed := c.Services[5000]
	another := manyServices(10_001, 10)[10_000]
	patch := func(name string, steps ...config.Patch) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := d.Patch(steps[i%len(steps)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	set := func(s config.Service) config.Patch { return config.Patch{Set: []config.Service{s}} }
	weighed := withReals(changed, func(i int, r *config.Real) { r.Weight += i })
	fewer := changed
	fewer.Reals = fewer.Reals[1:]
	other := changed
	other.Scheduler = "rr"
	patch("weights", set(weighed), set(changed))
	patch("a real server less and more", set(fewer), set(changed))
	patch("another scheduler", set(other), set(changed))
	patch("a service in its own place", config.Patch{Removed: []config.ServiceKey{changed.ServiceKey}, Set: []config.Service{changed}})
	patch("timeouts", config.Patch{Timeouts: &config.Timeouts{TCP: 1e9, TCPFin: 1e9, UDP: 1e9}}, config.Patch{Timeouts: &c.Timeouts})
	patch("a service more and less", set(another), config.Patch{Removed: []config.ServiceKey{another.ServiceKey}})
}

func BenchmarkApply(b *testing.B) {
	b.Run("from nothing", func(b *testing.B) {
		for b.Loop() {
			newVast(b)
		}
	})
	d, c := newVast(b)
	b.Run("the same", func(b *testing.B) {
		for b.Loop() {
			d.configure(b, c)
		}
	})
	b.Run("all weights", func(b *testing.B) {
		next := *c
		for i := 0; b.Loop(); i++ {
			next.Services = nil
			for _, s := range c.Services {
				next.Services = append(next.Services, withReals(s, func(_ int, r *config.Real) { r.Weight = 1 + i%2 }))
			}
			d.configure(b, &next)
		}
	})
}

func BenchmarkServices(b *testing.B) {
	d, c := newVast(b)
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			d.Services()
		}
	})
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			d.Service(c.Services[7].ServiceKey)
		}
	})
}
