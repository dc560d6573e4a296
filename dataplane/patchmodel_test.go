package dataplane

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// TestPatchesAreLikeApply has one director patched, and another given the whole
// configuration each time. Whatever happens to both, they are alike, and each is as
// one would be that was made at once.
func TestPatchesAreLikeApply(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := &patched{a: newPair(t), b: newPair(t), config: drawSettings(r)}
		m.apply(r)
		r.Repeat(map[string]func(*rapid.T){
			"":      m.check,
			"patch": m.patch,
			"apply": func(r *rapid.T) {
				services := m.config.Services
				m.config = drawSettings(r)
				m.config.Services = services
				m.apply(r)
			},
			"again": m.apply,
			"frames": func(r *rapid.T) {
				for range 4 {
					m.push(t, r)
				}
			},
			"wait": func(r *rapid.T) {
				n := rapid.SampledFrom([]int{1, 61, 130}).Draw(r, "seconds")
				m.a.wait(n)
				m.b.wait(n)
			},
			"locals": func(r *rapid.T) {
				var held []lvs.Addr
				for _, a := range []string{vip4, vip6, dip4, local4, local6} {
					if rapid.Bool().Draw(r, a+" is held") {
						held = append(held, addr(a))
					}
				}
				m.a.router.locals, m.b.router.locals = held, held
				m.a.followLocals()
				m.b.followLocals()
			},
			"zero": func(r *rapid.T) {
				if err := errorsOf(m.a.Zero(nil), m.b.Zero(nil)); err != nil {
					r.Error(err)
				}
			},
		})
	})
}

func errorsOf(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

// A patched is two directors, of which a is patched, and the configuration of both.
type patched struct {
	a, b   *testDirector
	config *config.Config
}

// drawSettings draws all but services, though those that drawPatchable may draw can
// be in it.
func drawSettings(r *rapid.T) *config.Config {
	c := config.Default()
	c.FTPPorts = rapid.SampledFrom([][]uint16{{21}, {2121}, {21, 80}}).Draw(r, "ftp")
	single := func(a string) netip.Prefix {
		return netip.PrefixFrom(netip.MustParseAddr(a), netip.MustParseAddr(a).BitLen())
	}
	for mark := range uint32(2) {
		for _, to := range []netip.Prefix{single(vip4), single(vip6), single(dip4), netip.MustParsePrefix("192.0.2.0/24")} {
			port := uint16(8000 + rapid.IntRange(0, 1).Draw(r, "port"))
			if needed := to == single(vip4) || to == single(vip6); needed || rapid.Bool().Draw(r, "rule") {
				c.Marks = append(c.Marks, config.Mark{Mark: 1 + mark, Destination: to, Ports: []config.PortRange{{First: port, Last: port}}})
			}
		}
	}
	first := rapid.SampledFrom([]uint16{2000, 3000}).Draw(r, "first local port")
	for _, a := range []string{local4, local6} {
		c.LocalAddresses = append(c.LocalAddresses, config.LocalRange{Addr: netip.MustParseAddr(a), First: first, Last: first + 999})
	}
	return c
}

// patchable are the keys of services that come and go.
func patchable() (keys []config.ServiceKey) {
	for _, f := range []family{ipv4, ipv6} {
		for _, k := range append(drawnKeys, config.ServiceKey{Protocol: lvs.TCP, Port: 2121}) {
			k.VIP = netip.MustParseAddr(f.bareOf(f.vip))
			keys = append(keys, k)
		}
		zero := map[bool]netip.Addr{true: netip.IPv4Unspecified(), false: netip.IPv6Unspecified()}[f == ipv4]
		keys = append(keys, config.ServiceKey{Mark: 1, VIP: zero}, config.ServiceKey{Mark: 2, VIP: zero})
	}
	return keys
}

// drawPatchable draws a service of k. Its scheduler does not guess.
func drawPatchable(r *rapid.T, k config.ServiceKey) config.Service {
	f := ipv6
	if k.VIP.Is4() {
		f = ipv4
	}
	s := drawService(r, f, k)
	s.Scheduler, s.Flags = rapid.SampledFrom([]string{"rr", "wlc", "sh"}).Draw(r, "scheduler"), 0
	methods := []lvs.Method{lvs.NAT, lvs.NAT, lvs.DirectRouting, lvs.Tunnel, lvs.FullNAT}
	if k.Protocol == lvs.SCTP {
		methods = methods[:3]
	}
	for i := range s.Reals {
		s.Reals[i].Method = rapid.SampledFrom(methods).Draw(r, "method")
	}
	if hasFullNAT(&s) {
		s.OnePacket = false
		if rapid.Bool().Draw(r, "own locals") {
			for _, a := range []string{local4, local6} {
				s.LocalAddresses = append(s.LocalAddresses, config.LocalRange{Addr: netip.MustParseAddr(a), First: 5000, Last: 5999})
			}
		}
	}
	s.MSSClamp = rapid.Bool().Draw(r, "clamp")
	return s
}

func (m *patched) apply(r *rapid.T) {
	if err := errorsOf(m.a.Apply(m.config), m.b.Apply(m.config)); err != nil {
		r.Fatal(err)
	}
}

// patch patches a, and gives b what comes of it. To b a service that takes the place
// of its like comes later than that goes.
func (m *patched) patch(r *rapid.T) {
	keys := rapid.SliceOfNDistinct(rapid.SampledFrom(patchable()), 1, 4, rapid.ID[config.ServiceKey]).Draw(r, "services")
	var p config.Patch
	next := *m.config
	next.Services = slices.Clone(next.Services)
	var added []config.Service
	for _, k := range keys {
		i := slices.IndexFunc(next.Services, func(s config.Service) bool { return s.ServiceKey == k })
		switch what := rapid.SampledFrom([]string{"change", "remove", "replace"}).Draw(r, "what"); {
		case i < 0:
			added = append(added, drawPatchable(r, k))
		case what == "change":
			next.Services[i] = drawPatchable(r, k)
		default:
			p.Removed = append(p.Removed, k)
			next.Services = slices.Delete(next.Services, i, i+1)
			if what == "replace" {
				added = append(added, drawPatchable(r, k))
			}
		}
	}
	for _, s := range next.Services {
		if slices.Contains(keys, s.ServiceKey) {
			p.Set = append(p.Set, s)
		}
	}
	next.Sysctl.SloppyTCP, next.Timeouts.UDP = rapid.IntRange(0, 1).Draw(r, "sloppy_tcp"), time.Duration(rapid.IntRange(1, 300).Draw(r, "udp"))*time.Second
	p.Sysctl, p.Timeouts = &next.Sysctl, &next.Timeouts
	without := next
	p.Set, next.Services = append(p.Set, added...), append(next.Services, added...)
	m.config = &next
	if err := errorsOf(m.a.Patch(p), m.b.Apply(&without), m.b.Apply(m.config)); err != nil {
		r.Fatal(err)
	}
}

// push takes one frame through both, which must end alike.
func (m *patched) push(t *testing.T, r *rapid.T) {
	f := rapid.SampledFrom([]family{ipv4, ipv6}).Draw(r, "family")
	client := fmt.Sprint(f.client, ":", rapid.IntRange(1, 30).Draw(r, "client"))
	vip := fmt.Sprint(f.vip, ":", rapid.SampledFrom([]int{21, 80, 500, 2121, 5060, 8000, 8001}).Draw(r, "port"))
	frame := packettest.UDP(client, vip, "data")
	if rapid.Bool().Draw(r, "tcp") {
		frame = packettest.TCP(client, vip, rapid.SampledFrom([]header.TCPFlags{header.FlagSYN, header.FlagACK}).Draw(r, "flags"), "")
	}
	_, a := m.a.push(t, slices.Clone(frame))
	_, b := m.b.push(t, frame)
	if fmt.Sprint(a) != fmt.Sprint(b) {
		r.Errorf("%v: verdicts are %v and %v", tupleOf(frame), a, b)
	}
}

// check is what holds after each step.
func (m *patched) check(r *rapid.T) {
	if a, b := fmt.Sprintf("%+v", m.a.Services()), fmt.Sprintf("%+v", m.b.Services()); a != b {
		r.Errorf("services are\n%s and\n%s", a, b)
	}
	totalA, _ := m.a.Total()
	totalB, _ := m.b.Total()
	if totalA != totalB {
		r.Errorf("totals are %+v and %+v", totalA, totalB)
	}
	if a, b := m.a.numbers(), m.b.numbers(); a != b {
		r.Errorf("destinations are\n%s and\n%s", a, b)
	}
	for name, d := range map[string]*testDirector{"patched": m.a, "applied": m.b} {
		for _, what := range d.disagreements(d.filter.rules) {
			r.Errorf("%s: %s", name, what)
		}
	}
}

// numbers returns the destinations by number.
func (d *Director) numbers() string {
	list := make([]string, len(d.byID))
	for i, dest := range d.byID {
		if dest != nil {
			list[i] = fmt.Sprint(dest.service, " ", dest.key, " ", dest.removed.Load())
		}
	}
	return fmt.Sprint(list)
}
