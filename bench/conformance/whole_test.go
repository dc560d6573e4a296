package conformance

import (
	"bytes"
	"slices"
	"testing"
)

// TestWhole divides a datagram in many ways, all of which are the same.
func TestWhole(t *testing.T) {
	for _, f := range families {
		whole4 := f.on("udp", 53).talk(0, 4000, 0, 53).in("q")
		part := func(i int) Packet { return third(whole4, 7, i) }
		all := whole4
		all.Size, all.ID = part(0).Size, part(0).ID
		tunnel := func(p Packet) Packet {
			proto, own := "4", "192.0.2.1"
			if f.name == "v6" {
				proto, own = "41", "2001:db8:2::1"
			}
			return Packet{Proto: proto, Src: own, Dst: f.real(0), Inner: &p}
		}
		outer := func(i int) Packet { return pieceOfTunnel(tunnel(all), i) }
		tests := map[string]struct {
			in   []Packet
			want []Packet
		}{
			"nothing divided":     {[]Packet{whole4, tunnel(whole4)}, []Packet{whole4, tunnel(whole4)}},
			"in order":            {[]Packet{part(0), part(1), part(2)}, []Packet{all}},
			"backwards":           {[]Packet{part(2), part(1), part(0)}, []Packet{all}},
			"another between":     {[]Packet{part(2), whole4, part(1), part(0)}, []Packet{whole4, all}},
			"without a first":     {[]Packet{part(1), part(2)}, nil},
			"without a last":      {[]Packet{part(0), part(1), whole4}, []Packet{whole4}},
			"with a hole":         {[]Packet{part(0), part(2)}, nil},
			"divided in a tunnel": {[]Packet{tunnel(part(0)), tunnel(part(1)), tunnel(part(2))}, []Packet{all}},
			"tunnel divided":      {[]Packet{outer(0), outer(1)}, []Packet{all}},
			"and one that is not": {[]Packet{outer(0), outer(1), tunnel(whole4)}, []Packet{all, tunnel(whole4)}},
		}
		for name, tt := range tests {
			t.Run(f.name+" "+name, func(t *testing.T) {
				if got, want := whole(frames(t, tt.in)), frames(t, tt.want); !slices.EqualFunc(got, want, bytes.Equal) {
					t.Errorf("whole() = %x, want %x", got, want)
				}
			})
		}
	}
}

// TestWholeTellsApart checks that what is put together still has to be the same.
func TestWholeTellsApart(t *testing.T) {
	f := &families[0]
	q := f.on("udp", 53).talk(0, 4000, 0, 53).in("q")
	good := []Packet{third(q, 7, 0), third(q, 7, 1), third(q, 7, 2)}
	tests := map[string]func(list []Packet){
		"TTL of a piece":             func(list []Packet) { list[1].TTL = 9 },
		"TTL of all":                 func(list []Packet) { list[0].TTL, list[1].TTL, list[2].TTL = 9, 9, 9 },
		"data":                       func(list []Packet) { list[0].Data = "other" },
		"header checksum of a piece": func(list []Packet) { list[1].Broken = brokenHeader },
		"twice the same piece":       func(list []Packet) { list[1] = list[0] },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			bad := slices.Clone(good)
			change(bad)
			if slices.EqualFunc(whole(frames(t, bad)), whole(frames(t, good)), bytes.Equal) {
				t.Error("whole() is the same")
			}
		})
	}
}

// frames returns packets in frames.
func frames(t *testing.T, packets []Packet) (list [][]byte) {
	t.Helper()
	for _, p := range packets {
		list = append(list, mustBuild(t, p))
	}
	return list
}

// pieceOfTunnel returns one of two parts of p.
func pieceOfTunnel(p Packet, part int) Packet {
	const first = 1208
	b, err := p.Inner.build()
	if err != nil {
		panic(err)
	}
	p.ID, p.Fragment = 9, &Fragment{Length: first, More: true}
	if part == 1 {
		p.Fragment = &Fragment{Offset: first, Length: len(b) - first}
	}
	return p
}

// FuzzWhole has whatever frames there may be put together.
func FuzzWhole(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0x45}, 60), bytes.Repeat([]byte{0x60}, 80))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if got := whole([][]byte{a, b, a}); len(got) > 3 {
			t.Errorf("whole() of three frames has %d", len(got))
		}
	})
}
