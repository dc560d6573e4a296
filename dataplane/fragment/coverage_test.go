package fragment

import "testing"

// TestOverlaps has attacks and accidents: pieces after which one more comes, and
// what becomes of that and of an innocent piece that follows.
func TestOverlaps(t *testing.T) {
	middle := Piece{Offset: 16, Len: 16, More: true} // second and third in one
	tests := map[string]struct {
		before []Piece
		in     Piece
		want   Outcome
		after  Outcome // of the piece at 64
	}{
		"first again":                        {[]Piece{first}, first, Repeats, Waits},
		"middle again":                       {[]Piece{first, middle}, middle, Repeats, Waits},
		"part of the middle":                 {[]Piece{middle}, third, Repeats, Waits},
		"again, cut otherwise":               {[]Piece{second, third}, middle, Repeats, Waits},
		"again across what was in order":     {[]Piece{first, second}, Piece{Offset: 8, Len: 16, More: true}, Repeats, Waits},
		"new headers over the first":         {[]Piece{first}, Piece{Offset: 8, Len: 16, More: true}, Overlaps, Abandoned},
		"longer first":                       {[]Piece{first}, Piece{Offset: 0, Len: 24, More: true}, Overlaps, Abandoned},
		"first over a piece that came early": {[]Piece{Piece{Offset: 8, Len: 16, More: true}}, first, Overlaps, Abandoned},
		"around a piece":                     {[]Piece{second}, Piece{Offset: 8, Len: 24, More: true}, Overlaps, Abandoned},
		"fills a gap and more":               {[]Piece{first, third}, middle, Overlaps, Abandoned},
		"across a gap":                       {[]Piece{first, third}, Piece{Offset: 8, Len: 24, More: true}, Overlaps, Abandoned},
		"teardrop":                           {[]Piece{{Len: 40, More: true}}, Piece{Offset: 24, Len: 4}, BeyondEnd, Abandoned},
		"last again":                         {[]Piece{{Offset: 64, Len: 9}}, Piece{Offset: 64, Len: 9}, Repeats, Repeats},
		"shorter last":                       {[]Piece{{Offset: 64, Len: 9}}, Piece{Offset: 64, Len: 8}, BeyondEnd, Abandoned},
		"longer last":                        {[]Piece{{Offset: 64, Len: 9}}, Piece{Offset: 64, Len: 10}, BeyondEnd, Abandoned},
		"behind the last":                    {[]Piece{last}, Piece{Offset: 40, Len: 8, More: true}, BeyondEnd, Abandoned},
		"another last behind the last":       {[]Piece{last}, Piece{Offset: 40, Len: 8}, BeyondEnd, Abandoned},
		"last before a piece":                {[]Piece{last, third}, Piece{Offset: 16, Len: 8}, BeyondEnd, Abandoned},
		"last within the first":              {[]Piece{first}, Piece{Offset: 8, Len: 8}, Repeats, Waits},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tracker := New[int](Options{})
			for _, pc := range tt.before {
				if _, _, o := tracker.Add(key(1), pc, 0); o.Dropped() {
					t.Fatalf("Add(%+v) = %v beforehand", pc, o)
				}
			}
			if _, _, o := tracker.Add(key(1), tt.in, 0); o != tt.want {
				t.Errorf("Add(%+v) = %v, want %v", tt.in, o, tt.want)
			}
			if _, _, o := tracker.Add(key(1), Piece{Offset: 64, Len: 8, More: true}, 0); o != tt.after {
				t.Errorf("afterwards Add() = %v, want %v", o, tt.after)
			}
			if s := tracker.Stats(); (s.Refused != 0) != (tt.after == Abandoned) {
				t.Errorf("%d datagrams refused, and the next piece is %v", s.Refused, tt.after)
			}
		})
	}
}

// TestGapsAreBounded leaves as many gaps as there may be, closes one, and then
// leaves one more.
func TestGapsAreBounded(t *testing.T) {
	tracker := New[int](Options{})
	lone := func(i int) Piece { return Piece{Offset: 16 * i, Len: 8, More: true} }
	for i := range maxRuns {
		if _, _, o := tracker.Add(key(1), lone(i+1), 0); o != Waits {
			t.Fatalf("piece %d: Add() = %v, want %v", i, o, Waits)
		}
	}
	if _, _, o := tracker.Add(key(1), Piece{Offset: 24, Len: 8, More: true}, 0); o != Waits {
		t.Errorf("in a gap: Add() = %v, want %v", o, Waits)
	}
	for i, want := range []Outcome{Waits, Scattered, Abandoned} {
		if _, _, o := tracker.Add(key(1), lone(maxRuns+1+i), 0); o != want {
			t.Errorf("piece %d after that: Add() = %v, want %v", i, o, want)
		}
	}
}
