package dataplane

import (
	"bytes"
	"fmt"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/host"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A real server that is the director's own host gets packets through the host as
// they came, whatever their TTL; where the host does not have the VIP it would
// not know them.
func TestLocalRealServer(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
			for _, p := range []lvs.Protocol{lvs.TCP, lvs.UDP} {
				t.Run(fmt.Sprint(f.name(), " ", m, " ", p), func(t *testing.T) {
					d := newPair(t)
					d.setState(f.bare(), neigh.Local)
					h := &fakeHost{room: 0} // which no request of a connection asks for
					d.host = h
					d.configure(t, testConfig(testService(p, m, f.bare())))
					in := packettest.TTL(exchange(p, f.client+":4242", f.vip+":80", header.FlagSYN), 1)
					long := packettest.UDP(f.client+":4242", f.vip+":80", string(make([]byte, 3000)))
					if p == lvs.TCP {
						long = packettest.TCP(f.client+":4242", f.vip+":80", header.FlagACK, string(make([]byte, 3000)))
					}
					out, v := d.push(t, in, long)
					if v[Local] != 2 || len(out) != 0 || len(h.given) != 2 {
						t.Fatalf("verdicts = %v, sent %d frames, gave %d", v, len(out), len(h.given))
					}
					if !bytes.Equal(h.given[0], in) || !bytes.Equal(h.given[1], long) {
						t.Errorf("the host got\n% x, want\n% x", h.given[0], in)
					}
					if c := d.Services()[0].Counters; c.Conns != 1 || c.InPkts != 2 || d.table.Len() != 1 {
						t.Errorf("counters = %+v, %d in the table", c, d.table.Len())
					}
					d.router.locals = nil
					d.followLocals()
					if _, v := d.push(t, in); v[NoRoute] != 1 {
						t.Errorf("a VIP that the host has not: verdicts = %v", v)
					}
				})
			}
		}
	}
}

// It takes its turn with the others.
func TestLocalRealServerAmongOthers(t *testing.T) {
	d := newPair(t)
	d.setState(real4, neigh.Local)
	d.host = &fakeHost{}
	d.configure(t, testConfig(testService(lvs.TCP, lvs.DirectRouting, real4, second4)))
	_, v := d.push(t, syn4(1), syn4(2), syn4(3), syn4(4))
	if v[Local] != 2 || v[Forward] != 2 {
		t.Errorf("verdicts = %v, want two each", v)
	}
}

// A reply to a client on the director itself enters the host without the tags that
// it had on the real server's link.
func TestTaggedReplyToLocalClient(t *testing.T) {
	for _, c := range withNAT() {
		for name, tags := range map[string][]uint16{"untagged": nil, "tagged": {7}, "tagged twice": {7, 9}} {
			t.Run(c.String()+", "+name, func(t *testing.T) {
				d := newTestDirector(t, c.service(lvs.TCP))
				d.door, d.ports = new(host.Door), make([]port, 2)
				s := c.open(t, d, syn)
				d.setState(c.client.bareOf(c.client.client), neigh.Local)
				in := packettest.TCP(s.real, s.seen, header.FlagSYN|header.FlagACK, "")
				if tags != nil {
					in = packettest.VLAN(in, tags...)
				}
				out, v := d.push(t, in)
				if v[Forward] != 1 || len(out) != 1 || out[0].port != d.doorPort() {
					t.Fatalf("verdicts = %v, sent %d frames, want one into the door", v, len(out))
				}
				want := left(packettest.TCP(s.vip, s.client, header.FlagSYN|header.FlagACK, ""), d.door.MAC(), d.door.MAC())
				if want = freelyTranslated(out[0].frame, packettest.VLAN(in), want); !bytes.Equal(out[0].frame, want) {
					t.Errorf("sent\n% x, want\n% x", out[0].frame, want)
				}
			})
		}
	}
}
