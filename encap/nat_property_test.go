package encap

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// drawEndpoint draws an endpoint of one family, none of them IPv4-mapped.
func drawEndpoint(t *rapid.T, six bool, name string) netip.AddrPort {
	port := rapid.Uint16().Draw(t, name+" port")
	if !six {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], rapid.Uint32().Draw(t, name))
		return netip.AddrPortFrom(netip.AddrFrom4(b), port)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], rapid.Uint64Min(1).Draw(t, name+" high"))
	binary.BigEndian.PutUint64(b[8:], rapid.Uint64().Draw(t, name+" low"))
	return netip.AddrPortFrom(netip.AddrFrom16(b), port)
}

// drawFrame draws what builds the frames of one connection.
func drawFrame(t *rapid.T) build {
	payload := string(rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "payload"))
	if rapid.Bool().Draw(t, "UDP") {
		return udp(payload)
	}
	return tcp(header.TCPFlags(rapid.Byte().Draw(t, "flags")), payload)
}

// TestNATIsWhatBuildingAnewWouldGive holds the incremental checksums against
// those that are computed of the whole packet, in both directions.
func TestNATIsWhatBuildingAnewWouldGive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		six := rapid.Bool().Draw(rt, "IPv6")
		c, v, r := drawEndpoint(rt, six, "client"), drawEndpoint(rt, six, "virtual"), drawEndpoint(rt, six, "real")
		b := drawFrame(rt)
		p, proto, _ := parse(b(c.String(), v.String()))
		NATRequest(p, proto, lvs.AddrFrom(r.Addr()), r.Port())
		if want := packettest.TTL(b(c.String(), r.String()), 63); !bytes.Equal(p.Bytes(), want) {
			rt.Fatalf("request is %x, want %x", p.Bytes(), want)
		}
		p, proto, _ = parse(b(r.String(), c.String()))
		NATReply(p, proto, lvs.AddrFrom(v.Addr()), v.Port())
		if want := packettest.TTL(b(v.String(), c.String()), 63); !bytes.Equal(p.Bytes(), want) {
			rt.Fatalf("reply is %x, want %x", p.Bytes(), want)
		}
	})
}

// TestNATThereAndBack sends one packet through many rewrites and back to its
// first endpoints: errors would add up, finished or not.
func TestNATThereAndBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		six, unfinished := rapid.Bool().Draw(rt, "IPv6"), rapid.Bool().Draw(rt, "unfinished")
		c, v := drawEndpoint(rt, six, "client"), drawEndpoint(rt, six, "virtual")
		in := drawFrame(rt)(c.String(), v.String())
		if unfinished {
			in = packettest.Unfinished(in)
		}
		p, proto, _ := parse(in)
		if unfinished {
			p.Sum = packettest.Partial(in)
		}
		for range rapid.IntRange(0, 5).Draw(rt, "rewrites") {
			s, d := drawEndpoint(rt, six, "source"), drawEndpoint(rt, six, "destination")
			NATReply(p, proto, lvs.AddrFrom(s.Addr()), s.Port())
			NATRequest(p, proto, lvs.AddrFrom(d.Addr()), d.Port())
			if got := p.Bytes(); !unfinished && !bytes.Equal(got, packettest.Finish(got)) {
				rt.Fatalf("checksums of %x do not verify", got)
			}
		}
		NATReply(p, proto, lvs.AddrFrom(c.Addr()), c.Port())
		NATRequest(p, proto, lvs.AddrFrom(v.Addr()), v.Port())
		if want := packettest.TTL(in, TTL(p)); !bytes.Equal(p.Bytes(), want) {
			rt.Fatalf("there and back is %x, want %x", p.Bytes(), want)
		}
	})
}

// FuzzForward takes whatever a worker can parse through every function, and
// looks that what was right before is right afterwards.
func FuzzForward(f *testing.F) {
	for _, b := range builds() {
		f.Add(b(client4, virtual4), uint64(0), uint64(0xcb007109), uint16(8080))
		f.Add(b(client6, virtual6), uint64(0x20010db800020000), uint64(9), uint16(8080))
	}
	f.Add(withOptions(packettest.UDP(client4, virtual4, "odd")), uint64(0), uint64(1), uint16(0))
	f.Add(withExtension(packettest.UDP(client6, virtual6, "odd")), uint64(1), uint64(1), uint16(0))
	f.Add(withoutChecksum(udp("odd"))(client4, virtual4), uint64(0), uint64(1), uint16(0))
	f.Add(sctp("odd")(client4, virtual4), uint64(0), uint64(0xcb007109), uint16(8080))
	f.Add(packettest.Unfinished(sctp("odd")(client6, virtual6)), uint64(1), uint64(1), uint16(80))
	f.Add(packettest.ICMP("198.51.100.7", "192.0.2.1", 8, 0, 1, "ping"), uint64(0), uint64(1), uint16(0))
	f.Fuzz(func(t *testing.T, frame []byte, hi, lo uint64, port uint16) {
		p, proto, ok := parse(frame)
		if !ok || TTL(p) < 4 { // forward takes three hops
			t.Skip()
		}
		addr := lvs.Addr{Hi: hi | 1, Lo: lo}
		if p.Bytes()[p.L3]>>4 == 4 {
			addr = lvs.Addr4(uint32(lo))
		}
		length, right := p.Len(), verifies(p.Bytes(), proto)
		forward(p, proto, addr, port)
		if p.Len() != length || right && !verifies(p.Bytes(), proto) {
			t.Errorf("forwarding % x gives % x", frame, p.Bytes())
		}
	})
}

// verifies reports whether the checksums in frame are right. A UDP datagram that
// is shorter than its packet is not looked into.
func verifies(frame []byte, proto lvs.Protocol) bool {
	b := packettest.Transport(frame)
	if proto == lvs.TCP || proto == lvs.SCTP || proto == lvs.UDP && header.UDP(b).Length() == len(b) {
		return bytes.Equal(frame, packettest.Finish(frame))
	}
	h, ok := header.ParseIPv4(packettest.Network(frame))
	return !ok || h.ChecksumOK()
}
