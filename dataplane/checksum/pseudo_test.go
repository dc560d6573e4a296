package checksum

import (
	"encoding/binary"
	"testing"
)

func FuzzPseudo(f *testing.F) {
	f.Add(make([]byte, 32), uint8(6), uint16(20))
	f.Fuzz(func(t *testing.T, b []byte, proto uint8, length uint16) {
		if len(b) != 32 {
			t.Skip()
		}
		src, dst := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		header := append(b[:8:8], 0, proto, byte(length>>8), byte(length)) // RFC 9293, section 3.1
		if got, want := Fold(Pseudo4(src, dst, proto, int(length))), oracle(header); got != want {
			t.Errorf("Pseudo4(%#x, %#x, %d, %d) folds to %#04x, want %#04x", src, dst, proto, length, got, want)
		}
		header = append(b[:32:32], 0, 0, byte(length>>8), byte(length), 0, 0, 0, proto) // RFC 8200, section 8.1
		if got, want := Fold(Pseudo6(b[:16], b[16:], proto, int(length))), oracle(header); got != want {
			t.Errorf("Pseudo6(% x, %d, %d) folds to %#04x, want %#04x", b, proto, length, got, want)
		}
	})
}

// TestPseudoOfScapy has UDP datagrams of scapy, whose field completes the sum:
//
//	IP(src='198.51.100.7', dst='192.0.2.1')/UDP(sport=4242, dport=53)/'who is there'
//	IPv6(src='2001:db8::7', dst='2001:db8:1::1')/UDP(sport=4242, dport=53)/'who is there'
func TestPseudoOfScapy(t *testing.T) {
	src6 := []byte{0x20, 0x01, 0x0d, 0xb8, 15: 7}
	dst6 := []byte{0x20, 0x01, 0x0d, 0xb8, 0, 1, 15: 1}
	tests := map[string]struct {
		pseudo uint64
		udp    string
	}{
		"IPv4": {Pseudo4(0xc6336407, 0xc0000201, 17, 20), "\x10\x92\x00\x35\x00\x14\xb7\x87who is there"},
		"IPv6": {Pseudo6(src6, dst6, 17, 20), "\x10\x92\x00\x35\x00\x14\x48\x49who is there"},
	}
	for name, tt := range tests {
		if got := Fold(Add(tt.pseudo, []byte(tt.udp))); got != 0xffff {
			t.Errorf("%s: pseudo header and datagram add up to %#04x, want 0xffff", name, got)
		}
	}
}
