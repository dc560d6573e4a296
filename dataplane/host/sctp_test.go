package host

import (
	"bytes"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

func TestFinishSCTP(t *testing.T) {
	const from, to = "198.51.100.7:4242", "192.0.2.1:3868"
	sctp := packettest.SCTP(from, to, packettest.Chunk(header.ChunkInit, "odd"))
	udp := packettest.Unfinished(packettest.UDP(from, to, "odd"))
	tests := map[string]struct {
		frame []byte
		sum   packet.Partial
		want  []byte
		left  packet.Partial
	}{
		"sctp":             {packettest.Unfinished(sctp), packettest.Partial(sctp), sctp, packet.Partial{}},
		"finished already": {sctp, packet.Partial{}, sctp, packet.Partial{}},
		"udp":              {udp, packettest.Partial(udp), udp, packettest.Partial(udp)},
		"cut short":        {sctp[:44], packettest.Partial(sctp), sctp[:44], packettest.Partial(sctp)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := packettest.Frame(tt.frame)
			p.Sum = tt.sum
			if finishSCTP(p); p.Sum != tt.left || !bytes.Equal(p.Bytes(), tt.want) {
				t.Errorf("left %+v and %x, want %+v and %x", p.Sum, p.Bytes(), tt.left, tt.want)
			}
		})
	}
}
