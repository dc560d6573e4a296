package dataplane

import (
	"fmt"
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// newRemoved returns a director that has a connection from the client's port 1
// to a real server that is no longer there. The other one is.
func newRemoved(t *testing.T, f family, p lvs.Protocol, expire int) (d *testDirector, gone string) {
	t.Helper()
	d = newPair(t)
	s := testService(p, lvs.NAT, f.bare(), f.second())
	d.configure(t, testConfig(s))
	gone = d.stopOf(t, exchange(p, f.client+":1", f.vip+":80", header.FlagSYN))
	c := changed(s, gone, nil, nil)
	c.Sysctl.ExpireNodestConn = expire
	d.configure(t, c)
	return d, gone
}

// What a client sends to a real server that was removed vanishes, and its
// connection stays and ages; with expire_nodest_conn the connection is over.
func TestPacketsAfterRemoval(t *testing.T) {
	tests := map[string]struct {
		proto  lvs.Protocol
		flags  header.TCPFlags
		expire int
		want   Verdict
		conns  uint64 // scheduled in all
		left   int
	}{
		"data":                        {lvs.TCP, header.FlagACK, 0, DestinationGone, 1, 1},
		"the opening once more":       {lvs.TCP, header.FlagSYN, 0, DestinationGone, 1, 1},
		"a datagram":                  {lvs.UDP, 0, 0, DestinationGone, 1, 1},
		"data, and expire":            {lvs.TCP, header.FlagACK, 1, NotOurs, 1, 0},
		"the opening, and expire":     {lvs.TCP, header.FlagSYN, 1, Forward, 2, 1},
		"a datagram, and expire":      {lvs.UDP, 0, 1, Forward, 2, 1},
		"a reset of it, and expire":   {lvs.TCP, header.FlagRST, 1, NotOurs, 1, 0},
		"a reset of it, and it stays": {lvs.TCP, header.FlagRST, 0, DestinationGone, 1, 1},
	}
	for _, f := range []family{ipv4, ipv6} {
		for name, tt := range tests {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d, gone := newRemoved(t, f, tt.proto, tt.expire)
				out, v := d.push(t, exchange(tt.proto, f.client+":1", f.vip+":80", tt.flags))
				if v[tt.want] != 1 {
					t.Fatalf("verdicts = %v, want %q", v, tt.want)
				}
				if tt.want == Forward && stop(tupleOf(out[0].frame)) == gone {
					t.Errorf("went to %s, which is removed", gone)
				}
				if n := d.Services()[0].Counters.Conns; n != tt.conns || d.table.Len() != tt.left {
					t.Errorf("%d scheduled, %d left, want %d and %d", n, d.table.Len(), tt.conns, tt.left)
				}
			})
		}
	}
}

// Packets that vanish do not keep their connection alive.
func TestRemovedConnectionAges(t *testing.T) {
	d, _ := newRemoved(t, ipv4, lvs.TCP, 0)
	for range 61 {
		d.wait(1)
		d.push(t, syn4(1))
	}
	if n := d.Services()[0].Counters.Conns; n != 2 {
		t.Errorf("%d connections were scheduled, want a second one after the first", n)
	}
}

// With expire_nodest_conn what belongs to a removed real server goes within a
// second, packets or not, and the templates too.
func TestRemovedConnectionsAreKilled(t *testing.T) {
	for name, connections := range map[string]bool{"with connections": true, "with a template only": false} {
		for expire, left := range map[int]int{0: 2, 1: 0} {
			t.Run(fmt.Sprint(name, ", expire_nodest_conn ", expire), func(t *testing.T) {
				d := newPair(t)
				s := persistent(testService(lvs.UDP, lvs.NAT, real4))
				s.OnePacket = !connections
				d.configure(t, testConfig(s))
				d.forwarded(t, packettest.UDP(client4+":1", vip4+":80", "data"))
				c := testConfig(withReals(s, func(_ int, r *config.Real) { r.Addr = r.Addr.Next() }))
				c.Sysctl.ExpireNodestConn = expire
				d.configure(t, c)
				d.wait(1)
				if !connections {
					left /= 2
				}
				if n := d.table.Len(); n != left {
					t.Errorf("%d in the table, want %d", n, left)
				}
			})
		}
	}
}

// Replies of a removed real server still reach the client, uncounted.
func TestRepliesAfterRemoval(t *testing.T) {
	d, gone := newRemoved(t, ipv4, lvs.TCP, 0)
	before := d.Services()[0].Counters
	sent := tupleOf(d.forwarded(t, packettest.TCP(gone, client4+":1", header.FlagACK, "data")))
	if sent.Src != addr(vip4) || sent.SrcPort != 80 {
		t.Errorf("reply leaves as %v", sent)
	}
	if after := d.Services()[0].Counters; after != before {
		t.Errorf("counters are %+v, were %+v", after, before)
	}
}

// A real server that comes back resumes: its connections, its counters, and the
// clients that it had.
func TestRealServerResumes(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		d := newPair(t)
		s := persistent(testService(lvs.TCP, lvs.NAT, f.bare(), f.second()))
		d.configure(t, testConfig(s))
		gone := d.stopOf(t, packettest.TCP(f.client+":1", f.vip+":80", header.FlagSYN, ""))
		d.configure(t, changed(s, gone, nil, nil))
		d.push(t, packettest.TCP(f.client+":1", f.vip+":80", header.FlagACK, ""))
		d.configure(t, testConfig(s))
		for port, flags := range map[int]header.TCPFlags{1: header.FlagACK, 2: header.FlagSYN} {
			if got := d.stopOf(t, packettest.TCP(fmt.Sprint(f.client, ":", port), f.vip+":80", flags, "")); got != gone {
				t.Errorf("%s: port %d went to %s, want %s", f.name(), port, got, gone)
			}
		}
		r := d.Services()[0].Destinations[0]
		if r.String() != gone || r.Counters.Conns != 2 || r.Counters.InPkts != 3 || r.Active != 2 {
			t.Errorf("%s: real server = %+v, want 2 connections and 3 packets", f.name(), r)
		}
	}
}

// A service that is gone takes its real servers with it, of one by mark too, whose
// rules may be gone as well.
func TestPacketsAfterServiceIsGone(t *testing.T) {
	network := webConfig(ipv4)
	network.Marks[0].Destination = netip.MustParsePrefix("192.0.2.0/24")
	for name, tt := range map[string]struct {
		config *config.Config
		marks  []config.Mark // that stay
	}{
		"by address":                    {testConfig(testService(lvs.TCP, lvs.NAT, real4)), nil},
		"by mark":                       {webConfig(ipv4), webMarks(ipv4)},
		"by mark, and the rule":         {webConfig(ipv4), nil},
		"by mark, and the rule of more": {network, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := newPair(t)
			d.host = &fakeHost{room: 1000}
			d.configure(t, tt.config)
			d.forwarded(t, syn4(1))
			without := testConfig()
			without.Marks = tt.marks
			d.configure(t, without)
			if !d.filter.rules.Take(syn4(1)) {
				t.Error("packets of its connections are not taken")
			}
			if v := d.verdict(t, packettest.TCP(client4+":1", vip4+":80", header.FlagACK, "")); v != DestinationGone {
				t.Errorf("verdict = %q, want %q", v, DestinationGone)
			}
		})
	}
}

// A rule of marks that there is no more gives none, and is forgotten within a minute
// of the last connection that came by it.
func TestFormerMarkIsForgotten(t *testing.T) {
	other := webMarks(ipv4)
	other[0].Ports = []config.PortRange{{First: 8000, Last: 8000}}
	for name, next := range map[string]*config.Config{
		"the service gone": testConfig(), "the service there": webConfig(ipv4),
	} {
		t.Run(name, func(t *testing.T) {
			d := newPair(t)
			d.configure(t, webConfig(ipv4))
			d.forwarded(t, syn4(1))
			next.Marks = other
			d.configure(t, next)
			d.wait(formerEvery)
			if !d.filter.rules.Take(syn4(1)) || len(d.former) != 1 {
				t.Errorf("packets of a connection are not taken, %d former rules", len(d.former))
			}
			if v := d.verdict(t, syn4(2)); v != NotOurs {
				t.Errorf("a new connection: verdict = %q", v)
			}
			d.wait(2 * formerEvery)
			if d.filter.rules.Take(syn4(1)) || len(d.former) != 0 {
				t.Errorf("packets of no connection are taken, %d former rules", len(d.former))
			}
			if list := d.disagreements(d.filter.rules); list != nil {
				t.Errorf("in the end %q", list)
			}
		})
	}
}

// A rule that is back gives marks again.
func TestFormerMarkComesBack(t *testing.T) {
	d := newPair(t)
	d.configure(t, webConfig(ipv4))
	without := webConfig(ipv4)
	without.Marks[0].Ports = without.Marks[0].Ports[1:]
	d.configure(t, without)
	d.configure(t, webConfig(ipv4))
	d.forwarded(t, syn4(1))
	if len(d.former) != 1 { // the one in between
		t.Errorf("%d former rules", len(d.former))
	}
}
