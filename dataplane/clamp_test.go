package dataplane

import (
	"fmt"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// mss returns the option that asks for segments of n bytes.
func mss(n uint16) []byte { return []byte{header.OptionMSS, 4, byte(n >> 8), byte(n)} }

// asks returns the MSS that a frame, whose options begin with that, asks for. It
// checks the checksum.
func asks(t *testing.T, frame []byte) int {
	t.Helper()
	if want := packettest.Finish(frame); string(want) != string(frame) {
		t.Errorf("wrong checksum: % x, want % x", frame, want)
	}
	o := header.TCP(packettest.Transport(frame)).Options()
	for at, end, ok := header.Options(o).Next(0); ok; at, end, ok = header.Options(o).Next(end) {
		if o[at] == header.OptionMSS {
			return int(be16(o[at+2:]))
		}
	}
	t.Fatalf("no MSS in % x", frame)
	return 0
}

// The MSS of both ends is lowered where mss_clamp says so, to what the way to the
// real server takes; that of the real server, by what the director inserts, always.
func TestMSSClamp(t *testing.T) {
	for _, c := range crossings {
		headers := header.IPv4Size + header.TCPSize
		if c.client == ipv6 || c.real == ipv6 {
			headers = header.IPv6Size + header.TCPSize
		}
		inserted := map[config.ClientAddress]int{config.ProxyV2: 28, config.TOA: 8}
		if c.client == ipv6 {
			inserted = map[config.ClientAddress]int{config.ProxyV2: 52, config.TOA: 20}
		}
		for _, how := range []config.ClientAddress{config.NoClientAddress, config.ProxyV2, config.TOA} {
			for _, clamp := range []bool{false, true} {
				for _, mtu := range []int{1500, 1400, 9000, 300} {
					t.Run(fmt.Sprint(c, " ", how, " clamp ", clamp, " ", mtu), func(t *testing.T) {
						service := c.introduced(lvs.TCP, how)
						service.MSSClamp = clamp
						d := newTestDirector(t, service)
						hop := *d.router.hops[d.router.number[addr(c.real.bare())]]
						hop.MTU = mtu
						d.router.set(c.real.bare(), hop)
						there, back := 8960, 8960
						if clamp {
							there = min(there, max(mtu-headers, minMSS))
						}
						if clamp || how != config.NoClientAddress {
							back = min(back, max(mtu-headers-inserted[how], minMSS))
						}
						s := c.open(t, d, func(src, dst string) []byte {
							in := withHeader(segmentOf(src, dst, header.FlagSYN, isn, 0, ""), mss(8960)...)
							if got := asks(t, d.forwarded(t, in)); got != there {
								t.Errorf("the client's MSS is %d, want %d", got, there)
							}
							return in
						})
						answer := withHeader(segmentOf(s.real, s.seen, header.FlagSYN|header.FlagACK, risn, isn+1, ""), mss(8960)...)
						if got := asks(t, d.forwarded(t, answer)); got != back {
							t.Errorf("the real server's MSS is %d, want %d", got, back)
						}
					})
				}
			}
		}
	}
}

// An MSS that is small enough stays, and there is none in other segments.
func TestMSSClampLeavesOthers(t *testing.T) {
	for _, c := range crossings {
		service := c.service(lvs.TCP)
		service.MSSClamp = true
		s := c.shake(t, newTestDirector(t, service))
		build := func(src, dst string, flags header.TCPFlags, n uint16) []byte {
			return withHeader(segmentOf(src, dst, flags, isn, 0, ""), mss(n)...)
		}
		t.Run(c.String(), func(t *testing.T) {
			s.request(t, build(s.client, s.vip, header.FlagSYN, 536), build(s.seen, s.real, header.FlagSYN, 536))
			s.request(t, build(s.client, s.vip, header.FlagACK, 9000), build(s.seen, s.real, header.FlagACK, 9000))
		})
	}
}
