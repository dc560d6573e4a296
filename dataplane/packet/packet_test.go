package packet

import "testing"

// newPacket returns "frame" in a chunk with 8 bytes before it and 4 after it.
func newPacket() *Packet {
	p := new(Packet)
	p.Reset([]byte("--------frame----"), 8, 5)
	return p
}

// A state is what a test compares of a packet.
type state struct {
	frame string
	start int
	sum   Partial
}

// check compares p with want, after what happened to it.
func check(t *testing.T, p *Packet, what string, want state) {
	t.Helper()
	if got := (state{string(p.Bytes()), p.Start(), p.Sum}); got != want {
		t.Errorf("%s leaves %+v, want %+v", what, got, want)
	}
	if p.Len() != len(want.frame) {
		t.Errorf("%s: Len() = %d, want %d", what, p.Len(), len(want.frame))
	}
}

func TestReset(t *testing.T) {
	p := &Packet{Frame: 4096, In: 3, Out: 5, L3: 14, L4: 34, Sum: Partial{34, 50}}
	p.Reset([]byte("--frame"), 2, 5)
	check(t, p, "Reset", state{"frame", 2, Partial{}})
	if p.Frame != 4096 || p.In != 3 || p.Out != NoPort {
		t.Errorf("Reset leaves Frame %d, In %d, Out %d, want 4096, 3, NoPort", p.Frame, p.In, p.Out)
	}
	if p.L3 != 0 || p.L4 != 0 {
		t.Errorf("Reset leaves L3 %d, L4 %d, want 0, 0", p.L3, p.L4)
	}
}

func TestPush(t *testing.T) {
	tests := map[string]struct {
		n    int
		ok   bool
		want state
	}{
		"nothing":            {0, true, state{"frame", 8, Partial{}}},
		"part of the room":   {2, true, state{"--frame", 6, Partial{}}},
		"all of the room":    {8, true, state{"--------frame", 0, Partial{}}},
		"one byte too many":  {9, false, state{"frame", 8, Partial{}}},
		"more than a uint16": {1 << 17, false, state{"frame", 8, Partial{}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPacket()
			b := p.Push(tt.n)
			if (b != nil) != tt.ok || tt.ok && len(b) != tt.n {
				t.Errorf("Push(%d) returns %d bytes, nil: %t", tt.n, len(b), b == nil)
			}
			check(t, p, "Push", tt.want)
		})
	}
}

func TestPushReturnsTheFront(t *testing.T) {
	p := newPacket()
	copy(p.Push(6), "outer ")
	check(t, p, "Push", state{"outer frame", 2, Partial{}})
}

func TestPull(t *testing.T) {
	tests := map[string]struct {
		n    int
		want state
	}{
		"nothing":           {0, state{"frame", 8, Partial{}}},
		"part of the frame": {2, state{"ame", 10, Partial{}}},
		"all of the frame":  {5, state{"", 13, Partial{}}},
		"more than it has":  {100, state{"", 13, Partial{}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPacket()
			p.Pull(tt.n)
			check(t, p, "Pull", tt.want)
		})
	}
}

func TestTruncate(t *testing.T) {
	tests := map[string]struct {
		n    int
		want string
	}{
		"to nothing":          {0, ""},
		"to a part":           {3, "fra"},
		"to its own length":   {5, "frame"},
		"to more than it has": {9, "frame"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPacket()
			p.Truncate(tt.n)
			check(t, p, "Truncate", state{tt.want, 8, Partial{}})
		})
	}
}

func TestGrow(t *testing.T) {
	tests := map[string]struct {
		n    int
		ok   bool
		want string
	}{
		"nothing":           {0, true, "frame"},
		"part of the room":  {3, true, "frame---"},
		"all of the room":   {4, true, "frame----"},
		"one byte too many": {5, false, "frame"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPacket()
			b := p.Grow(tt.n)
			if (b != nil) != tt.ok || tt.ok && len(b) != tt.n {
				t.Errorf("Grow(%d) returns %d bytes, nil: %t", tt.n, len(b), b == nil)
			}
			check(t, p, "Grow", state{tt.want, 8, Partial{}})
		})
	}
}

func TestGrowReturnsTheEnd(t *testing.T) {
	p := newPacket()
	copy(p.Grow(4), " end")
	check(t, p, "Grow", state{"frame end", 8, Partial{}})
}

func TestPartialMovesAlong(t *testing.T) {
	tests := map[string]struct {
		move func(*Packet)
		want state
	}{
		"outer header pushed": {func(p *Packet) { p.Push(6) }, state{"------frame", 2, Partial{8, 10}}},
		"no room to push":     {func(p *Packet) { p.Push(9) }, state{"frame", 8, Partial{2, 4}}},
		"outer header pulled": {func(p *Packet) { p.Pull(1) }, state{"rame", 9, Partial{1, 3}}},
		"pulled up to it":     {func(p *Packet) { p.Pull(2) }, state{"ame", 10, Partial{0, 2}}},
		"pulled past it":      {func(p *Packet) { p.Pull(3) }, state{"me", 11, Partial{}}},
		"pushed and pulled":   {func(p *Packet) { p.Push(8); p.Pull(8) }, state{"frame", 8, Partial{2, 4}}},
		"grown":               {func(p *Packet) { p.Grow(1) }, state{"frame-", 8, Partial{2, 4}}},
		"shortened behind it": {func(p *Packet) { p.Truncate(5) }, state{"frame", 8, Partial{2, 4}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPacket()
			p.Sum = Partial{Start: 2, Field: 4}
			tt.move(p)
			check(t, p, name, tt.want)
		})
	}
}

func TestHeaderOffsetsMoveAlong(t *testing.T) {
	tests := map[string]struct {
		l3, l4         uint16
		move           func(*Packet)
		wantL3, wantL4 uint16
	}{
		"outer header pushed": {1, 3, func(p *Packet) { p.Push(6) }, 7, 9},
		"no room to push":     {1, 3, func(p *Packet) { p.Push(9) }, 1, 3},
		"not parsed":          {0, 0, func(p *Packet) { p.Push(6) }, 0, 0},
		"no transport header": {1, 0, func(p *Packet) { p.Push(6) }, 7, 0},
		"pulled before them":  {2, 3, func(p *Packet) { p.Pull(1) }, 1, 2},
		"pulled between them": {1, 3, func(p *Packet) { p.Pull(2) }, 0, 1},
		"pulled past them":    {1, 3, func(p *Packet) { p.Pull(5) }, 0, 0},
		"pushed and pulled":   {1, 3, func(p *Packet) { p.Push(8); p.Pull(8) }, 1, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPacket()
			p.L3, p.L4 = tt.l3, tt.l4
			tt.move(p)
			if p.L3 != tt.wantL3 || p.L4 != tt.wantL4 {
				t.Errorf("L3 %d, L4 %d, want %d, %d", p.L3, p.L4, tt.wantL3, tt.wantL4)
			}
		})
	}
}

func TestPacketDoesNotAllocate(t *testing.T) {
	p, chunk := new(Packet), make([]byte, 2048)
	n := testing.AllocsPerRun(100, func() {
		p.Reset(chunk, Headroom, 60)
		if p.Push(20) == nil || p.Grow(4) == nil {
			t.Fatal("no room")
		}
		p.Pull(20)
		p.Truncate(60)
	})
	if n != 0 || p.Len() != 60 {
		t.Errorf("a packet's life allocates %v times and leaves %d bytes, want 0 and 60", n, p.Len())
	}
}
