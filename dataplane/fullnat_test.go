package dataplane

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// The director's local addresses.
const local4, local6 = "203.0.113.2", "2001:db8:2::2"

// A crossing is the families of a service's clients and of its real server, and
// how that is reached.
type crossing struct {
	client, real family
	method       lvs.Method
}

// crossings are all that fullnat has.
var crossings = []crossing{
	{ipv4, ipv4, lvs.FullNAT}, {ipv6, ipv6, lvs.FullNAT}, {ipv4, ipv6, lvs.FullNAT}, {ipv6, ipv4, lvs.FullNAT},
}

// withNAT are those of fullnat and of nat.
func withNAT() []crossing {
	return append(crossings[:len(crossings):len(crossings)], crossing{ipv4, ipv4, lvs.NAT}, crossing{ipv6, ipv6, lvs.NAT})
}

func (c crossing) String() string {
	return fmt.Sprint(c.method, ", ", c.client.name(), " to ", c.real.name())
}

// service returns a service of such clients with such a real server.
func (c crossing) service(p lvs.Protocol) config.Service {
	s := testService(p, c.method, c.real.bare())
	s.VIP = netip.MustParseAddr(c.client.bareOf(c.client.vip))
	s.LocalAddresses = []config.LocalRange{locals(local4, 1024, 65535), locals(local6, 1024, 65535)}
	return s
}

func locals(a string, first, last uint16) config.LocalRange {
	return config.LocalRange{Addr: netip.MustParseAddr(a), First: first, Last: last}
}

// A session is a connection by such a service, between endpoints as packettest
// wants them. The real server takes seen for the client.
type session struct {
	*testDirector
	crossing
	client, vip, seen, real string
}

// open begins a session.
func (c crossing) open(t testing.TB, d *testDirector, first func(src, dst string) []byte) *session {
	t.Helper()
	s := &session{d, c, c.client.client + ":4242", c.client.vip + ":80", "", c.real.real + ":8080"}
	s.seen = seenBy(d.forwarded(t, first(s.client, s.vip)))
	return s
}

// seenBy returns the sender of a frame that leaves for a real server.
func seenBy(frame []byte) string {
	tu := tupleOf(frame)
	return netip.AddrPortFrom(tu.Src.Netip(), tu.SrcPort).String()
}

// request checks that in leaves for the real server as want, with one hop less.
func (s *session) request(t *testing.T, in, want []byte) {
	t.Helper()
	s.passes(t, in, toReal(want), 1)
}

// reply checks that in leaves for the client as want, with one hop less.
func (s *session) reply(t *testing.T, in, want []byte) {
	t.Helper()
	s.passes(t, in, toClient(want), 0)
}

func (s *session) passes(t *testing.T, in, want []byte, port uint16) {
	t.Helper()
	out, v := s.push(t, in)
	if v[Forward] != 1 || len(out) != 1 || out[0].port != port {
		t.Fatalf("%v: verdicts = %v, sent %d frames", tupleOf(in), v, len(out))
	}
	if want = freelyTranslated(out[0].frame, in, want); !bytes.Equal(out[0].frame, want) {
		t.Errorf("%v leaves as\n% x, want\n% x", tupleOf(in), out[0].frame, want)
	}
}

// freelyTranslated returns want, what in has become, with the identification that
// got has if that has been made up: of a short packet that was one of IPv6, which
// may be fragmented now.
func freelyTranslated(got, in, want []byte) []byte {
	if packettest.Network(in)[0]>>4 != 6 || packettest.Network(want)[0]>>4 != 4 || len(packettest.Network(want)) > 1260 {
		return want
	}
	want = bytes.Clone(want)
	h := header.IPv4(packettest.Network(want))
	h.SetFragment(0, 0)
	h.SetID(header.IPv4(packettest.Network(got)).ID())
	h.SetChecksum(h.ComputeChecksum())
	return want
}

// TestFullNAT takes a conversation through every pair of families and protocol.
func TestFullNAT(t *testing.T) {
	for _, c := range crossings {
		for _, p := range []lvs.Protocol{lvs.TCP, lvs.UDP} {
			t.Run(fmt.Sprint(c, " ", p), func(t *testing.T) {
				d := newTestDirector(t, c.service(p))
				s := c.open(t, d, func(src, dst string) []byte { return exchange(p, src, dst, header.FlagSYN) })
				local := netip.MustParseAddrPort(s.seen)
				if want := map[bool]string{true: local4, false: local6}[c.real == ipv4]; local.Addr().String() != want || local.Port() < 1024 {
					t.Fatalf("the real server sees %v, want a port from 1024 on of %s", local, want)
				}
				for _, flags := range []header.TCPFlags{header.FlagSYN, header.FlagACK, header.FlagACK | header.FlagPSH, header.FlagFIN | header.FlagACK} {
					s.request(t, exchange(p, s.client, s.vip, flags), exchange(p, s.seen, s.real, flags))
					if flags == header.FlagSYN {
						flags |= header.FlagACK
					}
					s.reply(t, exchange(p, s.real, s.seen, flags), exchange(p, s.vip, s.client, flags))
				}
				v := d.Services()[0]
				if n := v.Counters; n.Conns != 1 || n.InPkts != 5 || n.OutPkts != 4 || n.InBytes == 0 || n.OutBytes == 0 {
					t.Errorf("counters = %+v", n)
				}
				if r := v.Destinations[0]; r.Active != 0 || r.Inactive != 1 {
					t.Errorf("active %d, inactive %d, want 0 and 1", r.Active, r.Inactive)
				}
				for l := range d.Connections() {
					if l.Local.Netip() != local.Addr() || l.LocalPort != local.Port() || l.Method != lvs.FullNAT {
						t.Errorf("listed is %+v, want it to come from %v", l, local)
					}
				}
			})
		}
	}
}

// Clients with the same port come to one real server from different ports, and
// each gets its own answer.
func TestFullNATKeepsClientsApart(t *testing.T) {
	for _, c := range crossings {
		t.Run(c.String(), func(t *testing.T) {
			d := newPair(t)
			d.apply(t, c.service(lvs.TCP))
			first := c.open(t, d, func(src, dst string) []byte { return packettest.TCP(src, dst, header.FlagSYN, "") })
			second := *first
			second.client = c.client.another() + ":4242"
			second.seen = seenBy(d.forwarded(t, packettest.TCP(second.client, second.vip, header.FlagSYN, "")))
			if first.seen == second.seen {
				t.Fatalf("both come from %s", first.seen)
			}
			for _, s := range []*session{first, &second} {
				s.reply(t, packettest.TCP(s.real, s.seen, header.FlagACK, "for you"), packettest.TCP(s.vip, s.client, header.FlagACK, "for you"))
			}
		})
	}
}

// Real servers of both families share a service.
func TestFullNATMixedPool(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		s := crossing{f, ipv4, lvs.FullNAT}.service(lvs.TCP)
		s.Reals = append(s.Reals, testService(lvs.TCP, lvs.FullNAT, real6).Reals...)
		d := newTestDirector(t, s)
		seen := map[bool]int{}
		for port := range 8 {
			tu := tupleOf(d.forwarded(t, packettest.TCP(fmt.Sprint(f.client, ":", 4242+port), f.vip+":80", header.FlagSYN, "")))
			seen[tu.Dst.Is4()]++
		}
		if seen[true] != 4 || seen[false] != 4 {
			t.Errorf("%s: %d of 8 connections went to IPv4, %d to IPv6", f.name(), seen[true], seen[false])
		}
	}
}
