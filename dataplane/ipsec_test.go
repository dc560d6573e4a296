package dataplane

import (
	"bytes"
	"fmt"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// keyService returns the service of IPsec's key exchange.
func keyService(m lvs.Method, reals ...string) config.Service {
	return toPort(onPort(testService(lvs.UDP, m, reals...), isakmp), isakmp)
}

func ah(src, dst string) []byte  { return packettest.AH(src, dst, header.ProtoUDP, 7, "in the clear") }
func esp(src, dst string) []byte { return packettest.ESP(src, dst, 7, "what nobody reads") }

// Packets of IPsec follow the connection in which their keys were agreed upon.
// Under nat their addresses change and nothing else, both ways.
func TestIPsec(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		client, vip, real := f.bareOf(f.client), f.bareOf(f.vip), f.bare()
		for name, build := range map[string]func(src, dst string) []byte{"AH": ah, "ESP": esp} {
			for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
				t.Run(fmt.Sprint(f.name(), " ", name, " ", m), func(t *testing.T) {
					d := newPair(t)
					d.configure(t, testConfig(keyService(m, real)))
					d.forwarded(t, packettest.UDP(f.client+":500", f.vip+":500", "keys"))
					to, answer := real, build(real, client)
					if m == lvs.DirectRouting {
						to, answer = vip, build(vip, client)
					}
					if got, want := d.forwarded(t, build(client, vip)), toReal(build(client, to)); !bytes.Equal(got, want) {
						t.Errorf("request is\n% x, want\n% x", got, want)
					}
					if got, want := d.forwarded(t, answer), toClient(build(vip, client)); !bytes.Equal(got, want) {
						t.Errorf("answer is\n% x, want\n% x", got, want)
					}
					if c := d.Services()[0].Counters; c.Conns != 1 || c.InPkts != 2 || c.OutPkts != 1 || d.table.Len() != 1 {
						t.Errorf("counters = %+v, %d in the table", c, d.table.Len())
					}
				})
			}
		}
	}
}

// Without that connection they begin none, and are the host's.
func TestIPsecWithoutKeys(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for name, build := range map[string]func(src, dst string) []byte{"AH": ah, "ESP": esp} {
			for who, in := range map[string][]byte{
				"the client":      build(f.bareOf(f.client), f.bareOf(f.vip)),
				"another client":  build(f.bareOf(f.another()), f.bareOf(f.vip)),
				"the real server": build(f.bare(), f.bareOf(f.another())),
			} {
				d := newPair(t)
				d.configure(t, testConfig(keyService(lvs.NAT, f.bare())))
				if who != "the client" {
					d.forwarded(t, packettest.UDP(f.client+":500", f.vip+":500", "keys"))
				}
				h := &fakeHost{room: 1}
				d.host = h
				if v := d.verdict(t, in); v != ToHost || len(h.given) != 1 || !bytes.Equal(h.given[0], in) {
					t.Errorf("%s %s from %s: verdict = %q, the host got % x", f.name(), name, who, v, h.given)
				}
			}
		}
	}
}

// They keep the connection alive, whose own packets are few.
func TestIPsecKeepsItsConnection(t *testing.T) {
	d := newPair(t)
	d.configure(t, testConfig(keyService(lvs.NAT, real4)))
	d.forwarded(t, packettest.UDP(client4+":500", vip4+":500", "keys"))
	for range 5 {
		d.wait(200)
		d.forwarded(t, esp(client4, vip4))
	}
	d.wait(301)
	if v := d.verdict(t, esp(client4, vip4)); v != NotOurs {
		t.Errorf("after 301 s of silence: verdict = %q", v)
	}
}

// An error about such a packet is translated, addresses alone.
func TestErrorsAboutIPsec(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		typ := map[bool]uint8{true: 3, false: 1}[f == ipv4]
		client, vip, real := f.bareOf(f.client), f.bareOf(f.vip), f.bare()
		d := newPair(t)
		d.configure(t, testConfig(keyService(lvs.NAT, real)))
		d.forwarded(t, packettest.UDP(f.client+":500", f.vip+":500", "keys"))
		got := d.forwarded(t, packettest.ICMPError(client, typ, 1, 0, esp(vip, client)))
		if want := toReal(packettest.ICMPError(client, typ, 1, 0, esp(real, client))); !bytes.Equal(got, want) {
			t.Errorf("%s: sent\n% x, want\n% x", f.name(), got, want)
		}
	}
}
