package dataplane

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// What a pair has beside the hosts of a testDirector: a second real server and a
// second client of either family.
const (
	second4, second6   = secondReal, "2001:db8:2::12"
	client4b, client6b = "198.51.100.8", "2001:db8:c::8"
)

// newPair returns a director without services between two clients and two real
// servers of either family.
func newPair(t testing.TB) *testDirector {
	t.Helper()
	d := newTestDirector(t)
	for _, same := range [][2]string{{real4, second4}, {real6, second6}, {client4, client4b}, {client6, client6b}} {
		d.router.set(same[1], *d.router.hops[d.router.number[addr(same[0])]])
	}
	return d
}

// second returns the second real server of a family, without brackets.
func (f family) second() string { return map[bool]string{true: second4, false: second6}[f == ipv4] }

// another returns the second client of a family, as packettest wants it.
func (f family) another() string {
	return map[bool]string{true: client4b, false: "[" + client6b + "]"}[f == ipv4]
}

// testConfig is a configuration of services and nothing else.
func testConfig(services ...config.Service) *config.Config {
	c := config.Default()
	c.Services = services
	return c
}

func (d *testDirector) configure(t testing.TB, c *config.Config) {
	t.Helper()
	if err := d.Apply(c); err != nil {
		t.Fatal(err)
	}
}

// persistent returns s as a service that remembers clients for five minutes.
func persistent(s config.Service) config.Service {
	s.Persistence, s.MaskBits = 300*time.Second, s.VIP.BitLen()
	return s
}

// onPort returns s, its real servers too if they have the service's, on another port.
func onPort(s config.Service, port uint16) config.Service {
	s.Reals = append([]config.Real(nil), s.Reals...)
	for i := range s.Reals {
		if s.Reals[i].Port == s.Port {
			s.Reals[i].Port = port
		}
	}
	s.Port = port
	return s
}

// withReals returns s with the real servers that change has made of its own.
func withReals(s config.Service, change func(i int, r *config.Real)) config.Service {
	s.Reals = append([]config.Real(nil), s.Reals...)
	for i := range s.Reals {
		change(i, &s.Reals[i])
	}
	return s
}

// tupleOf returns the addressing of a frame.
func tupleOf(frame []byte) lvs.Tuple {
	var f flow
	f.read(packettest.Frame(frame))
	return f.tuple
}

// stop returns where a packet of a nat service went: its real server and port.
func stop(tu lvs.Tuple) string { return netip.AddrPortFrom(tu.Dst.Netip(), tu.DstPort).String() }

// forwarded takes in through the worker, which must forward it, and returns the
// frame that leaves.
func (d *testDirector) forwarded(t testing.TB, in []byte) []byte {
	t.Helper()
	out, v := d.push(t, in)
	if v[Forward] != 1 || len(out) != 1 {
		t.Fatalf("%v: verdicts = %v, sent %d frames, want it forwarded", tupleOf(in), v, len(out))
	}
	return out[0].frame
}

// stopOf is forwarded for what a nat service gets: it returns where it went.
func (d *testDirector) stopOf(t testing.TB, in []byte) string {
	t.Helper()
	return stop(tupleOf(d.forwarded(t, in)))
}

// verdict takes one frame through the worker and returns its verdict.
func (d *testDirector) verdict(t testing.TB, in []byte) Verdict {
	t.Helper()
	_, counted := d.push(t, in)
	if len(counted) != 1 {
		t.Fatalf("%v: verdicts = %v, want one", tupleOf(in), counted)
	}
	for v := range counted {
		return v
	}
	return undecided
}

// wait lets time pass as it does outside: second by second.
func (d *testDirector) wait(seconds int) {
	for range seconds {
		d.now += time.Second
		d.everySecond(int(d.now / time.Second))
	}
}

// listed returns the connections, or the templates, as text that leaves out when
// they expire and whose number they have.
func (d *testDirector) listed(templates bool) (list []string) {
	for c := range d.Connections() {
		if c.Template == templates {
			list = append(list, line(c))
		}
	}
	return list
}

func line(c conntrack.Listing) string {
	end := func(a lvs.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.Netip(), port) }
	return fmt.Sprint(c.Proto, " ", end(c.Client, c.ClientPort), " ", end(c.Virtual, c.VirtualPort), " ", end(c.Real, c.RealPort))
}

// setState gives the way to the host a another state.
func (d *testDirector) setState(a string, state neigh.HopState) {
	hop := *d.router.hops[d.router.number[addr(a)]]
	hop.State = state
	d.router.set(a, hop)
}
