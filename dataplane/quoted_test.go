package dataplane

import (
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// ttlOf returns the TTL of the packet in b.
func ttlOf(b []byte) uint8 {
	if b[0]>>4 == 4 {
		return header.IPv4(b).TTL()
	}
	return header.IPv6(b).HopLimit()
}

// However many errors there are, none that path MTU discovery waits for is left out.
func TestTooBigIsNotRateLimited(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	long := packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, string(make([]byte, 1480)))
	var frames [][]byte
	for range 200 {
		frames = append(frames, packettest.TTL(long, 1), long)
	}
	if out, v := d.push(t, frames...); v[TooBig] != 200 || len(out) < 200 || len(out) >= 300 {
		t.Errorf("%d errors for %v", len(out), v)
	}
}

// An error quotes its packet with the TTL that it has in the kernel when that finds
// the mistake.
func TestQuotedTTL(t *testing.T) {
	long := string(make([]byte, 1480))
	for _, f := range []family{ipv4, ipv6} {
		client, vip, real := f.client+":4242", f.vip+":80", f.real+":8080"
		request, reply := packettest.TCP(client, vip, header.FlagACK, ""), packettest.TCP(real, client, header.FlagACK, "")
		stranger := packettest.TCP(real, f.client+":4243", header.FlagACK, "")
		tests := map[string]struct {
			in           []byte
			client, real neigh.HopState
			want         Verdict
			came, quoted uint8
		}{
			"request whose hops are over":     {request, neigh.Reachable, neigh.Reachable, TTLExceeded, 1, 1},
			"reply whose hops are over":       {reply, neigh.Reachable, neigh.Reachable, TTLExceeded, 1, 1},
			"request that is too long":        {packettest.TCP(client, vip, header.FlagACK, long), neigh.Reachable, neigh.Reachable, TooBig, 64, 63},
			"reply that is too long":          {packettest.TCP(real, client, header.FlagACK, long), neigh.Reachable, neigh.Reachable, TooBig, 64, 64},
			"request without a route":         {request, neigh.Reachable, neigh.Unroutable, NoRoute, 64, 64},
			"request without a neighbour":     {request, neigh.Reachable, neigh.Failed, NoNeighbor, 64, 63},
			"reply without a neighbour":       {reply, neigh.Failed, neigh.Reachable, NoNeighbor, 64, 63},
			"reply of no connection":          {stranger, neigh.Reachable, neigh.Reachable, NoConnection, 64, 63},
			"the same, its hops over":         {stranger, neigh.Reachable, neigh.Reachable, TTLExceeded, 1, 1},
			"the same, to the director":       {stranger, neigh.Local, neigh.Reachable, NoConnection, 1, 1},
			"the same, from afar to nowhere":  {stranger, neigh.Unroutable, neigh.Reachable, NoConnection, 64, 63},
			"request that finds nobody there": {packettest.TCP(f.client+":4244", f.vip+":81", header.FlagSYN, ""), neigh.Reachable, neigh.Reachable, NoDestination, 1, 1},
		}
		for name, tt := range tests {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d := newPair(t)
				c := testConfig(testService(lvs.TCP, lvs.NAT, f.bare()), quiesced(onPort(testService(lvs.TCP, lvs.NAT, f.second()), 81)))
				c.Sysctl.NATICMPSend = 1
				d.configure(t, c)
				d.forwarded(t, packettest.TCP(client, vip, header.FlagSYN, ""))
				d.setState(f.bareOf(f.real), tt.real)
				d.setState(f.bareOf(f.client), tt.client)
				out, v := d.push(t, packettest.TTL(tt.in, tt.came))
				if v[tt.want] != 1 || len(out) != 1 {
					t.Fatalf("verdicts = %v, sent %d frames, want one %q and an answer", v, len(out), tt.want)
				}
				if got := ttlOf(packettest.Transport(out[0].frame)[header.ICMPSize:]); got != tt.quoted {
					t.Errorf("quoted with TTL %d, want %d", got, tt.quoted)
				}
			})
		}
	}
}
