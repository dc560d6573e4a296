package dataplane

import (
	"fmt"
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

func onePacket(s config.Service) config.Service {
	s.OnePacket = true
	return s
}

// Each datagram of a one-packet service is scheduled anew, is in no table, and
// counts as a connection.
func TestOnePacket(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		t.Run(f.name(), func(t *testing.T) {
			d := newPair(t)
			d.configure(t, testConfig(onePacket(testService(lvs.UDP, lvs.NAT, f.bare(), f.second()))))
			in := packettest.UDP(f.client+":4242", f.vip+":80", "data")
			stops := map[string]int{}
			for range 10 {
				stops[d.stopOf(t, in)]++
			}
			if len(stops) != 2 || stops[netip.AddrPortFrom(netip.MustParseAddr(f.bare()), 8080).String()] != 5 {
				t.Errorf("ten datagrams went to %v, want five to each", stops)
			}
			s := d.Services()[0]
			if c := s.Counters; c.Conns != 10 || c.InPkts != 10 || d.table.Len() != 0 {
				t.Errorf("counters = %+v, %d in the table", c, d.table.Len())
			}
			for _, r := range s.Destinations {
				if r.Counters.Conns != 5 || r.Active+r.Inactive != 0 {
					t.Errorf("real server = %+v, want 5 connections, and none left", r)
				}
			}
			// Under nat nobody can tell whose reply that is.
			if v := d.verdict(t, packettest.UDP(f.real+":8080", f.client+":4242", "answer")); v != NotOurs {
				t.Errorf("reply: verdict = %q", v)
			}
		})
	}
}

// Under dr nothing but the station changes.
func TestOnePacketDirectRouting(t *testing.T) {
	d := newPair(t)
	d.configure(t, testConfig(onePacket(testService(lvs.UDP, lvs.DirectRouting, real4))))
	in := packettest.UDP(client4+":4242", vip4+":80", "data")
	if out := d.forwarded(t, in); string(out) != string(toReal(in)) {
		t.Errorf("sent\n% x, want\n% x", out, toReal(in))
	}
	// An error about one counts for nobody, since nobody finds its connection.
	if out, _ := d.push(t, packettest.TTL(in, 1)); len(out) != 1 || d.Services()[0].Counters.OutPkts != 0 {
		t.Errorf("sent %d errors, and counted %+v", len(out), d.Services()[0].Counters)
	}
}

// Segments of a one-packet service by mark are ordinary, and so are those of a
// TCP service that says it is one.
func TestOnePacketIsForDatagrams(t *testing.T) {
	mark := markService(1, lvs.NAT, real4, second4)
	for name, s := range map[string]config.Service{"by mark": mark, "of TCP": testService(lvs.TCP, lvs.NAT, real4, second4)} {
		t.Run(name, func(t *testing.T) {
			d := newPair(t)
			c := testConfig(onePacket(s))
			if s.Mark != 0 {
				c.Marks = []config.Mark{{Mark: 1, Destination: netip.MustParsePrefix(vip4 + "/32")}}
			}
			d.configure(t, c)
			first := d.stopOf(t, syn4(1))
			for range 3 {
				if got := d.stopOf(t, packettest.TCP(client4+":1", vip4+":80", header.FlagACK, "data")); got != first {
					t.Errorf("went to %s, before to %s", got, first)
				}
			}
			if d.table.Len() != 1 || d.Services()[0].Counters.Conns != 1 {
				t.Errorf("%d in the table, %d scheduled, want 1", d.table.Len(), d.Services()[0].Counters.Conns)
			}
			if s.Mark != 0 {
				d.forwarded(t, packettest.UDP(client4+":1", vip4+":80", "data"))
				if d.table.Len() != 1 || d.Services()[0].Counters.Conns != 2 {
					t.Errorf("after a datagram: %d in the table, %d scheduled", d.table.Len(), d.Services()[0].Counters.Conns)
				}
			}
		})
	}
}

// With persistence a client's datagrams go where its template says.
func TestPersistentOnePacket(t *testing.T) {
	d := newPair(t)
	d.configure(t, testConfig(persistent(onePacket(testService(lvs.UDP, lvs.NAT, real4, second4)))))
	stops := map[string]bool{}
	for port := range 6 {
		stops[d.stopOf(t, packettest.UDP(fmt.Sprint(client4, ":", port+1), vip4+":80", "data"))] = true
	}
	if len(stops) != 1 || d.table.Len() != 1 || d.table.Templates() != 1 {
		t.Errorf("went to %v, %d in the table", stops, d.table.Len())
	}
	if n := d.Services()[0].Counters.Conns; n != 6 {
		t.Errorf("%d connections were scheduled, want 6", n)
	}
}

// Only the SIP engine knows the replies of a one-packet service.
func TestOnePacketCalls(t *testing.T) {
	d := newSIP(t, onePacket(sipService(ipv4)))
	real := d.stopOf(t, packettest.UDP(client4+":1", vip4+":5060", sipText("one")))
	for range 2 {
		sent := tupleOf(d.forwarded(t, packettest.UDP(real, client4+":1", sipText("one"))))
		if sent.Src != addr(vip4) || sent.SrcPort != 5060 {
			t.Errorf("reply leaves as %v", sent)
		}
	}
	if d.table.Len() != 1 || d.table.Templates() != 1 || d.Services()[0].Counters.Conns != 3 {
		t.Errorf("%d in the table, %d templates, counters %+v", d.table.Len(), d.table.Templates(), d.Services()[0].Counters)
	}
}

// A packet of a one-packet service that waits for its next hop is sent as what it
// was scheduled as.
func TestOnePacketIsHeld(t *testing.T) {
	d := newPair(t)
	d.configure(t, testConfig(onePacket(testService(lvs.UDP, lvs.NAT, real4))))
	d.setState(real4, neigh.Pending)
	d.push(t, packettest.UDP(client4+":1", vip4+":80", "data"))
	d.setState(real4, neigh.Reachable)
	d.workers[0].handle(nil)
	if sent := d.queue.sent; len(sent) != 1 || stop(tupleOf(sent[0].frame)) != real4+":8080" {
		t.Errorf("sent %v, want one frame to the real server", sent)
	}
}
