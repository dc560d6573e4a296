package xsk

import (
	"bytes"
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/packet"
)

// udpFrame returns an Ethernet frame with UDP from 198.51.100.7:4242 to
// 192.0.2.1:53, its checksum left unfinished, and where that is.
func udpFrame(payload string) ([]byte, packet.Partial) {
	b := append([]byte{
		0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00,
		0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 198, 51, 100, 7, 192, 0, 2, 1,
		0x10, 0x92, 0, 53, 0, 0, 0, 0,
	}, payload...)
	ip, udp := b[14:], b[34:]
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	binary.BigEndian.PutUint16(ip[10:], checksum.Sum(ip[:20]))
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	binary.BigEndian.PutUint16(udp[6:], ^checksum.Sum(pseudo(b)))
	return b, packet.Partial{Start: 34, Field: 40}
}

// pseudo returns the pseudo-header of a frame by udpFrame (RFC 768).
func pseudo(frame []byte) []byte {
	return append(append([]byte{}, frame[26:34]...), 0, 17, frame[38], frame[39])
}

// verifies reports whether the UDP checksum of a frame by udpFrame is right.
func verifies(frame []byte) bool {
	return checksum.Sum(append(pseudo(frame), frame[34:]...)) == 0
}

func TestComplete(t *testing.T) {
	zero, sum := udpFrame("\x00\x00")
	// The one payload whose checksum comes out as zero.
	binary.BigEndian.PutUint16(zero[42:], checksum.Sum(zero[34:]))
	tests := map[string]struct {
		frame []byte
		want  uint16 // 0 means any that verifies
	}{
		"even length":        {first(udpFrame("who is there")), 0},
		"odd length":         {first(udpFrame("who is there?")), 0},
		"no payload":         {first(udpFrame("")), 0},
		"zero is sent as -0": {zero, 0xffff},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			checksum.Finish(tt.frame[sum.Start:], int(sum.Field-sum.Start))
			got := binary.BigEndian.Uint16(tt.frame[40:])
			if !verifies(tt.frame) || tt.want != 0 && got != tt.want {
				t.Errorf("Finish wrote %#04x, verifies %t, want %#04x", got, verifies(tt.frame), tt.want)
			}
		})
	}
}

func first(frame []byte, _ packet.Partial) []byte { return frame }

func TestCompleteOfTCPMayBeZero(t *testing.T) {
	b := make([]byte, 20)
	b[0], b[1] = 0xff, 0xff
	checksum.Finish(b, 16)
	if !bytes.Equal(b[16:18], []byte{0, 0}) {
		t.Errorf("Finish wrote % x, want 00 00", b[16:18])
	}
}

// TestFinish needs no socket: the descriptor options say who computes.
func TestFinish(t *testing.T) {
	frame, sum := udpFrame("who is there")
	n := uint16(len(frame))
	tests := map[string]struct {
		sum     packet.Partial
		offload bool
		options uint32
		ok      bool
	}{
		"finished already":        {packet.Partial{}, true, 0, true},
		"by the kernel":           {sum, true, unix.XDP_TX_METADATA, true},
		"by us":                   {sum, false, 0, true},
		"field before start":      {packet.Partial{Start: 40, Field: 34}, true, 0, false},
		"field at the very end":   {packet.Partial{Start: 34, Field: n - 2}, true, unix.XDP_TX_METADATA, true},
		"field half outside":      {packet.Partial{Start: 34, Field: n - 1}, true, 0, false},
		"field far outside":       {packet.Partial{Start: 34, Field: 0xffff}, false, 0, false},
		"start and field outside": {packet.Partial{Start: n, Field: n}, false, 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := &Group{mem: umem{mem: make([]byte, 4096), frame: 2048, metadata: metadataSize}}
			s := &Socket{g: g, offload: tt.offload}
			p := packet.Packet{Frame: 2048}
			p.Reset(g.mem.chunk(2048), metadataSize, copy(g.mem.mem[2048+metadataSize:], frame))
			p.Sum = tt.sum
			options, ok := s.finish(&p, g.mem.chunk(2048)[:metadataSize])
			if options != tt.options || ok != tt.ok {
				t.Fatalf("finish(%+v) = %#x, %t, want %#x, %t", tt.sum, options, ok, tt.options, tt.ok)
			}
			if by := tt.sum == sum && !tt.offload; verifies(p.Bytes()) != by {
				t.Errorf("checksum verifies %t, want %t", !by, by)
			}
		})
	}
}

// TestRequestChecksum compares with struct xsk_tx_metadata of linux/if_xdp.h.
func TestRequestChecksum(t *testing.T) {
	got := bytes.Repeat([]byte{0xff}, metadataSize)
	requestChecksum(got, packet.Partial{Start: 34, Field: 40})
	want := binary.NativeEndian.AppendUint64(nil, 2) // XDP_TXMD_FLAGS_CHECKSUM
	want = binary.NativeEndian.AppendUint16(want, 34)
	want = binary.NativeEndian.AppendUint16(want, 6) // csum_offset counts from csum_start
	want = append(want, 0, 0, 0, 0)
	if !bytes.Equal(got, want) {
		t.Errorf("requestChecksum wrote % x, want % x", got, want)
	}
}
