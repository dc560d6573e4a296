package packettest

import (
	"bytes"
	"encoding/hex"
	"testing"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// queries are a UDP frame of each family.
func queries() map[string][]byte {
	return map[string][]byte{
		"IPv4": UDP(c4+":4242", v4+":53", "who is there"),
		"IPv6": UDP("["+c6+"]:4242", "["+v6+"]:53", "who is there"),
	}
}

func TestFrame(t *testing.T) {
	for name, n := range map[string]int{"empty": 0, "short": 60, "larger than a chunk": 4000} {
		t.Run(name, func(t *testing.T) {
			frame := bytes.Repeat([]byte{0xab}, n)
			p := Frame(frame)
			if !bytes.Equal(p.Bytes(), frame) || p.Start() != packet.Headroom {
				t.Errorf("Frame holds %d bytes at %d, want %d at %d", p.Len(), p.Start(), n, packet.Headroom)
			}
			if p.Grow(1) == nil && n < chunkSize-packet.Headroom {
				t.Error("no room after the frame")
			}
		})
	}
}

func TestChangesLeaveTheirFrameAlone(t *testing.T) {
	for name, frame := range queries() {
		before := bytes.Clone(frame)
		MACs(frame, DirectorMAC(), ClientMAC())
		VLAN(frame, 200, 100)
		TTL(frame, 1)
		Padded(frame, 100)
		Unfinished(frame)
		Finish(frame)
		Fragments(frame, 8, 9)
		if !bytes.Equal(frame, before) {
			t.Errorf("%s: frame is now % x", name, frame)
		}
	}
}

func TestFinish(t *testing.T) {
	for name, frame := range queries() {
		for what, other := range map[string][]byte{
			"tagged": VLAN(frame, 100),
			"padded": Padded(frame, 100),
			"short":  TTL(TTL(frame, 1), 64),
		} {
			if got := Finish(Unfinished(other)); !bytes.Equal(got, other) {
				t.Errorf("%s, %s: Finish(Unfinished(f)) = %x, want f = %x", name, what, got, other)
			}
		}
	}
}

func TestFinishSpellsZeroForUDP(t *testing.T) {
	frame := UDP(c4+":4242", v4+":53", "\x00\x00")
	h := header.UDP(Transport(frame))
	sum := h.Checksum()
	copy(h.Payload(), []byte{byte(sum >> 8), byte(sum)}) // now everything adds up to 0xffff
	if got := header.UDP(Transport(Finish(frame))).Checksum(); got != 0xffff {
		t.Errorf("checksum = %#04x, want 0xffff", got)
	}
}

func TestFinishOfSCTP(t *testing.T) {
	frame := VLAN(SCTP(c4+":4242", v4+":3868", Chunk(header.ChunkInit, "")), 100)
	f := Unfinished(frame)
	if at := Partial(f); at.Field != at.Start+header.SCTPChecksumOffset || header.SCTP(f[at.Start:]).Checksum() != 0 {
		t.Errorf("Unfinished(f) = %x, Partial() = %+v", f, at)
	}
	if got := Finish(Padded(f, 100)); !bytes.Equal(got, Padded(frame, 100)) {
		t.Errorf("Finish(Unfinished(f)) = %x, want f = %x", got, frame)
	}
}

func TestUnfinished(t *testing.T) {
	for name, frame := range queries() {
		f := Unfinished(VLAN(frame, 100))
		at := Partial(f)
		h := header.UDP(f[at.Start:])
		if h.DstPort() != 53 || at.Field != at.Start+header.UDPChecksumOffset {
			t.Fatalf("%s: Partial() = %+v", name, at)
		}
		// What the device does: add everything from Start on, and complement.
		h.SetChecksum(checksum.Sum(f[at.Start:]))
		if !bytes.Equal(f, VLAN(frame, 100)) {
			t.Errorf("%s: finished frame = %x, want %x", name, f, VLAN(frame, 100))
		}
	}
}

func TestTTL(t *testing.T) {
	frames := queries()
	h4, _ := header.ParseIPv4(Network(TTL(frames["IPv4"], 1)))
	if h4.TTL() != 1 || !h4.ChecksumOK() {
		t.Errorf("TTL() = %d, ChecksumOK() = %t", h4.TTL(), h4.ChecksumOK())
	}
	h6, _ := header.ParseIPv6(Network(TTL(frames["IPv6"], 1)))
	if h6.HopLimit() != 1 {
		t.Errorf("HopLimit() = %d", h6.HopLimit())
	}
}

func TestMACs(t *testing.T) {
	h := header.Ethernet(MACs(queries()["IPv4"], DirectorMAC(), ClientMAC()))
	if h.Src() != DirectorMAC() || h.Dst() != ClientMAC() {
		t.Errorf("frame goes from %v to %v", h.Src(), h.Dst())
	}
}

// TestFragmentsOfScapy has what scapy 2.5.0 makes of the same packets:
//
//	fragment(IP(src=C4, dst=V4, id=9)/UDP(sport=4242, dport=53)/'who is there', 16)
func TestFragmentsOfScapy(t *testing.T) {
	want := []string{
		"020000000002020000000001080045000024000920004011" +
			"6e84c6336407c0000201109200350014b78777686f2069732074",
		"020000000002020000000001080045000018000900024011" +
			"8e8ec6336407c000020168657265",
	}
	for i, f := range Fragments(queries()["IPv4"], 16, 9) {
		if got := hex.EncodeToString(f); got != want[i] {
			t.Errorf("fragment %d = %s, want %s", i, got, want[i])
		}
	}
}

func TestFragmentsAddUp(t *testing.T) {
	for name, frame := range queries() {
		var whole []byte
		fragments := Fragments(frame, 8, 9)
		for i, f := range fragments {
			where := locate(f)
			if !where.fragment || where.proto != header.ProtoUDP {
				t.Errorf("%s: fragment %d is %+v", name, i, where)
			}
			whole = append(whole, f[where.start:where.end]...)
		}
		if len(fragments) != 3 || !bytes.Equal(whole, Transport(frame)) {
			t.Errorf("%s: %d fragments add up to %x, want %x", name, len(fragments), whole, Transport(frame))
		}
	}
}

func TestICMPErrorQuotesNoMoreThanItMay(t *testing.T) {
	long := string(make([]byte, 1400))
	if n := len(Network(ICMPError("203.0.113.1", 3, 4, 1400, UDP(c4+":1", v4+":1", long)))); n != maxError4 {
		t.Errorf("ICMP error of %d bytes, want %d", n, maxError4)
	}
	if n := len(Network(ICMPError("2001:db8:2::1", 2, 0, 1400, UDP("["+c6+"]:1", "["+v6+"]:1", long)))); n != maxError6 {
		t.Errorf("ICMPv6 error of %d bytes, want %d", n, maxError6)
	}
}

func TestBrokenTestsPanic(t *testing.T) {
	tests := map[string]func(){
		"not an address":       func() { IP("here", v4, 4, nil) },
		"two families":         func() { IP(c6, v4, 4, nil) },
		"ARP asked of IPv6":    func() { ARP(header.ARPRequest, ClientMAC(), c6, header.MAC{}, v6) },
		"no network header":    func() { Network(make([]byte, 13)) },
		"no IP packet":         func() { Transport(make([]byte, 60)) },
		"error about ARP":      func() { ICMPError("203.0.113.1", 3, 1, 0, make([]byte, 60)) },
		"port without address": func() { UDP(":4242", v4+":53", "") },
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}
