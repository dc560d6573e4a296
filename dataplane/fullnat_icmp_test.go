package dataplane

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// An errorKind is an ICMP error in either family.
type errorKind struct {
	name         string
	type4, code4 uint8
	type6, code6 uint8
	rest         uint32
}

var errorKinds = []errorKind{
	{"host unreachable", 3, 1, 1, 3, 0}, {"port unreachable", 3, 3, 1, 4, 0}, {"time exceeded", 11, 0, 3, 0, 0}, {"too big", 3, 4, 2, 0, 1400},
}

// about returns the error about frame from src.
func (k errorKind) about(f family, src string, frame []byte) []byte {
	if f == ipv4 {
		return packettest.ICMPError(src, k.type4, k.code4, k.rest, frame)
	}
	return packettest.ICMPError(src, k.type6, k.code6, k.rest, frame)
}

// routers are a router on the way to clients, and one behind the real servers.
func (f family) routers() (atClient, atReal string) {
	if f == ipv4 {
		return "198.51.100.254", "203.0.113.254"
	}
	return "2001:db8:c::fe", "2001:db8:2::fe"
}

// Errors of hosts and of routers, on either side of the director, reach the other
// side in its own terms.
func TestFullNATErrors(t *testing.T) {
	for _, c := range crossings {
		_, atReal := c.real.routers()
		atClient, _ := c.client.routers()
		for _, k := range errorKinds {
			for from, hosts := range map[string][2]string{
				"routers": {atClient, atReal}, "hosts": {c.client.bareOf(c.client.client), c.real.bare()},
			} {
				t.Run(fmt.Sprint(c, " ", k.name, " from ", from), func(t *testing.T) {
					s := c.open(t, newTestDirector(t, c.service(lvs.TCP)), syn)
					data := func(src, dst string) []byte { return packettest.TCP(src, dst, header.FlagACK, "data") }
					there := k.about(c.client, hosts[0], data(s.vip, s.client))
					back := k.about(c.real, hosts[1], data(s.seen, s.real))
					if c.client != c.real {
						s.errorCrosses(t, there, k.across(c.client).about(c.real, hostOf(s.seen), data(s.real, s.seen)))
						s.errorCrosses(t, back, k.across(c.real).about(c.client, hostOf(s.vip), data(s.client, s.vip)))
						return
					}
					s.errorPasses(t, there, toReal(k.about(c.real, hostOf(s.seen), data(s.real, s.seen))), 1)
					s.errorPasses(t, back, toClient(k.about(c.client, hostOf(s.vip), data(s.client, s.vip))), 0)
				})
			}
		}
	}
}

// hostOf returns the address of an endpoint.
func hostOf(endpoint string) string { return netip.MustParseAddrPort(endpoint).Addr().String() }

// across returns k, of family f, as it is in the other family, where an MTU
// differs by the length of the headers.
func (k errorKind) across(f family) errorKind {
	switch {
	case k.rest == 0:
	case f == ipv4:
		k.rest += 20
	default:
		k.rest -= 20
	}
	return k
}

// errorCrosses checks that an error of one family leaves as want, which is of the
// other.
func (s *session) errorCrosses(t *testing.T, in, want []byte) {
	t.Helper()
	out, v := s.push(t, in)
	if v[Forward] != 1 || len(out) != 1 {
		t.Fatalf("verdicts = %v, sent %d frames", v, len(out))
	}
	if finished := packettest.Finish(out[0].frame); string(finished) != string(out[0].frame) {
		t.Errorf("wrong checksum: % x, want % x", out[0].frame, finished)
	}
	if got, want := decode(t, out[0].frame), decode(t, want); got != want {
		t.Errorf("sent\n%+v, want\n%+v", got, want)
	}
}

// A decodedError is what gopacket makes of an ICMP error.
type decodedError struct {
	src, dst, kind string
	rest           uint32 // of the message's header
	inside         string // the quoted packet's addresses and its protocol
	length         uint16 // that its IP header says is behind it
	transport      string // without its checksum, which nobody can mend in a part of it
}

func decode(t *testing.T, frame []byte) (e decodedError) {
	t.Helper()
	outer := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	e.src, e.dst = outer.NetworkLayer().NetworkFlow().Src().String(), outer.NetworkLayer().NetworkFlow().Dst().String()
	if m, ok := outer.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok {
		e.kind, e.rest = m.TypeCode.String(), uint32(m.Id)<<16|uint32(m.Seq)
		inside := gopacket.NewPacket(m.Payload, layers.LayerTypeIPv4, gopacket.Default)
		ip := inside.NetworkLayer().(*layers.IPv4)
		e.inside, e.length, e.transport = fmt.Sprint(ip.NetworkFlow(), ip.Protocol), ip.Length-20, withoutChecksum(ip.Payload)
		return e
	}
	m := outer.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	e.kind, e.rest = m.TypeCode.String(), binary.BigEndian.Uint32(m.Payload)
	inside := gopacket.NewPacket(m.Payload[4:], layers.LayerTypeIPv6, gopacket.Default)
	ip := inside.NetworkLayer().(*layers.IPv6)
	e.inside, e.length, e.transport = fmt.Sprint(ip.NetworkFlow(), ip.NextHeader), ip.Length, withoutChecksum(ip.Payload)
	return e
}

func withoutChecksum(tcp []byte) string {
	return string(tcp[:header.TCPChecksumOffset]) + string(tcp[header.TCPChecksumOffset+2:])
}

// errorPasses checks that an error leaves as want.
func (s *session) errorPasses(t *testing.T, in, want []byte, port uint16) {
	t.Helper()
	out, v := s.push(t, in)
	if v[Forward] != 1 || len(out) != 1 || out[0].port != port {
		t.Fatalf("verdicts = %v, sent %d frames", v, len(out))
	}
	sameError(t, out[0].frame, want)
	if finished := packettest.Finish(out[0].frame); string(finished) != string(out[0].frame) {
		t.Errorf("wrong checksum: % x, want % x", out[0].frame, finished)
	}
}

// Errors that are not of a connection, or damaged, go no further.
func TestFullNATRefusesErrors(t *testing.T) {
	for _, c := range crossings[:2] {
		s := c.open(t, newTestDirector(t, c.service(lvs.TCP)), syn)
		_, atReal := c.real.routers()
		good := errorKinds[0].about(c.real, atReal, syn(s.seen, s.real))
		damaged := append([]byte(nil), good...)
		damaged[len(damaged)-1] ^= 1
		other := errorKinds[0].about(c.real, atReal, syn(s.seen, s.real[:len(s.real)-1]+"1"))
		for name, tt := range map[string]struct {
			in   []byte
			want Verdict
		}{
			"good": {good, Forward}, "damaged": {damaged, BadChecksum}, "of no connection": {other, NotOurs},
			"at its last hop": {packettest.TTL(good, 1), TTLExceeded},
		} {
			t.Run(c.String()+", "+name, func(t *testing.T) {
				if v := s.verdict(t, tt.in); v != tt.want {
					t.Errorf("verdict = %v, want %v", v, tt.want)
				}
			})
		}
	}
}

// An error about a segment that has been edited tells its sender of the one that
// he has sent, and of an MTU that leaves room for what is inserted.
func TestErrorsAboutEditedSegments(t *testing.T) {
	for _, c := range withNAT() {
		if c.client != c.real {
			continue
		}
		atClient, atReal := c.client.routers()
		for _, k := range errorKinds {
			t.Run(fmt.Sprint(c, " ", k.name), func(t *testing.T) {
				s := c.shake(t, newTestDirector(t, c.introduced(lvs.TCP, config.ProxyV2)))
				n := uint32(len(proxyText(lvs.TCP, s.client, s.vip)))
				s.forwarded(t, segmentOf(s.client, s.vip, header.FlagACK, isn+1, risn+1, "first"))
				lower := k
				if k.rest != 0 {
					lower.rest = k.rest - n
				}
				for _, at := range []uint32{isn + 1, isn + 6} {
					moved := at
					if at > isn+1 {
						moved += n
					}
					back := k.about(c.real, atReal, segmentOf(s.seen, s.real, header.FlagACK, moved, risn+1, "data"))
					s.errorPasses(t, back, toClient(lower.about(c.client, hostOf(s.vip), segmentOf(s.client, s.vip, header.FlagACK, at, risn+1, "data"))), 0)
				}
				there := k.about(c.client, atClient, segmentOf(s.vip, s.client, header.FlagACK, risn+1, isn+1, "data"))
				from := atClient
				if c.method == lvs.FullNAT {
					from = hostOf(s.seen)
				}
				s.errorPasses(t, there, toReal(k.about(c.real, from, segmentOf(s.real, s.seen, header.FlagACK, risn+1, isn+1, "data"))), 1)
			})
		}
	}
}
