package dataplane

import (
	"bytes"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// cutTo returns frame with n bytes behind its IP header.
func (f family) cutTo(n int, src, dst string, frame []byte) []byte {
	return packettest.IP(f.bareOf(src), f.bareOf(dst), header.ProtoTCP, packettest.Transport(frame)[:n])
}

// damaged returns frame with another last byte.
func damaged(frame []byte) []byte {
	frame = bytes.Clone(frame)
	frame[len(frame)-1] ^= 1
	return frame
}

// Some packets of a connection are dropped before they count, or take it a step on,
// and some after that.
func TestWhatCounts(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		client, vip, real := f.client+":4242", f.vip+":80", f.real+":8080"
		request, reply := packettest.TCP(client, vip, header.FlagACK, "x"), packettest.TCP(real, client, header.FlagRST, "x")
		kind := map[bool]uint8{true: header.ICMPDstUnreachable, false: header.ICMPv6DstUnreachable}[f == ipv4]
		aboutReply := packettest.ICMPError(f.bareOf(f.client), kind, 0, 0, packettest.TCP(vip, client, header.FlagACK, "x"))
		aboutRequest := packettest.ICMPError(f.bare(), kind, 0, 0, packettest.TCP(client, real, header.FlagACK, "x"))
		tests := map[string]struct {
			in     []byte
			want   Verdict
			counts Counters
			steps  bool
		}{
			"request":                            {request, Forward, Counters{InPkts: 1}, true},
			"reply":                              {reply, Forward, Counters{OutPkts: 1}, true},
			"request whose hops are over":        {packettest.TTL(request, 1), TTLExceeded, Counters{InPkts: 1}, true},
			"reply whose hops are over":          {packettest.TTL(reply, 1), TTLExceeded, Counters{}, false},
			"request cut short behind the ports": {f.cutTo(6, f.client, f.vip, request), Unreadable, Counters{InPkts: 1}, false},
			"request cut short in the ports":     {f.cutTo(3, f.client, f.vip, request), Unreadable, Counters{}, false},
			"reply cut short":                    {f.cutTo(6, f.real, f.client, reply), Unreadable, Counters{}, false},
			"cut short, of no connection":        {f.cutTo(6, f.client, f.vip, packettest.TCP(f.client+":1", vip, 0, "")), Unreadable, Counters{}, false},
			"cut short, and nobody's":            {f.cutTo(6, f.client, f.client, request), Unreadable, Counters{}, false},
			"error of the client":                {aboutReply, Forward, Counters{InPkts: 1}, false},
			"error of the client, damaged":       {damaged(aboutReply), BadChecksum, Counters{}, false},
			"error of the real server":           {aboutRequest, Forward, Counters{OutPkts: 1}, false},
			"error of the real server, damaged":  {damaged(aboutRequest), BadChecksum, Counters{}, false},
		}
		for name, tt := range tests {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, f.bare()))
				d.forwarded(t, packettest.TCP(client, vip, header.FlagSYN, ""))
				before := d.Services()[0].Counters
				if v := d.verdict(t, tt.in); v != tt.want {
					t.Fatalf("verdict = %q, want %q", v, tt.want)
				}
				got := d.Services()[0].Counters.since(before)
				if got.InBytes, got.OutBytes = 0, 0; got != tt.counts {
					t.Errorf("counted %+v, want %+v", got, tt.counts)
				}
				if steps := d.state() != "SYN_RECV"; steps != tt.steps {
					t.Errorf("the connection is in %s", d.state())
				}
			})
		}
	}
}

// An error about a request counts as a reply, where real servers have the service's
// address.
func TestWhatAnswersCount(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
			for name, answered := range map[string]bool{"answered": true, "too often": false} {
				t.Run(f.name()+" "+m.String()+" "+name, func(t *testing.T) {
					d := newTestDirector(t, testService(lvs.TCP, m, f.bare()))
					syn := packettest.TCP(f.client+":4242", f.vip+":80", header.FlagSYN, "")
					d.forwarded(t, syn)
					for !answered && d.workers[0].limit.Allow(d.now) {
					}
					out, _ := d.push(t, packettest.TTL(syn, 1))
					var want Counters
					if m == lvs.DirectRouting && answered {
						want = Counters{OutPkts: 1, OutBytes: uint64(len(packettest.Network(out[0].frame)))}
					}
					if c := d.Services()[0].Counters; c.OutPkts != want.OutPkts || c.OutBytes != want.OutBytes || c.InPkts != 2 {
						t.Errorf("counted %+v, want %+v", c, want)
					}
				})
			}
		}
	}
}
