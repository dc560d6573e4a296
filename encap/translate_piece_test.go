package encap

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// pieceOf makes a packet of a fragment, whose transport header is found in the
// first alone.
func pieceOf(frame []byte, first bool) *packet.Packet {
	p := unchecked(frame)
	if !first {
		p.L4 = 0
	}
	return p
}

// acrossInPieces is readdress for a fragment.
func acrossInPieces(p *packet.Packet, from, to string) bool {
	src, srcPort := endpoint(from)
	dst, dstPort := endpoint(to)
	return TranslatePiece(p, protoOf(p), src, srcPort, dst, dstPort)
}

// Pieces become those of the packet that the whole would have become.
func TestTranslatePiece(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 20)
	for name, b := range map[string]build{"TCP": tcp(header.FlagACK, text), "UDP": udp(text)} {
		for over, w := range crossings() {
			t.Run(fmt.Sprint(name, ", ", over), func(t *testing.T) {
				want := packettest.Fragments(packettest.TTL(b(w.local, w.real), 63), 128, 9)
				for i, piece := range packettest.Fragments(b(w.client, w.virtual), 128, 9) {
					p := pieceOf(piece, i == 0)
					if !acrossInPieces(p, w.local, w.real) || !bytes.Equal(p.Bytes(), want[i]) {
						t.Errorf("piece %d is\n% x, want\n% x", i, p.Bytes(), want[i])
					}
				}
			})
		}
	}
}

func TestTranslatePieceRefuses(t *testing.T) {
	four, six := udp("sixteen bytes of")(client4, virtual4), udp("sixteen bytes of")(client6, virtual6)
	beyond := packettest.Fragments(six, 16, 9)[1]
	end := header.EthernetSize + header.IPv6Size
	beyond[end+2], beyond[end+3] = 0xff, 0xf8
	for name, tt := range map[string]struct {
		frame []byte
		first bool
	}{
		"a whole packet of IPv4":           {four, true},
		"a whole packet of IPv6":           {six, true},
		"without a checksum":               {packettest.Fragments(withoutChecksum(udp("sixteen bytes of"))(client4, virtual4), 16, 9)[0], true},
		"SCTP":                             {packettest.Fragments(sctp("sixteen bytes of")(client4, virtual4), 16, 9)[0], true},
		"a source route to be gone":        {packettest.Fragments(sourceRoute(four, header.OptionLSRR, 4), 16, 9)[1], false},
		"ending beyond the longest packet": {beyond, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := crossings()["IPv4 to IPv6"]
			if tt.frame[header.EthernetSize]>>4 == 6 {
				w = crossings()["IPv6 to IPv4"]
			}
			p := pieceOf(tt.frame, tt.first)
			refuses(t, p, func() bool { return acrossInPieces(p, w.local, w.real) })
		})
	}
}
