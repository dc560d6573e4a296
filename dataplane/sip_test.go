package dataplane

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// sipService returns the SIP service of a family, of all clients in its network.
func sipService(f family) config.Service {
	s := persistent(toPort(onPort(testService(lvs.UDP, lvs.NAT, f.bare(), f.second()), 5060), 5061))
	s.Engine, s.MaskBits = "sip", map[bool]int{true: 24, false: 64}[f == ipv4]
	return s
}

func newSIP(t *testing.T, s config.Service) *testDirector {
	d := newPair(t)
	d.configure(t, testConfig(s))
	return d
}

// sipText is a message of a call; "" is one that has no Call-ID.
func sipText(call string) string {
	text := "OPTIONS sip:service@example.org SIP/2.0\r\nVia: SIP/2.0/UDP host\r\n"
	if call != "" {
		text += "Call-ID: " + call + "\r\n"
	}
	return text + "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
}

// All of a call has one real server, whichever of the network's addresses and
// ports it comes from; the next call has the next one.
func TestCallsStayTogether(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		t.Run(f.name(), func(t *testing.T) {
			d := newSIP(t, sipService(f))
			message := func(client string, port int, call string) []byte {
				return packettest.UDP(fmt.Sprint(client, ":", port), f.vip+":5060", sipText(call))
			}
			one, two := d.stopOf(t, message(f.client, 1, "one")), d.stopOf(t, message(f.client, 2, "two"))
			if one == two {
				t.Errorf("both calls went to %s", one)
			}
			for i, tt := range []struct{ client, call, want string }{
				{f.another(), "one", one}, {f.client, "two", two}, {f.client, "one", one}, {f.another(), "two", two},
			} {
				if got := d.stopOf(t, message(tt.client, 10+i, tt.call)); got != tt.want {
					t.Errorf("call %s from %s went to %s, before to %s", tt.call, tt.client, got, tt.want)
				}
			}
			if got := d.calls(); !slices.Equal(got, []string{"one", "two"}) {
				t.Errorf("templates of calls %q, want one and two", got)
			}
		})
	}
}

// calls returns the Call-IDs of the templates.
func (d *testDirector) calls() (ids []string) {
	for c := range d.Connections() {
		if c.Template {
			ids = append(ids, c.Data)
		}
	}
	slices.Sort(ids)
	return ids
}

func TestNoCallID(t *testing.T) {
	for name, text := range map[string]string{
		"a message without one":     sipText(""),
		"something else":            "\x00\x01\x02\x03",
		"an empty datagram":         "",
		"a Call-ID without its end": "OPTIONS sip:a SIP/2.0\r\nCall-ID: abc",
	} {
		for _, f := range []family{ipv4, ipv6} {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d := newSIP(t, sipService(f))
				in := packettest.UDP(f.client+":4242", f.vip+":5060", text)
				if out, v := d.push(t, in); v[NoCallID] != 1 || len(out) != 0 || d.table.Len() != 0 {
					t.Errorf("verdicts = %v, sent %d frames, %d in the table", v, len(out), d.table.Len())
				}
			})
		}
	}
}

// What a datagram is about counts when it begins a connection only.
func TestConnectionNeedsNoCallID(t *testing.T) {
	d := newSIP(t, sipService(ipv4))
	client, vip := client4+":4242", vip4+":5060"
	d.forwarded(t, packettest.UDP(client, vip, sipText("one")))
	d.forwarded(t, packettest.UDP(client, vip, "\r\n\r\n")) // a keep-alive
}

// A real server that calls does so from the service's address, and what comes
// back reaches it, the call's other messages too.
func TestRealServerCalls(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for _, real := range []string{f.bare(), f.second()} {
			t.Run(f.name()+" "+real, func(t *testing.T) {
				d := newSIP(t, sipService(f))
				peer, from := f.client+":7000", netip.AddrPortFrom(netip.MustParseAddr(real), 5061).String()
				call := d.forwarded(t, packettest.UDP(from, peer, sipText("out")))
				want := toClient(packettest.UDP(f.vip+":5060", peer, sipText("out")))
				if !bytes.Equal(call, want) {
					t.Errorf("sent\n% x, want\n% x", call, want)
				}
				if got := d.stopOf(t, packettest.UDP(peer, f.vip+":5060", "answer")); got != from {
					t.Errorf("answer went to %s, want %s", got, from)
				}
				if got := d.stopOf(t, packettest.UDP(f.another()+":9", f.vip+":5060", sipText("out"))); got != from {
					t.Errorf("the call's next message went to %s, want %s", got, from)
				}
				if c := d.Services()[0].Counters; c.Conns != 2 || c.OutPkts != 1 || c.InPkts != 2 {
					t.Errorf("counters = %+v", c)
				}
			})
		}
	}
}

// A call that another real server goes on with is that one's.
func TestCallMovesToItsCaller(t *testing.T) {
	d := newSIP(t, sipService(ipv4))
	first := d.stopOf(t, packettest.UDP(client4+":1", vip4+":5060", sipText("one")))
	other := map[string]string{real4 + ":5061": second4 + ":5061", second4 + ":5061": real4 + ":5061"}[first]
	d.forwarded(t, packettest.UDP(other, client4+":2", sipText("one")))
	if got := d.stopOf(t, packettest.UDP(client4+":3", vip4+":5060", sipText("one"))); got != other {
		t.Errorf("went to %s, want %s, which called last", got, other)
	}
}

// A real server may call a peer that has a connection with another one: what the
// peer sends from then on reaches the caller. Each connection is counted once.
func TestCallToAPeerOfAnother(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		t.Run(f.name(), func(t *testing.T) {
			d := newSIP(t, sipService(f))
			peer, vip := f.client+":7000", f.vip+":5060"
			first := d.stopOf(t, packettest.UDP(peer, vip, sipText("in")))
			caller := map[string]string{f.bare(): f.second(), f.second(): f.bare()}[netip.MustParseAddrPort(first).Addr().String()]
			caller = netip.AddrPortFrom(netip.MustParseAddr(caller), 5061).String()
			for range 2 { // the second belongs to what the first has begun
				call := d.forwarded(t, packettest.UDP(caller, peer, sipText("out")))
				if want := toClient(packettest.UDP(vip, peer, sipText("out"))); !bytes.Equal(call, want) {
					t.Errorf("sent\n% x, want\n% x", call, want)
				}
			}
			if got := d.stopOf(t, packettest.UDP(peer, vip, "answer")); got != caller {
				t.Errorf("answer went to %s, want %s", got, caller)
			}
			for _, r := range d.Services()[0].Destinations {
				if r.Counters.Conns != 1 || r.Active+r.Inactive != map[string]int{caller: 1}[r.String()] {
					t.Errorf("%v: %d connections counted, %d active, %d inactive", r.RealKey, r.Counters.Conns, r.Active, r.Inactive)
				}
			}
		})
	}
}

// Who does not call for the service leaves as it came.
func TestNoCallOfTheService(t *testing.T) {
	plain := persistent(toPort(onPort(testService(lvs.UDP, lvs.NAT, real4), 5060), 5061))
	every := sipService(ipv4)
	every = onPort(every, 0)
	tests := map[string]struct {
		service config.Service
		in      []byte
	}{
		"no Call-ID":       {sipService(ipv4), packettest.UDP(real4+":5061", client4+":7000", sipText(""))},
		"another port":     {sipService(ipv4), packettest.UDP(real4+":5062", client4+":7000", sipText("out"))},
		"another host":     {sipService(ipv4), packettest.UDP("203.0.113.99:5061", client4+":7000", sipText("out"))},
		"a segment":        {sipService(ipv4), packettest.TCP(real4+":5061", client4+":7000", header.FlagSYN, sipText("out"))},
		"no engine":        {plain, packettest.UDP(real4+":5061", client4+":7000", sipText("out"))},
		"of every port":    {every, packettest.UDP(real4+":5061", client4+":7000", sipText("out"))},
		"a short ESP":      {ipsecSIP(), packettest.IP(real4, client4, uint8(lvs.ESP), nil)},
		"AH with the text": {ipsecSIP(), packettest.AH(real4, client4, header.ProtoUDP, 1, sipText("out"))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newSIP(t, tt.service)
			if out, v := d.push(t, tt.in); v[NotOurs] != 1 || len(out) != 0 || d.table.Len() != 0 {
				t.Errorf("verdicts = %v, sent %d frames, %d in the table", v, len(out), d.table.Len())
			}
		})
	}
}

// ipsecSIP returns a SIP service on the port that IPsec packets are looked up by.
func ipsecSIP() config.Service { return toPort(onPort(sipService(ipv4), isakmp), isakmp) }
