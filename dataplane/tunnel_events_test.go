package dataplane

import (
	"bytes"
	"fmt"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// syn returns a client's first segment.
func (c tunnelCase) syn() []byte {
	return packettest.TCP(c.inner.client+":4242", c.inner.vip+":80", header.FlagSYN, "payload")
}

// What cannot be put into a tunnel is answered to the client, in its own family.
func TestTunnelAnswers(t *testing.T) {
	tests := map[string]struct {
		ttl   uint8
		state neigh.HopState
		want  Verdict
	}{
		"TTL of one":                    {1, neigh.Reachable, TTLExceeded},
		"no route":                      {64, neigh.Unroutable, NoRoute},
		"another way":                   {64, neigh.Foreign, NoRoute},
		"real server on the director":   {64, neigh.Local, NoRoute},
		"next hop that does not answer": {64, neigh.Failed, NoNeighbor},
	}
	for _, c := range tunnelCases() {
		for name, tt := range tests {
			t.Run(fmt.Sprint(c, " ", name), func(t *testing.T) {
				d := newTestDirector(t, c.service(lvs.TCP))
				d.setState(c.to, tt.state)
				in := packettest.TTL(c.syn(), tt.ttl)
				out, v := d.pushBalanced(t, in)
				if v[tt.want] != 1 || len(v) != 1 || len(out) != 1 {
					t.Fatalf("verdicts = %v, sent %d frames, want %v and an answer", v, len(out), tt.want)
				}
				checkAnswer(t, in, out[0].frame)
			})
		}
	}
}

// Packets wait for the tunnel's next hop as they came, super-frames too.
func TestTunnelWaitsForItsNextHop(t *testing.T) {
	for _, c := range tunnelCases() {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.service(lvs.TCP))
			d.setState(c.to, neigh.Pending)
			if out, v := d.push(t, c.syn()); len(out) != 0 || len(v) != 0 {
				t.Fatalf("verdicts = %v, sent %d frames before the hop is known", v, len(out))
			}
			super := gsoFrames(c.inner)["TCP"]
			if out, v := d.handleOne(t, superFrame(super.frame, super.kind, 1000)); v != undecided || len(out) != 0 {
				t.Fatalf("%v, sent %d frames before the hop is known", v, len(out))
			}
			d.setState(c.to, neigh.Reachable)
			d.workers[0].handle(nil)
			sent := d.queue.sent
			if len(sent) != 1+8 || d.Verdicts()[Forward] != 2 {
				t.Fatalf("sent %d frames, want a segment and eight of a super-frame", len(sent))
			}
			if got := c.open(t, sent[0]); !bytes.Equal(got, packettest.TTL(c.syn(), 63)) {
				t.Errorf("the tunnel holds % x", got)
			}
			checkText(t, c.arrivals(t, sent[1:]), 8000)
			if got := d.queue.dropped + len(sent); got != d.queue.given+1 || len(d.workers[0].held) != 0 {
				t.Errorf("gave %d frames, got back %d", d.queue.given+1, got)
			}
		})
	}
}

// An error about what the real server has sent to the client reaches it by the
// tunnel.
func TestErrorsIntoTunnels(t *testing.T) {
	for _, c := range tunnelCases() {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.service(lvs.TCP))
			d.forwarded(t, c.syn())
			reply := packettest.TCP(c.inner.vip+":80", c.inner.client+":4242", header.FlagACK, "data")
			router, typ, code := "198.51.100.1", uint8(header.ICMPDstUnreachable), uint8(header.ICMPHostUnreachable)
			if c.inner == ipv6 {
				router, typ, code = "2001:db8:c::1", header.ICMPv6DstUnreachable, header.ICMPv6AddressUnreachable
			}
			in := packettest.ICMPError(router, typ, code, 0, reply)
			out, v := d.pushBalanced(t, in)
			if v[Forward] != 1 || len(out) != 1 {
				t.Fatalf("verdicts = %v, sent %d frames", v, len(out))
			}
			if got, want := c.open(t, out[0]), packettest.TTL(in, 63); !bytes.Equal(got, want) {
				t.Errorf("the tunnel holds\n% x, want\n% x", got, want)
			}
			if n := d.Services()[0].Counters; n.InPkts != 2 {
				t.Errorf("counters = %+v, want two packets in", n)
			}
		})
	}
}

// Other options hold from the next packet on, of connections that stand as well.
func TestTunnelOptionsChange(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		t.Run(f.name(), func(t *testing.T) {
			d := newTestDirector(t)
			for _, k := range append(tunnelKinds, tunnelKinds[0]) {
				c := tunnelCase{k, f, f, f.bare()}
				d.apply(t, c.service(lvs.TCP))
				out, v := d.push(t, c.syn())
				if len(out) != 1 || v[Forward] != 1 {
					t.Fatalf("%v: verdicts = %v, sent %d frames", c, v, len(out))
				}
				if got := c.open(t, out[0]); !bytes.Equal(got, packettest.TTL(c.syn(), 63)) {
					t.Errorf("%v: the tunnel holds % x", c, got)
				}
			}
			if n := d.Services()[0].Counters; n.Conns != 1 || n.InPkts != uint64(len(tunnelKinds)+1) {
				t.Errorf("counters = %+v, want one connection", n)
			}
		})
	}
}

// A connection stays with the method that it began with, as in the kernel.
func TestMethodChanges(t *testing.T) {
	methods := []lvs.Method{lvs.Tunnel, lvs.NAT, lvs.DirectRouting}
	for _, f := range []family{ipv4, ipv6} {
		for _, first := range methods {
			for _, then := range methods {
				t.Run(fmt.Sprint(f.name(), " ", first, " to ", then), func(t *testing.T) {
					d := newTestDirector(t, methodService(f, first))
					in := packettest.TCP(f.client+":4242", f.vip+":80", header.FlagSYN, "")
					want := bytes.Clone(d.forwarded(t, in))
					d.apply(t, methodService(f, then))
					got := bytes.Clone(d.forwarded(t, in))
					if first == lvs.Tunnel { // the identification is another
						want, got = want[20:], got[20:]
						if f == ipv4 {
							want, got = want[10:], got[10:]
						}
					}
					if !bytes.Equal(got, want) {
						t.Errorf("sent\n% x, before\n% x", got, want)
					}
					super := superFrame(packettest.TCP(f.client+":4242", f.vip+":80", header.FlagACK, "xxxx"), packet.GSOTCP4, 2)
					if f == ipv6 {
						super.GSO.Kind = packet.GSOTCP6
					}
					if out, v := d.handleBalanced(t, super); v != Forward || len(out) != map[bool]int{true: 2, false: 1}[first == lvs.Tunnel] {
						t.Errorf("super-frame: %v, sent %d frames", v, len(out))
					}
				})
			}
		}
	}
}

// methodService returns a service of f whose real server has the port of it.
func methodService(f family, m lvs.Method) config.Service {
	return withReals(testService(lvs.TCP, m, f.bare()), func(_ int, r *config.Real) { r.Port = 80 })
}

// The packets of a flow leave from one port of GUE, those of others from others,
// whatever the worker.
func TestFlowsHavePorts(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		c := tunnelCase{tunnelKinds[3], f, f, f.bare()}
		d, ports := newTestDirector(t, c.service(lvs.UDP)), map[uint16]bool{}
		for port := range 64 {
			client := fmt.Sprint(f.client, ":", 4242+port)
			var one uint16
			for _, text := range []string{"", "a longer one"} {
				out := d.forwarded(t, packettest.UDP(client, f.vip+":80", text))
				u := header.UDP(packettest.Transport(out))
				if one != 0 && u.SrcPort() != one || u.SrcPort() < 32768 || u.DstPort() != 6080 {
					t.Errorf("from %s: ports %d and %d, before %d", client, u.SrcPort(), u.DstPort(), one)
				}
				one = u.SrcPort()
			}
			ports[one] = true
		}
		if len(ports) < 56 {
			t.Errorf("%s: 64 flows have %d ports", f.name(), len(ports))
		}
	}
}
