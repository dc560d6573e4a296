package dataplane

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A transparent cache: where it is out, clients reach whom they meant.
func TestCacheBypass(t *testing.T) {
	const origin4, origin6 = "203.0.113.80", "2001:db8:80::1"
	for _, f := range []family{ipv4, ipv6} {
		origin := map[bool]string{true: origin4, false: "[" + origin6 + "]"}[f == ipv4]
		tests := map[string]struct {
			bypass, weight int
			hop            neigh.HopState
			onePacket      bool
			want           Verdict
			left           int
		}{
			"no cache":                  {1, 0, neigh.Reachable, false, Forward, 1},
			"no cache, one packet each": {1, 0, neigh.Reachable, true, Forward, 0},
			"the cache is there":        {1, 1, neigh.Reachable, false, Forward, 1},
			"no cache, and no bypass":   {0, 0, neigh.Reachable, false, NoDestination, 0},
			"meant for the director":    {1, 0, neigh.Local, false, NoDestination, 0},
			"without a route":           {1, 0, neigh.Unroutable, false, NoDestination, 0},
		}
		for name, tt := range tests {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d := newPair(t)
				d.router.set(f.bareOf(origin), neigh.Hop{Port: 1, State: tt.hop, Src: directorMAC1, Dst: realMAC, MTU: 1500})
				s := markService(1, lvs.NAT, f.bare())
				s.Reals[0].Weight, s.OnePacket = tt.weight, tt.onePacket
				c := testConfig(s)
				c.Sysctl.CacheBypass = tt.bypass
				c.Marks = []config.Mark{{Mark: 1, Destination: netip.PrefixFrom(s.VIP, 0)}}
				d.configure(t, c)
				in := packettest.UDP(f.client+":4242", origin+":80", "GET /")
				for range 2 {
					out, v := d.push(t, in)
					if v[tt.want] != 1 || d.table.Len() != tt.left {
						t.Fatalf("verdicts = %v, %d in the table", v, d.table.Len())
					}
					if tt.weight == 0 && tt.want == Forward && !bytes.Equal(out[0].frame, toReal(in)) {
						t.Errorf("sent\n% x, want\n% x", out[0].frame, toReal(in))
					}
				}
				if counted := d.Services()[0].Counters.Conns != 0; counted != (tt.weight != 0) {
					t.Errorf("counters = %+v", d.Services()[0].Counters)
				}
				if total, _ := d.Total(); tt.weight == 0 && total != (Counters{}) {
					t.Errorf("total = %+v", total)
				}
			})
		}
	}
}

// What is bypassed once stays so, and is listed without a real server; its
// replies pass through unchanged.
func TestBypassedConnection(t *testing.T) {
	web := []config.Mark{{Mark: 1, Destination: netip.MustParsePrefix("203.0.113.0/24"), Ports: []config.PortRange{{First: 80, Last: 80}}}}
	d := newPair(t)
	c := testConfig(quiesced(markService(1, lvs.NAT, real4)))
	c.Sysctl.CacheBypass, c.Marks = 1, web
	d.configure(t, c)
	client, origin := client4+":4242", second4+":80"
	d.forwarded(t, packettest.TCP(client, origin, header.FlagSYN, ""))
	c = testConfig(markService(1, lvs.NAT, real4))
	c.Marks = web
	d.configure(t, c)
	for _, turn := range []struct{ in, want []byte }{
		{packettest.TCP(origin, client, header.FlagSYN|header.FlagACK, ""), toClient(packettest.TCP(origin, client, header.FlagSYN|header.FlagACK, ""))},
		{packettest.TCP(client, origin, header.FlagACK, "GET /"), toReal(packettest.TCP(client, origin, header.FlagACK, "GET /"))},
	} {
		if got := d.forwarded(t, turn.in); !bytes.Equal(got, turn.want) {
			t.Errorf("sent\n% x, want\n% x", got, turn.want)
		}
	}
	if got := fmt.Sprint(d.listed(false)); got != "[TCP 198.51.100.7:4242 203.0.113.12:80 0.0.0.0:0]" {
		t.Errorf("connections are %s", got)
	}
}
