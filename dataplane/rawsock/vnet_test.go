package rawsock

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unsafe"

	"xlvs/dataplane/packet"
)

// TestVnetHeaderIsTheKernels compares with struct virtio_net_hdr of
// linux/virtio_net.h, byte by byte.
func TestVnetHeaderIsTheKernels(t *testing.T) {
	h := vnetHeader{flags: 1, kind: 0x84, headers: 2, size: 3, start: 4, offset: 5}
	want := []byte{1, 0x84}
	for _, v := range []uint16{2, 3, 4, 5} {
		want = binary.NativeEndian.AppendUint16(want, v)
	}
	got := unsafe.Slice((*byte)(unsafe.Pointer(&h)), unsafe.Sizeof(h))
	if !bytes.Equal(got, want) || len(got) != vnetSize {
		t.Errorf("a vnetHeader is % x, want % x", got, want)
	}
}

func TestVnetHeaderRead(t *testing.T) {
	tests := map[string]struct {
		in  vnetHeader
		n   int
		ok  bool
		sum packet.Partial
		gso packet.GSO
	}{
		"ordinary frame":         {vnetHeader{}, 60, true, packet.Partial{}, packet.GSO{}},
		"checksum verified":      {vnetHeader{flags: 2}, 60, true, packet.Partial{}, packet.GSO{}},
		"unfinished checksum":    {vnetHeader{flags: 1, start: 34, offset: 6}, 42, true, packet.Partial{Start: 34, Field: 40}, packet.GSO{}},
		"checksum half outside":  {vnetHeader{flags: 1, start: 34, offset: 6}, 41, false, packet.Partial{}, packet.GSO{}},
		"checksum overflows":     {vnetHeader{flags: 1, start: 0xffff, offset: 2}, 64, false, packet.Partial{}, packet.GSO{}},
		"tcp over ipv4":          {vnetHeader{kind: 1, size: 1448}, 3000, true, packet.Partial{}, packet.GSO{Kind: packet.GSOTCP4, Size: 1448}},
		"tcp over ipv6 with cwr": {vnetHeader{kind: 0x84, size: 1428}, 3000, true, packet.Partial{}, packet.GSO{Kind: packet.GSOTCP6, ECN: true, Size: 1428}},
		"udp":                    {vnetHeader{kind: 5, size: 1200}, 3000, true, packet.Partial{}, packet.GSO{Kind: packet.GSOUDP, Size: 1200}},
		"udp fragments":          {vnetHeader{kind: 3, size: 1200}, 3000, false, packet.Partial{}, packet.GSO{}},
		"udp tunnel":             {vnetHeader{kind: 0x21, size: 1200}, 3000, false, packet.Partial{}, packet.GSO{}},
		"message without frame":  {vnetHeader{flags: 1}, -10, false, packet.Partial{}, packet.GSO{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sum, gso, ok := tt.in.read(tt.n)
			if ok != tt.ok || ok && (sum != tt.sum || gso != tt.gso) {
				t.Errorf("%+v.read(%d) = %+v, %+v, %t, want %+v, %+v, %t", tt.in, tt.n, sum, gso, ok, tt.sum, tt.gso, tt.ok)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	tcp := make([]byte, 3000)
	tcp[34+12] = 8 << 4 // a header of 32 bytes
	long := bytes.Clone(tcp)
	long[34+12] = 15 << 4
	sum := packet.Partial{Start: 34, Field: 50}
	gso := packet.GSO{Kind: packet.GSOTCP4, Size: 1448}
	tests := map[string]struct {
		frame []byte
		l4    uint16
		sum   packet.Partial
		gso   packet.GSO
		ok    bool
		want  vnetHeader
	}{
		"ordinary frame":        {tcp[:60], 34, packet.Partial{}, packet.GSO{}, true, vnetHeader{}},
		"unfinished checksum":   {tcp[:60], 34, sum, packet.GSO{}, true, vnetHeader{flags: 1, start: 34, offset: 16}},
		"tcp":                   {tcp, 34, sum, gso, true, vnetHeader{flags: 1, kind: 1, headers: 66, size: 1448, start: 34, offset: 16}},
		"checksum finished":     {tcp, 34, packet.Partial{}, gso, true, vnetHeader{kind: 1, headers: 66, size: 1448}},
		"not parsed":            {tcp, 0, sum, gso, true, vnetHeader{flags: 1, kind: 1, headers: 66, size: 1448, start: 34, offset: 16}},
		"tcp with cwr":          {tcp, 34, packet.Partial{}, packet.GSO{Kind: packet.GSOTCP6, ECN: true, Size: 9}, true, vnetHeader{kind: 0x84, headers: 66, size: 9}},
		"udp":                   {tcp, 34, packet.Partial{}, packet.GSO{Kind: packet.GSOUDP, Size: 9}, true, vnetHeader{kind: 5, headers: 42, size: 9}},
		"no header":             {tcp[:13], 0, packet.Partial{}, packet.GSO{}, false, vnetHeader{}},
		"field before start":    {tcp, 0, packet.Partial{Start: 50, Field: 34}, packet.GSO{}, false, vnetHeader{}},
		"field half outside":    {tcp[:51], 0, sum, packet.GSO{}, false, vnetHeader{}},
		"field far outside":     {tcp, 0, packet.Partial{Start: 34, Field: 0xffff}, packet.GSO{}, false, vnetHeader{}},
		"tcp header cut short":  {tcp[:46], 34, packet.Partial{}, gso, false, vnetHeader{}},
		"tcp options cut short": {long[:93], 34, packet.Partial{}, gso, false, vnetHeader{}},
		"udp header cut short":  {tcp[:41], 34, packet.Partial{}, packet.GSO{Kind: packet.GSOUDP, Size: 9}, false, vnetHeader{}},
		"nothing of this kind":  {tcp, 34, sum, packet.GSO{Kind: 77, Size: 9}, false, vnetHeader{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := new(packet.Packet)
			p.Reset(bytes.Clone(tt.frame), 0, len(tt.frame))
			p.L4, p.Sum, p.GSO = tt.l4, tt.sum, tt.gso
			got, ok := describe(p)
			if ok != tt.ok || ok && got != tt.want {
				t.Errorf("describe = %+v, %t, want %+v, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestRestoreMovesTheChecksumAlong(t *testing.T) {
	frame := numbered(7)
	p := new(packet.Packet)
	chunk := append(make([]byte, tagSize), frame...)
	p.Reset(chunk, tagSize, len(frame))
	p.Sum = packet.Partial{Start: 34, Field: 40}
	tag{0x88a8, 0x6123}.restore(p)
	want := append(append(bytes.Clone(frame[:12]), 0x88, 0xa8, 0x61, 0x23), frame[12:]...)
	if !bytes.Equal(p.Bytes(), want) || p.Sum != (packet.Partial{Start: 38, Field: 44}) {
		t.Errorf("restored % x, %+v, want % x", p.Bytes(), p.Sum, want)
	}
}

// FuzzVnetHeader checks that what is read of any header lies in its frame, and
// that it is written as it was read.
func FuzzVnetHeader(f *testing.F) {
	f.Add(uint8(1), uint8(1), uint16(66), uint16(1448), uint16(34), uint16(16), 3000)
	f.Add(uint8(1), uint8(5), uint16(42), uint16(1200), uint16(34), uint16(6), 3000)
	f.Fuzz(func(t *testing.T, flags, kind uint8, headers, size, start, offset uint16, n int) {
		h := vnetHeader{flags & 1, kind, headers, size, start, offset}
		sum, gso, ok := h.read(n)
		if !ok || n < 0 || n > largest {
			return
		}
		p := new(packet.Packet)
		p.Reset(make([]byte, n), 0, n)
		p.Sum, p.GSO = sum, gso
		again, ok := describe(p)
		if !ok {
			return // the headers need not be there
		}
		if s, g, ok := again.read(n); !ok || s != sum || g != gso {
			t.Errorf("%+v was written as %+v", h, again)
		}
	})
}
