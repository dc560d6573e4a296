package host

import (
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
)

// ip4 returns the IPv4 packet in frame if it is of that protocol.
func ip4(frame []byte, proto uint8) (header.IPv4, bool) {
	e, ok := header.ParseEthernet(frame)
	if !ok || e.Type() != header.TypeIPv4 {
		return nil, false
	}
	h, ok := header.ParseIPv4(e.Payload())
	return h, ok && h.Proto() == proto
}

// isICMP reports whether frame is an ICMP message of that type and code.
func isICMP(frame []byte, typ, code uint8) bool {
	h, ok := ip4(frame, header.ProtoICMP)
	return ok && len(h.Payload()) > 2 && h.Payload()[0] == typ && h.Payload()[1] == code
}

// isTCP reports whether frame is a TCP segment with exactly those flags.
func isTCP(frame []byte, flags header.TCPFlags) bool {
	h, ok := ip4(frame, header.ProtoTCP)
	if !ok {
		return false
	}
	tcp, ok := header.ParseTCP(h.Payload())
	return ok && tcp.Flags() == flags
}

// TestHostAnswers gives back what the host has an answer to, as if each had come
// in by the wire; the answers are seen there.
func TestHostAnswers(t *testing.T) {
	echo6 := packettest.ICMP("2001:db8::77", "2001:db8::9", 128, 0, 1<<16|1, "are you there")
	tests := map[string]struct {
		frame  []byte
		answer func(frame []byte) bool
	}{
		"stray ACK": {
			packettest.TCP("192.0.2.77:4242", "192.0.2.9:80", header.FlagACK, ""),
			func(f []byte) bool { return isTCP(f, header.FlagRST) },
		},
		"datagram to a closed port": {
			packettest.UDP("192.0.2.77:4242", "192.0.2.9:53", "who is there"),
			func(f []byte) bool { return isICMP(f, 3, 3) },
		},
		"echo request": {
			packettest.ICMP("192.0.2.77", "192.0.2.9", 8, 0, 1<<16|1, "are you there"),
			func(f []byte) bool { return isICMP(f, 0, 0) },
		},
		"IPv6 echo request": {echo6, func(f []byte) bool { return len(f) == len(echo6) && f[54] == 129 }},
		"ARP request": {
			packettest.ARP(1, packettest.ClientMAC(), "192.0.2.77", header.MAC{}, "192.0.2.9"),
			func(f []byte) bool { return len(f) >= 22 && f[12] == 8 && f[13] == 6 && f[21] == 2 },
		},
	}
	forKinds(t, func(t *testing.T, l *lab, d *Door) {
		set(t, "ipv4/conf/in/rp_filter", "1")
		// Not in subtests: these have other threads, in another namespace.
		for name, tt := range tests {
			before := d.Stats().Given
			give(t, d, l.in.received(in, tt.frame))
			l.in.await("the answer to the "+name, tt.answer)
			if got := d.Stats().Given - before; got != 1 {
				t.Errorf("Given counts %d for the %s, want 1", got, name)
			}
		}
	})
}

// TestEachPortHasItsOwn gives the same question back on either port; each
// station hears the answer to its own.
func TestEachPortHasItsOwn(t *testing.T) {
	forKinds(t, func(t *testing.T, l *lab, d *Door) {
		reply := func(f []byte) bool { return isICMP(f, 0, 0) }
		give(t, d, l.out.received(out, packettest.ICMP("198.51.100.77", "198.51.100.9", 8, 0, 1, "")))
		l.out.await("the echo reply", reply)
		give(t, d, l.in.received(in, packettest.ICMP("192.0.2.77", "192.0.2.9", 8, 0, 1, "")))
		l.in.await("the echo reply", reply)
		silent(t, l.out.fd, "a second answer on the other wire", reply)
	})
}

// TestStrictReversePath: on the wrong port a frame is dropped, so what passes
// on the right one has been seen there.
func TestStrictReversePath(t *testing.T) {
	forKinds(t, func(t *testing.T, l *lab, d *Door) {
		set(t, "ipv4/conf/out/rp_filter", "1")
		p := l.out.received(out, packettest.ICMP("192.0.2.77", "192.0.2.9", 8, 0, 1, ""))
		give(t, d, p)
		silent(t, l.in.fd, "the answer to a spoofed request", func(f []byte) bool { return isICMP(f, 0, 0) })
	})
}

// TestForwarding: a host that is a router routes what it is given back.
func TestForwarding(t *testing.T) {
	forKinds(t, func(t *testing.T, l *lab, d *Door) {
		set(t, "ipv4/ip_forward", "1")
		give(t, d, l.in.received(in, packettest.UDP("192.0.2.77:4242", "198.51.100.77:53", "who is there")))
		got := l.out.await("the datagram", func(f []byte) bool { _, ok := ip4(f, header.ProtoUDP); return ok })
		if h, _ := ip4(got, header.ProtoUDP); h.TTL() != 63 {
			t.Errorf("TTL %d, want 63", h.TTL())
		}
	})
}

// TestSetPort: a port that was deleted and came back.
func TestSetPort(t *testing.T) {
	forKinds(t, func(t *testing.T, l *lab, d *Door) {
		must(t, d.SetPort(in, l.out.link.Attrs().Index))
		p := l.out.received(in, packettest.ICMP("198.51.100.77", "198.51.100.9", 8, 0, 1, ""))
		give(t, d, p)
		l.out.await("the answer by the port's new interface", func(f []byte) bool { return isICMP(f, 0, 0) })
	})
}
