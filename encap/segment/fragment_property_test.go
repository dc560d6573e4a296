package segment

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestFragmentsReassemble puts fragments together again, some of them cut more
// than once.
func TestFragmentsReassemble(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := wholes(rapid.IntRange(1, 3000).Draw(rt, "size"))
		frame := all[rapid.SampledFrom(slices.Sorted(maps.Keys(all))).Draw(rt, "packet")]
		pieces := []*packet.Packet{packet4(t, frame)}
		for range rapid.IntRange(1, 3).Draw(rt, "times") {
			mtu := rapid.IntRange(68, 1500).Draw(rt, "mtu")
			pieces = cutAll(rt, pieces, mtu)
		}
		want := packettest.Network(frame)
		size := header.IPv4(want).HeaderLen()
		if got := reassemble(pieces); !bytes.Equal(got, want[size:]) {
			rt.Errorf("reassembled % x, want % x", got, want[size:])
		}
	})
}

// cutAll cuts each of ps, and looks that all that comes of it is sound.
func cutAll(t rapid.TB, ps []*packet.Packet, mtu int) (out []*packet.Packet) {
	for _, p := range ps {
		out = append(out, soundFragments(t, p, mtu)...)
	}
	return out
}

// soundFragments returns the fragments of p, each of which is a right packet of
// at most mtu bytes that begins where the one before ends.
func soundFragments(t rapid.TB, p *packet.Packet, mtu int) (out []*packet.Packet) {
	whole := header.IPv4(slices.Clone(p.Bytes()[p.L3:]))
	f, ok := NewFragments(p, mtu, 7)
	if !ok {
		t.Fatalf("NewFragments(%x, %d) = false", p.Bytes(), mtu)
	}
	offset := whole.FragmentOffset()
	for f.More() {
		dst := new(packet.Packet)
		dst.Reset(make([]byte, p.Len()), 0, 0)
		if !f.Next(dst) {
			t.Fatalf("no fragment after %x", p.Bytes())
		}
		h, ok := header.ParseIPv4(dst.Bytes()[p.L3:])
		switch {
		case !ok || len(h) != dst.Len()-int(p.L3) || !h.ChecksumOK():
			t.Fatalf("fragment %x of %x", dst.Bytes(), p.Bytes())
		case len(h) > mtu || h.FragmentOffset() != offset || len(h.Payload()) == 0:
			t.Fatalf("fragment of %d bytes at %d, want at most %d at %d", len(h), h.FragmentOffset(), mtu, offset)
		case h.MoreFragments() != (f.More() || whole.MoreFragments()) || f.More() && len(h.Payload())%8 != 0:
			t.Fatalf("fragment %x of %x, more: %t", dst.Bytes(), p.Bytes(), f.More())
		}
		offset += len(h.Payload())
		out = append(out, dst)
	}
	if end := whole.FragmentOffset() + len(whole.Payload()); offset != end {
		t.Fatalf("the last fragment ends at %d, want %d", offset, end)
	}
	return out
}

// reassemble returns the payload of the packet that ps are all fragments of.
func reassemble(ps []*packet.Packet) []byte {
	whole, size := make([]byte, 1<<16), 0
	for _, p := range ps {
		h := header.IPv4(p.Bytes()[p.L3:])
		size += copy(whole[h.FragmentOffset():], h.Payload())
	}
	return whole[:size]
}

// FuzzFragmenting takes any IPv4 packet through a Fragmenter.
func FuzzFragmenting(f *testing.F) {
	for _, frame := range wholes(100) {
		f.Add(frame, 68, uint16(0), uint16(0))
		sum := packettest.Partial(fragmentable(packettest.UDP(client4, virtual4, text(100)), 7))
		f.Add(frame, 100, sum.Start, sum.Field)
		f.Add(packettest.Fragments(frame, 96, 7)[1], 68, uint16(0), uint16(0))
	}
	f.Fuzz(func(t *testing.T, frame []byte, mtu int, start, field uint16) {
		p := packettest.Frame(frame)
		_, l3, ok := header.Network(frame)
		if !ok {
			t.Skip()
		}
		p.L3, p.Sum = uint16(l3), packet.Partial{Start: start, Field: field}
		if _, ok := NewFragments(p, mtu, 7); !ok {
			t.Skip()
		}
		h, _ := header.ParseIPv4(p.Bytes()[l3:])
		p.Truncate(l3 + len(h))
		var got []byte
		for _, dst := range soundFragments(t, p, mtu) {
			got = append(got, header.IPv4(dst.Bytes()[l3:]).Payload()...)
		}
		if !bytes.Equal(got, h.Payload()) {
			t.Errorf("fragments hold %x, want %x", got, h.Payload())
		}
	})
}

func TestFragmentingDoesNotAllocate(t *testing.T) {
	for _, name := range []string{"UDP", "options"} {
		frame := wholes(5600)[name]
		p, sum, dst := unfinished4(t, frame), packettest.Partial(frame), new(packet.Packet)
		chunk, pieces := make([]byte, 2048), 0
		n := testing.AllocsPerRun(20, func() {
			p.Sum = sum
			pieces = fragmentInto(p, dst, chunk)
		})
		if n != 0 || pieces != 4 {
			t.Errorf("%s: cut into %d fragments with %v allocations, want 4 with 0", name, pieces, n)
		}
	}
}

// fragmentInto cuts p for an MTU of 1500, one fragment after the other into the
// same chunk, and returns how many there were.
func fragmentInto(p, dst *packet.Packet, chunk []byte) (n int) {
	f, _ := NewFragments(p, 1500, 7)
	for f.More() {
		dst.Reset(chunk, packet.Headroom, 0)
		if !f.Next(dst) {
			return -1
		}
		n++
	}
	return n
}

func BenchmarkFragmenting(b *testing.B) {
	p := packet4(b, wholes(5600)["UDP"])
	chunk, dst := make([]byte, 2048), new(packet.Packet)
	b.ReportAllocs()
	b.SetBytes(int64(p.Len()))
	for b.Loop() {
		if fragmentInto(p, dst, chunk) != 4 {
			b.Fatal("not cut into 4 fragments")
		}
	}
}
