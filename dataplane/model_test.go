package dataplane

import (
	"bytes"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"xlvs/config"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// TestAnySequence takes whatever a network can say and an operator can apply, in
// any order. After each step every packet has one verdict and one owner, what was
// sent is sound, and the connections that are counted are those that are listed.
func TestAnySequence(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := &model{testDirector: newPair(t)}
		m.host = &fakeHost{room: 1 << 30}
		m.apply(r)
		r.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"apply":   m.apply,
			"frames":  func(r *rapid.T) { m.take(r, rapid.SliceOfN(rapid.Custom(drawFrame), 1, 8).Draw(r, "frames")...) },
			"session": func(r *rapid.T) { m.take(r, drawSession(r)...) },
			"wait":    func(r *rapid.T) { m.rest(r, rapid.SampledFrom([]int{1, 5, 61, 130}).Draw(r, "seconds")) },
			"hop": func(r *rapid.T) {
				real := rapid.SampledFrom([]string{real4, real6, second4, second6}).Draw(r, "real server")
				m.setState(real, rapid.SampledFrom([]neigh.HopState{
					neigh.Reachable, neigh.Reachable, neigh.Pending, neigh.Failed, neigh.Local, neigh.Unroutable,
				}).Draw(r, "state"))
			},
		})
	})
}

// A model is a director and what has left it.
type model struct {
	*testDirector
	sent int
}

func (m *model) apply(r *rapid.T) {
	if err := m.Apply(drawConfig(r)); err != nil {
		r.Fatal(err)
	}
}

// take takes frames through the worker, as many at once as it may get.
func (m *model) take(r *rapid.T, frames ...[]byte) {
	size := rapid.IntRange(1, len(frames)).Draw(r, "batch")
	w := m.workers[0]
	m.queue.in, m.queue.sent = frames, nil
	for {
		n, err := m.queue.Recv(w.packets[:size])
		if err != nil {
			break
		}
		w.handle(w.packets[:n])
	}
	m.collect(r)
}

// rest lets time pass, in which the worker is idle.
func (m *model) rest(r *rapid.T, seconds int) {
	for range seconds {
		m.wait(1)
		m.queue.sent = nil
		m.workers[0].handle(nil)
		m.collect(r)
	}
}

// collect takes note of what has been sent.
func (m *model) collect(r *rapid.T) {
	m.sent += len(m.queue.sent)
	for _, s := range m.queue.sent {
		if !bytes.Equal(packettest.Finish(s.frame), s.frame) {
			r.Errorf("a checksum is wrong in % x", s.frame)
		}
	}
}

// check is what holds after each step.
func (m *model) check(r *rapid.T) {
	held, verdicts := len(m.workers[0].held), uint64(0)
	for _, n := range m.Verdicts() {
		verdicts += n
	}
	if m.queue.given != m.sent+m.queue.dropped+held || uint64(m.queue.given) != verdicts+uint64(held) {
		r.Errorf("%d packets given, %d sent, %d dropped, %d held, %d verdicts", m.queue.given, m.sent, m.queue.dropped, held, verdicts)
	}
	for _, what := range m.disagreements(m.filter.rules) {
		r.Error(what)
	}
	if n := m.compareLoads(r); n != m.table.Len() {
		r.Errorf("%d are listed, %d counted", n, m.table.Len())
	}
}

// compareLoads compares what the table lists with what destinations count, and
// returns how many entries are listed.
func (m *model) compareLoads(r *rapid.T) (listed int) {
	type load struct{ active, total, persistent int32 }
	want := map[lvs.DestID]load{}
	for c := range m.Connections() {
		l := want[c.Dest]
		switch {
		case c.Template:
			l.persistent++
		case lvs.Active(c.Proto, c.State):
			l.active++
			fallthrough
		default:
			l.total++
		}
		want[c.Dest] = l
		listed++
		if int(c.Dest) >= len(m.byID) || m.byID[c.Dest] == nil {
			r.Errorf("destination %d of %s is forgotten", c.Dest, line(c))
		}
	}
	for id := range m.byID {
		l := m.loads.At(lvs.DestID(id))
		if got := (load{l.Active.Load(), l.Total.Load(), l.Persistent.Load()}); got != want[lvs.DestID(id)] {
			r.Errorf("destination %d counts %+v, of which the table lists %+v", id, got, want[lvs.DestID(id)])
		}
	}
	return listed
}

// drawnKeys are the services of a VIP that there may be.
var drawnKeys = []config.ServiceKey{
	{Protocol: lvs.TCP}, {Protocol: lvs.TCP, Port: 21}, {Protocol: lvs.TCP, Port: 80}, {Protocol: lvs.UDP, Port: 80},
	{Protocol: lvs.SCTP, Port: 80}, {Protocol: lvs.UDP, Port: 500}, {Protocol: lvs.UDP, Port: 5060},
}

// drawConfig draws some of the services that drawFrame has packets for.
func drawConfig(r *rapid.T) *config.Config {
	c := config.Default()
	for _, f := range []family{ipv4, ipv6} {
		vip := netip.MustParseAddr(f.bareOf(f.vip))
		for _, k := range drawnKeys {
			k.VIP = vip
			if rapid.IntRange(0, 3).Draw(r, k.String()) != 0 {
				c.Services = append(c.Services, drawService(r, f, k))
			}
		}
		for _, a := range []string{f.bareOf(f.vip), f.second()} { // the second real server is one of those whom a cache serves
			dst := netip.MustParseAddr(a)
			c.Marks = append(c.Marks, config.Mark{Mark: 1, Destination: netip.PrefixFrom(dst, dst.BitLen()), Ports: []config.PortRange{{First: 79, Last: 81}}})
		}
		if rapid.Bool().Draw(r, f.name()+" mark") {
			zero := map[bool]netip.Addr{true: netip.IPv4Unspecified(), false: netip.IPv6Unspecified()}[f == ipv4]
			c.Services = append(c.Services, drawService(r, f, config.ServiceKey{Mark: 1, VIP: zero}))
		}
	}
	on := rapid.IntRange(0, 1)
	s := &c.Sysctl
	for _, field := range []*int{
		&s.ExpireNodestConn, &s.ExpireQuiescentTemplate, &s.SloppyTCP, &s.SloppySCTP, &s.ScheduleICMP, &s.CacheBypass, &s.NATICMPSend,
	} {
		*field = on.Draw(r, "sysctl")
	}
	s.DropEntry, s.DropPacket, s.SecureTCP = 3*on.Draw(r, "drop_entry"), 3*on.Draw(r, "drop_packet"), 3*on.Draw(r, "secure_tcp")
	s.ConnReuseMode = rapid.IntRange(0, 3).Draw(r, "conn_reuse_mode")
	return c
}

func drawService(r *rapid.T, f family, k config.ServiceKey) config.Service {
	s := config.Service{ServiceKey: k, Scheduler: rapid.SampledFrom(lvs.SchedulerNames[:]).Draw(r, "scheduler")}
	if k.Port == 0 && k.Mark == 0 || rapid.Bool().Draw(r, "persistent") {
		s = persistent(s)
	}
	if k.Port == 5060 && s.Persistence != 0 {
		s.Engine = "sip"
	}
	s.OnePacket = rapid.Bool().Draw(r, "one packet")
	for _, a := range []string{f.bare(), f.second()} {
		if rapid.IntRange(0, 3).Draw(r, "there") != 0 {
			s.Reals = append(s.Reals, config.Real{
				RealKey: config.RealKey{Addr: netip.MustParseAddr(a), Port: k.Port},
				Method:  rapid.SampledFrom([]lvs.Method{lvs.NAT, lvs.DirectRouting}).Draw(r, "method"),
				Weight:  rapid.IntRange(0, 2).Draw(r, "weight"), Upper: rapid.SampledFrom([]int{0, 0, 3}).Draw(r, "upper"),
			})
		}
	}
	return s
}
