package dataplane

import (
	"fmt"
	"math"
	"net"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// tooBig returns an error as the kernel hands it over: a router takes no more than
// mtu bytes of frame, which has left in a tunnel.
func (c tunnelCase) tooBig(frame []byte, mtu int) *packet.Packet {
	router, typ, code := "203.0.113.254", uint8(header.ICMPDstUnreachable), uint8(header.ICMPFragNeeded)
	if c.outer == ipv6 {
		router, typ, code = "2001:db8:2::fe", header.ICMPv6PacketTooBig, 0
	}
	m := packettest.Transport(packettest.ICMPError(router, typ, code, uint32(mtu), frame))
	chunk := make([]byte, packet.Headroom+len(m))
	copy(chunk[packet.Headroom:], m)
	return wrapError(chunk, len(m), &net.IPAddr{IP: net.ParseIP(router)})
}

// spent returns a limiter that lets nothing pass: no client is told.
func spent(d *testDirector) *icmp.Limiter {
	l := new(icmp.Limiter)
	for l.Allow(d.now) {
	}
	return l
}

// A router that claims that next to nothing fits is not believed: what is learned
// is never less than a host may take for true.
func TestPathMTUHasALeastValue(t *testing.T) {
	const unknown = math.MaxInt32
	want := map[family]map[int]int{
		ipv4: {0: unknown, 1: 552, 68: 552, 551: 552, 552: 552, 553: 553, 1400: 1400, 65535: 65535},
		ipv6: {0: unknown, 1: 1280, 1279: 1280, 1280: 1280, 1281: 1281, 1400: 1400, 65535: 65535},
	}
	for _, c := range tunnelCases() {
		for told, want := range want[c.outer] {
			t.Run(fmt.Sprint(c, ", ", told), func(t *testing.T) {
				d := newTestDirector(t, c.service(lvs.TCP))
				sent := d.forwarded(t, c.syn())
				errors := &tunnelErrors{d: d.Director}
				errors.relay(c.tooBig(sent, told), spent(d))
				if got := d.byID[1].path.mtu(d.Now()); got != want {
					t.Errorf("learned %d, want %d", got, want)
				}
			})
		}
	}
}

// A larger value does not take a smaller one back.
func TestPathMTUFalls(t *testing.T) {
	var m pathMTU
	for _, tt := range []struct{ told, want int }{{1400, 1400}, {1450, 1400}, {1300, 1300}, {1400, 1300}} {
		m.learn(tt.told, 0)
		if got := m.mtu(0); got != tt.want {
			t.Errorf("told %d: MTU %d, want %d", tt.told, got, tt.want)
		}
	}
}
