package encap

import (
	"fmt"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// both are an inner packet of either family.
func both() map[string][]byte {
	return map[string][]byte{
		"IPv4": packettest.UDP(client4, virtual4, "who is there"),
		"IPv6": packettest.UDP(client6, virtual6, "who is there"),
	}
}

// setDF has an IPv4 frame say whether it must not be fragmented.
func setDF(frame []byte, df bool) []byte {
	if h, ok := header.ParseIPv4(packettest.Network(frame)); ok {
		h.SetFragment(0, 0)
		if df {
			h.SetFragment(header.IPv4DontFragment, 0)
		}
		h.SetChecksum(h.ComputeChecksum())
	}
	return frame
}

// TestOuterClass has DSCP EF (46) with each ECN codepoint.
func TestOuterClass(t *testing.T) {
	tests := map[string]struct{ inner, outer uint8 }{
		"neither DSCP nor ECN":   {0, 0},
		"not ECN-capable":        {46 << 2, 46 << 2},
		"ECT(1)":                 {46<<2 | 1, 46<<2 | 1},
		"ECT(0)":                 {46<<2 | 2, 46<<2 | 2},
		"congestion experienced": {46<<2 | 3, 46<<2 | 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			eachTunnel(t, func(t *testing.T, tunnel *Tunnel, src lvs.Addr) {
				for family, frame := range both() {
					setClass(packettest.Network(frame), tt.inner)
					p, _ := mustParse(t, frame)
					mustPush(t, tunnel, p, src)
					outer := p.Bytes()[p.L3:]
					if got := classOf(outer); got != tt.outer {
						t.Errorf("%s: class %#02x gets an outer class %#02x, want %#02x", family, tt.inner, got, tt.outer)
					}
					if got := classOf(outer[tunnel.size:]); got != tt.inner {
						t.Errorf("%s: inner class is now %#02x, want %#02x", family, got, tt.inner)
					}
				}
			})
		})
	}
}

func TestOuterTTLIsWhatIsLeftInside(t *testing.T) {
	eachTunnel(t, func(t *testing.T, tunnel *Tunnel, src lvs.Addr) {
		for family, frame := range both() {
			for _, ttl := range []uint8{255, 64, 2} {
				p, _ := mustParse(t, packettest.TTL(frame, ttl))
				mustPush(t, tunnel, p, src)
				inside := packet.Packet{}
				inside.Reset(p.Bytes()[int(p.L3)+tunnel.size:], 0, p.Len()-int(p.L3)-tunnel.size)
				if outer, inner := TTL(p), TTL(&inside); outer != ttl-1 || inner != ttl-1 {
					t.Errorf("%s: TTL %d becomes %d outside and %d inside", family, ttl, outer, inner)
				}
			}
		}
	})
}

// TestOuterDF has the outer IPv4 packet be fragmented on the way unless the
// inner one must not be, and it is told so.
func TestOuterDF(t *testing.T) {
	for _, tt := range []struct {
		family         string
		df, copy, want bool
	}{
		{"IPv4", true, true, true},
		{"IPv4", false, true, false},
		{"IPv4", true, false, false},
		{"IPv4", false, false, false},
		{"IPv6", false, true, false},
		{"IPv6", false, false, false},
	} {
		t.Run(fmt.Sprintf("%s, DF %t, copied %t", tt.family, tt.df, tt.copy), func(t *testing.T) {
			tunnel := NewTunnel(realServer(false), TunnelOptions{})
			tunnel.id.Store(0xfffe)
			for _, id := range []uint16{0xffff, 0, 1} {
				p, _ := mustParse(t, setDF(both()[tt.family], tt.df))
				if !tunnel.Push(p, director(false), 0, tt.copy) {
					t.Fatal("Push() = false")
				}
				h, ok := header.ParseIPv4(p.Bytes()[p.L3:])
				if !ok || !h.ChecksumOK() || h.IsFragment() {
					t.Fatalf("outer header is %x", p.Bytes()[p.L3:p.L4])
				}
				if tt.want {
					id = 0 // what is never fragmented needs none (RFC 6864)
				}
				if h.DontFragment() != tt.want || h.ID() != id {
					t.Errorf("DF %t, ID %#04x, want %t, %#04x", h.DontFragment(), h.ID(), tt.want, id)
				}
			}
		})
	}
}

func TestTunnelsBeginWithIDsOfTheirOwn(t *testing.T) {
	first := NewTunnel(realServer(false), TunnelOptions{}).id.Load()
	for range 10 {
		if NewTunnel(realServer(false), TunnelOptions{}).id.Load() != first {
			return
		}
	}
	t.Errorf("all begin with %#x", first)
}
