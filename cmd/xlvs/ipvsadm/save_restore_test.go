package ipvsadm

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/control/desired"
	"xlvs/dataplane"
	"xlvs/encap"
	"xlvs/lvs"
)

// A restored is a director that begins with no services and has no others than
// those that are added.
type restored struct {
	Director
	services []config.Service
}

func (r *restored) DoEach(_ context.Context, ops []desired.Operation) ([]error, error) {
	for _, op := range ops {
		switch op.Kind {
		case desired.AddService:
			r.services = append(r.services, op.Service)
		case desired.AddDestination:
			i := slices.IndexFunc(r.services, func(s config.Service) bool { return s.ServiceKey == op.Key })
			r.services[i].Reals = append(r.services[i].Reals, op.Real)
		}
	}
	return make([]error, len(ops)), nil
}

// asConfig returns what a configuration would have of services, in ipvsadm's order.
func asConfig(services []dataplane.ServiceStatus) (list []config.Service) {
	for _, s := range sortedServices(services) {
		c := config.Service{
			ServiceKey: s.ServiceKey, Scheduler: s.Scheduler, Flags: s.Flags, Persistence: s.Persistence, MaskBits: s.MaskBits,
			Engine: s.Engine, OnePacket: s.OnePacket, LocalAddresses: s.LocalAddresses, ClientAddress: s.ClientAddress, MSSClamp: s.MSSClamp,
		}
		for _, d := range sortedDestinations(s.Destinations) {
			c.Reals = append(c.Reals, config.Real{
				RealKey: d.RealKey, Method: d.Method, Weight: d.Weight, Tunnel: d.Tunnel.Type, TunnelPort: d.Tunnel.Port, TunnelFlags: d.Tunnel.Flags,
			})
		}
		list = append(list, c)
	}
	return list
}

// What Save writes makes the same services again.
func TestRestoreOfSave(t *testing.T) {
	for seed := range uint64(200) {
		services := draw(rand.New(rand.NewPCG(1, seed)))
		var rules, stdout, stderr bytes.Buffer
		if err := Save(t.Context(), &rules, services, SaveOptions{Numeric: true}); err != nil {
			t.Fatal(err)
		}
		text := rules.String()
		r := &restored{}
		p := Program{Stdin: strings.NewReader(text), Stdout: &stdout, Stderr: &stderr, Dial: func() (Director, error) { return r, nil }}
		if code := p.Run(t.Context(), "ipvsadm", []string{"-R"}); code != 0 || stderr.Len() > 0 {
			t.Fatalf("seed %d: ipvsadm -R exits with %d and says %q of\n%s", seed, code, stderr.String(), text)
		}
		if want := asConfig(services); !reflect.DeepEqual(r.services, want) {
			t.Fatalf("seed %d: restored\n%+v\nwant\n%+v\nby\n%s", seed, r.services, want, text)
		}
	}
}

// draw returns services such as ipvsadm allows, with thresholds of 0.
func draw(r *rand.Rand) (services []dataplane.ServiceStatus) {
	seen := map[config.ServiceKey]bool{}
	for range r.IntN(8) {
		if s := drawService(r); !seen[s.ServiceKey] {
			seen[s.ServiceKey] = true
			services = append(services, s)
		}
	}
	return services
}

// drawAddress returns one of few addresses, so that there are some alike.
func drawAddress(r *rand.Rand, v6 bool) netip.Addr {
	a := netip.MustParseAddr("192.0.2.0")
	if v6 {
		a = netip.MustParseAddr("2001:db8::")
	}
	for range 1 + r.IntN(8) {
		a = a.Next()
	}
	return a
}

func drawService(r *rand.Rand) (s dataplane.ServiceStatus) {
	v6 := r.IntN(2) == 0
	s.ServiceKey = config.ServiceKey{
		Protocol: []lvs.Protocol{lvs.TCP, lvs.UDP, lvs.SCTP}[r.IntN(3)], VIP: drawAddress(r, v6), Port: uint16(1 + r.IntN(65535)),
	}
	if r.IntN(4) == 0 {
		s.ServiceKey = config.ServiceKey{Mark: 1 + r.Uint32N(1<<32-1), VIP: netip.IPv4Unspecified()}
		if v6 {
			s.VIP = netip.IPv6Unspecified()
		}
	}
	s.Scheduler = lvs.SchedulerNames[r.IntN(len(lvs.SchedulerNames)-1)] // twos is newer than ipvsadm 1.31
	s.Flags = lvs.SchedulerFlags(r.IntN(8) << 3)
	s.OnePacket = (s.Protocol == lvs.UDP || s.Mark != 0) && r.IntN(2) == 0
	if r.IntN(2) == 0 {
		s.Persistence, s.MaskBits = time.Duration(1+r.IntN(1000))*time.Second, 1+r.IntN(s.VIP.BitLen())
		s.Engine = []string{"", "sip"}[r.IntN(2)]
	}
	if r.IntN(4) == 0 {
		s.LocalAddresses = []config.LocalRange{{Addr: drawAddress(r, v6), First: 2000, Last: uint16(2000 + r.IntN(2))}}
		s.ClientAddress, s.MSSClamp = config.ClientAddress(r.IntN(3)), r.IntN(2) == 0
	}
	seen := map[config.RealKey]bool{}
	for range r.IntN(6) {
		if d := drawDestination(r, &s); !seen[d.RealKey] {
			seen[d.RealKey] = true
			s.Destinations = append(s.Destinations, d)
		}
	}
	return s
}

func drawDestination(r *rand.Rand, s *dataplane.ServiceStatus) (d dataplane.DestinationStatus) {
	d.RealKey = config.RealKey{Addr: drawAddress(r, s.VIP.Is6()), Port: s.Port}
	d.Method, d.Weight = []lvs.Method{lvs.NAT, lvs.DirectRouting, lvs.Tunnel, lvs.FullNAT}[r.IntN(4)], r.IntN(65536)
	switch d.Method {
	case lvs.NAT, lvs.FullNAT:
		d.Port = uint16(1 + r.IntN(65535))
	case lvs.Tunnel:
		d.Addr = drawAddress(r, r.IntN(2) == 0)
		d.Tunnel = []encap.TunnelOptions{
			{},
			{Type: lvs.TunnelGRE, Flags: lvs.TunnelFlags(r.IntN(2))},
			{Type: lvs.TunnelGUE, Port: uint16(1 + r.IntN(65535)), Flags: lvs.TunnelFlags(r.IntN(3))},
		}[r.IntN(3)]
	}
	return d
}
