package segment

import (
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestCuttingFragments cuts fragments again, and compares with what the whole
// packet gives.
func TestCuttingFragments(t *testing.T) {
	for _, name := range []string{"UDP", "TCP", "ESP", "UDP, tagged", "as many options as fit"} {
		t.Run(name, func(t *testing.T) {
			frame := wholes(301)[name]
			hl := header.IPv4(packettest.Network(frame)).HeaderLen()
			var got []*packet.Packet
			for _, p := range fragments(t, packet4(t, frame), hl+96, 7) {
				got = append(got, fragments(t, p, hl+39, 7)...)
			}
			wantFrames(t, got, packettest.Fragments(frame, 32, 0x1234))
		})
	}
}

// TestFragmentIDs says which packets get the caller's identification.
func TestFragmentIDs(t *testing.T) {
	whole := packettest.UDP(client4, virtual4, text(100))
	tests := map[string]struct {
		frame []byte
		mtu   int
		want  uint16
	}{
		"numbered":               {fragmentable(whole, 5), 68, 5},
		"not numbered":           {fragmentable(whole, 0), 68, 7},
		"not numbered, but fits": {fragmentable(whole, 0), 128, 0},
		"first fragment":         {packettest.Fragments(whole, 96, 0)[0], 68, 0},
		"last fragment":          {packettest.Fragments(whole, 16, 0)[6], 28, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for i, p := range fragments(t, packet4(t, tt.frame), tt.mtu, 7) {
				if id := header.IPv4(p.Bytes()[p.L3:]).ID(); id != tt.want {
					t.Errorf("fragment %d is numbered %d, want %d", i, id, tt.want)
				}
			}
		})
	}
}

func TestFragmentsNeedRoom(t *testing.T) {
	frame := wholes(60)["UDP"]
	f, ok := NewFragments(packet4(t, frame), 68, 7)
	if !ok {
		t.Fatal("NewFragments() = false")
	}
	const first = header.EthernetSize + 68
	dst := new(packet.Packet)
	dst.Reset(make([]byte, first+9), 10, 4)
	if f.Next(dst) || dst.Len() != 0 {
		t.Fatalf("Next() finds room for %d bytes in %d", dst.Len(), first-1)
	}
	dst.Reset(make([]byte, first+10), 10, 4)
	if !f.Next(dst) || dst.Len() != first || !f.More() {
		t.Fatalf("fragment of %d bytes, want %d", dst.Len(), first)
	}
	wantFrames(t, []*packet.Packet{dst}, packettest.Fragments(frame, 48, 0x1234)[:1])
	if !f.Next(dst) || f.More() || dst.Len() != first-28 || f.Next(dst) || dst.Len() != 0 {
		t.Errorf("%d bytes left, dst of %d bytes after the last fragment", len(f.rest), dst.Len())
	}
}

func TestFragmentingLeavesPadding(t *testing.T) {
	frame := wholes(10)["UDP"]
	p := packet4(t, frame)
	copy(p.Grow(8), "padding!")
	wantFrames(t, fragments(t, p, 28, 7), packettest.Fragments(frame, 8, 0x1234))
	p = unfinished4(t, frame)
	copy(p.Grow(8), "padding!")
	wantFrames(t, fragments(t, p, 36, 7), packettest.Fragments(frame, 16, 0x1234))
}

// TestFragmentingWithoutEthernet has a packet from a link that has no frames.
func TestFragmentingWithoutEthernet(t *testing.T) {
	frame := wholes(100)["UDP"]
	p := unfinished4(t, frame)
	p.Pull(header.EthernetSize)
	var got [][]byte
	for _, dst := range fragments(t, p, 68, 7) {
		got = append(got, slices.Concat(frame[:header.EthernetSize], dst.Bytes()))
	}
	if want := packettest.Fragments(frame, 48, 0x1234); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("fragments are %x, want %x", got, want)
	}
}
