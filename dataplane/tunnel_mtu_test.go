package dataplane

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// datagramOf returns a datagram of a client to the VIP whose packet has n bytes.
// Routers may fragment it if it is one of IPv4 and df is not set.
func (c tunnelCase) datagramOf(n int, df bool) []byte {
	size := header.IPv4Size
	if c.inner == ipv6 {
		size = header.IPv6Size
	}
	in := packettest.UDP(c.inner.client+":4242", c.inner.vip+":80", strings.Repeat("x", n-size-header.UDPSize))
	if c.inner == ipv4 && !df {
		header.IPv4(packettest.Network(in)).SetID(7)
		header.IPv4(packettest.Network(in)).SetFragment(0, 0)
	}
	return packettest.Finish(in)
}

// tunnelTo returns a director that tunnels datagrams over a link of an MTU.
func (c tunnelCase) tunnelTo(t *testing.T, mtu, pmtuDisc int) *testDirector {
	t.Helper()
	d := newTestDirector(t)
	hop := *d.router.hops[d.router.number[addr(c.to)]]
	hop.MTU = mtu
	d.router.set(c.to, hop)
	conf := testConfig(c.service(lvs.UDP))
	conf.Sysctl.PMTUDisc = pmtuDisc
	d.configure(t, conf)
	return d
}

// TestTunnelMTU sends what fits a tunnel exactly, and a byte more.
func TestTunnelMTU(t *testing.T) {
	for _, c := range tunnelCases() {
		for _, mtu := range []int{1500, 9000} {
			t.Run(fmt.Sprint(c, " ", mtu), func(t *testing.T) {
				d, room := c.tunnelTo(t, mtu, 1), mtu-c.overhead()
				out, v := d.push(t, c.datagramOf(room, true))
				if v[Forward] != 1 || len(out) != 1 || len(packettest.Network(out[0].frame)) != mtu {
					t.Errorf("%d bytes: verdicts = %v, sent %d frames, want one of the MTU", room, v, len(out))
				}
				c.checkTooBig(t, d, c.datagramOf(room+1, true), room)
				if c.inner == ipv4 {
					c.checkPieces(t, d, c.datagramOf(room+1, false), mtu)
					c.checkPieces(t, d, c.datagramOf(room*2+500, false), mtu)
				}
			})
		}
	}
}

// checkTooBig checks that the sender of in is told an MTU.
func (c tunnelCase) checkTooBig(t *testing.T, d *testDirector, in []byte, mtu int) {
	t.Helper()
	out, v := d.push(t, in)
	if v[TooBig] != 1 || len(v) != 1 || len(out) != 1 || out[0].port != 0 {
		t.Fatalf("verdicts = %v, sent %d frames, want an answer that it is too big", v, len(out))
	}
	checkAnswer(t, in, out[0].frame)
	m, want := packettest.Transport(out[0].frame), [2]byte{header.ICMPDstUnreachable, header.ICMPFragNeeded}
	if c.inner == ipv6 {
		want = [2]byte{header.ICMPv6PacketTooBig, 0}
	}
	if [2]byte(m) != want || int(be16(m[6:])) != mtu {
		t.Errorf("answered with type %d code %d, MTU %d, want %v, %d", m[0], m[1], be16(m[6:]), want, mtu)
	}
}

// checkPieces checks that in, of IPv4, reaches the other end of the tunnel in
// pieces. An outer packet of IPv4 is fragmented, one of IPv6 holds a fragment.
func (c tunnelCase) checkPieces(t *testing.T, d *testDirector, in []byte, mtu int) {
	t.Helper()
	out, v := d.pushBalanced(t, in)
	if v[Forward] != 1 || len(v) != 1 || len(out) < 2 {
		t.Fatalf("verdicts = %v, sent %d frames, want it in pieces", v, len(out))
	}
	for _, f := range out {
		if n := len(packettest.Network(f.frame)); n > mtu {
			t.Errorf("piece of %d bytes, MTU %d", n, mtu)
		}
	}
	if got, want := c.arrivals(t, out), packettest.TTL(in, 63); len(got) != 1 || !bytes.Equal(got[0], want) {
		t.Errorf("the tunnel holds\n% x, want\n% x", got, want)
	}
}

// arrivals returns the packets that have left for the real server as it gets them
// in the end: it puts fragments together, those of the tunnel or those in it.
func (c tunnelCase) arrivals(t *testing.T, out []sentFrame) (list [][]byte) {
	t.Helper()
	if c.outer == ipv4 {
		out = rejoin(t, out)
	}
	for _, f := range out {
		list = append(list, c.open(t, f))
	}
	if c.outer == ipv6 && c.inner == ipv4 {
		inner := make([]sentFrame, len(list))
		for i := range list {
			inner[i].frame = list[i]
		}
		list = list[:0]
		for _, f := range rejoin(t, inner) {
			list = append(list, f.frame)
		}
	}
	return list
}

// pushBalanced is push, and checks that every frame is given back.
func (d *testDirector) pushBalanced(t *testing.T, frames ...[]byte) ([]sentFrame, map[Verdict]uint64) {
	t.Helper()
	kept := d.queue.given - d.queue.dropped
	out, v := d.push(t, frames...)
	if kept += len(out); kept != d.queue.given-d.queue.dropped {
		t.Errorf("%d frames have not been given back", d.queue.given-d.queue.dropped-kept)
	}
	return out, v
}

// rejoin returns IPv4 frames with the fragments of a packet, which must follow
// each other, as one.
func rejoin(t *testing.T, list []sentFrame) (whole []sentFrame) {
	t.Helper()
	for i, f := range list {
		h, ok := header.ParseIPv4(packettest.Network(f.frame))
		if !ok || !h.ChecksumOK() || h.IsFragment() && h.DontFragment() {
			t.Fatalf("packet %d is % x", i, h)
		}
		if h.FragmentOffset() == 0 {
			whole = append(whole, sentFrame{f.port, bytes.Clone(f.frame)})
			continue
		}
		last := &whole[len(whole)-1]
		first := header.IPv4(packettest.Network(last.frame))
		if at := len(first) - header.IPv4Size; h.FragmentOffset() != at || h.ID() != first.ID() || !first.MoreFragments() {
			t.Fatalf("packet %d is % x, and continues at %d", i, h, at)
		}
		last.frame = append(last.frame, h.Payload()...)
		first = header.IPv4(packettest.Network(last.frame))
		first.SetTotalLen(len(first))
		if !h.MoreFragments() {
			first.SetFragment(0, 0)
		}
		first.SetChecksum(first.ComputeChecksum())
	}
	return whole
}

// Without pmtu_disc nobody is told; outer packets of IPv4 may be fragmented
// whatever the client wants, and say so. Over IPv6 only the client's own packet
// can be, which it has forbidden.
func TestTunnelWithoutPathMTUDiscovery(t *testing.T) {
	for _, c := range tunnelCases() {
		if c.inner == ipv6 {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			d, room := c.tunnelTo(t, 1500, 0), 1500-c.overhead()
			if c.outer == ipv6 {
				c.checkTooBig(t, d, c.datagramOf(room+1, true), room)
				return
			}
			outer := header.IPv4(packettest.Network(d.forwarded(t, c.datagramOf(100, true))))
			if outer.DontFragment() {
				t.Error("the outer packet must not be fragmented")
			}
			in := c.datagramOf(room+1, true)
			out, _ := d.push(t, in)
			if got := c.arrivals(t, out); len(out) != 2 || !bytes.Equal(got[0], packettest.TTL(in, 63)) {
				t.Errorf("sent %d frames, want the packet in two", len(out))
			}
			reply := packettest.UDP(vip4+":80", client4+":4242", strings.Repeat("x", 1480))
			if v := d.verdict(t, reply); v != TooBig { // which is in no tunnel
				t.Errorf("a long reply: %v, want %v", v, TooBig)
			}
		})
	}
}

// What a router has said about the way to a real server holds for ten minutes.
func TestTunnelPathMTU(t *testing.T) {
	for _, c := range tunnelCases() {
		t.Run(c.String(), func(t *testing.T) {
			d, room := c.tunnelTo(t, 1500, 1), 1400-c.overhead()
			d.byID[1].path.learn(1400, d.Now())
			d.forwarded(t, c.datagramOf(room, true))
			c.checkTooBig(t, d, c.datagramOf(room+1, true), room)
			if c.inner == ipv4 && c.outer == ipv6 { // nobody on the way would fragment it
				c.checkPieces(t, d, c.datagramOf(room+1, false), 1400)
			}
			d.now += 10*time.Minute + time.Second
			d.forwarded(t, c.datagramOf(room+1, true))
		})
	}
}

// On a link too narrow for the outer headers nothing is sent, and nothing breaks.
func TestTunnelOverNarrowLink(t *testing.T) {
	for _, c := range tunnelCases() {
		for _, mtu := range []int{0, 20, 28, 48, 67} {
			d := c.tunnelTo(t, mtu, 1)
			for _, df := range []bool{true, false} {
				if out, v := d.pushBalanced(t, c.datagramOf(100, df)); v[Forward] != 0 && mtu < 28 || len(v) != 1 {
					t.Errorf("%v over %d bytes: verdicts = %v, sent %d frames", c, mtu, v, len(out))
				}
			}
		}
	}
}
