package segment

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// TestSegmentsDecode has another decoder read segments: their checksums verify,
// their sequence numbers follow, their payloads add up.
func TestSegmentsDecode(t *testing.T) {
	all := shapes()
	rapid.Check(t, func(rt *rapid.T) {
		s := all[rapid.SampledFrom(decodable(all)).Draw(rt, "shape")]
		payload := string(rapid.SliceOfN(rapid.Byte(), 1, 4000).Draw(rt, "payload"))
		size := rapid.IntRange(1, 1500).Draw(rt, "size")
		size = max(size, len(payload)/200+1)
		in := s.super(size, header.TCPFlags(rapid.Byte().Draw(rt, "flags")), payload)
		got := ""
		for _, dst := range cut(t, in.finished(t)) {
			got += decode(rt, dst.Bytes(), uint32(0xfffffff0+len(got)))
		}
		if got != payload {
			rt.Fatalf("segments hold %x, want %x", got, payload)
		}
	})
}

// decodable returns the names of the shapes that gopacket reads, always in the
// same order. It takes a packet with a hop-by-hop header for a truncated one.
func decodable(all map[string]shape) []string {
	names := slices.DeleteFunc(slices.Collect(maps.Keys(all)), func(name string) bool {
		return strings.Contains(name, "extension header")
	})
	slices.Sort(names)
	return names
}

// decode returns the payload of frame, in which everything must be right: taken
// apart and put together, with lengths and checksums computed anew, it is the
// same.
func decode(t *rapid.T, frame []byte, seq uint32) string {
	d := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	if e := d.ErrorLayer(); e != nil || d.Metadata().Truncated || d.TransportLayer() == nil {
		t.Fatalf("decode %x: %v", frame, e)
	}
	if tcp, ok := d.TransportLayer().(*layers.TCP); ok && tcp.Seq != seq {
		t.Errorf("sequence number %d, want %d", tcp.Seq, seq)
	}
	payload := string(d.TransportLayer().LayerPayload())
	again := gopacket.NewSerializeBuffer()
	for _, l := range d.Layers() {
		if l, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok {
			_ = l.SetNetworkLayerForChecksum(d.NetworkLayer())
		}
	}
	err := gopacket.SerializePacket(again, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, d)
	if err != nil || !bytes.HasPrefix(again.Bytes(), frame) { // short frames are padded
		t.Errorf("segment is %x, want %x, %v", frame, again.Bytes(), err)
	}
	return payload
}

func TestCuttingDoesNotAllocate(t *testing.T) {
	for name, s := range shapes() {
		p, dst := s.super(1000, everyFlag, text(5500)).unfinished(t), new(packet.Packet)
		chunk, segments := make([]byte, 2048), 0
		n := testing.AllocsPerRun(20, func() {
			segments = cutInto(p, dst, chunk)
		})
		if n != 0 || segments != 6 {
			t.Errorf("%s: cut into %d segments with %v allocations, want 6 with 0", name, segments, n)
		}
	}
}

// cutInto cuts p, one segment after the other into the same chunk, and returns
// how many there were.
func cutInto(p, dst *packet.Packet, chunk []byte) (n int) {
	c, _ := New(p)
	for c.More() {
		dst.Reset(chunk, packet.Headroom, 0)
		if !c.Next(dst) {
			return -1
		}
		n++
	}
	return n
}

func BenchmarkCutting(b *testing.B) {
	for _, name := range []string{"TCP over IPv4", "TCP over IPv6", "UDP over IPv4"} {
		in := shapes()[name].super(1400, header.FlagACK, text(46*1400))
		for sum, p := range map[string]*packet.Packet{"finished": in.finished(b), "unfinished": in.unfinished(b)} {
			b.Run(name+", "+sum, func(b *testing.B) {
				chunk, dst := make([]byte, 2048), new(packet.Packet)
				b.ReportAllocs()
				b.SetBytes(int64(p.Len()))
				for b.Loop() {
					if cutInto(p, dst, chunk) != 46 {
						b.Fatal("not cut into 46 segments")
					}
				}
			})
		}
	}
}
