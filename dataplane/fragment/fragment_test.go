package fragment

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"xlvs/lvs"
)

// key returns the name of datagram id from a client to a virtual address.
func key(id uint32) Key {
	return Key{Src: lvs.Addr4(0xc6336407), Dst: lvs.Addr4(0xc0000201), ID: id, Proto: lvs.UDP}
}

// key6 is key for IPv6.
func key6(id uint32) Key {
	const prefix = 0x20010db8 << 32
	return Key{Src: lvs.Addr{Hi: prefix, Lo: 7}, Dst: lvs.Addr{Hi: prefix, Lo: 1}, ID: id}
}

// The pieces of a datagram of 40 bytes.
var (
	first  = Piece{Offset: 0, Len: 16, More: true}
	second = Piece{Offset: 16, Len: 8, More: true}
	third  = Piece{Offset: 24, Len: 8, More: true}
	last   = Piece{Offset: 32, Len: 8}
)

// Example is what a worker does with four pieces that come in a bad order.
func Example() {
	type decision struct{ realServer string }
	tracker := New[decision](Options{})
	var held []Ticket
	for _, pc := range []Piece{third, first, last, second} {
		d, ticket, outcome := tracker.Add(key(1), pc, 0)
		switch outcome {
		case First:
			tracker.Settle(ticket, decision{"192.0.2.11"})
			fmt.Println(pc.Offset, "first")
		case Follows:
			fmt.Println(pc.Offset, "follows to", d.realServer)
		case Waits:
			held = append(held, ticket)
			fmt.Println(pc.Offset, "waits")
		}
	}
	for _, ticket := range held {
		if d, outcome := tracker.Ask(ticket); outcome == Follows {
			fmt.Println("held, follows to", d.realServer)
		}
	}
	// Output:
	// 24 waits
	// 0 first
	// 32 follows to 192.0.2.11
	// 16 follows to 192.0.2.11
	// held, follows to 192.0.2.11
}

// TestAnyOrder has the pieces of a datagram come in every order, the first one
// decided about at once or when all have come.
func TestAnyOrder(t *testing.T) {
	orders := permutations([]Piece{first, second, third, last})
	if len(orders) != 24 {
		t.Fatalf("%d orders, want 24", len(orders))
	}
	for _, order := range orders {
		for _, late := range []bool{false, true} {
			if followed, stats := follow(t, order, late); followed != 3 || stats.Complete != 1 || stats.Datagrams != 0 {
				t.Errorf("%v, settled late %t: %d pieces followed, %+v; want 3, and the datagram complete and forgotten",
					order, late, followed, stats)
			}
		}
	}
}

// follow takes pieces through a Tracker and returns how many followed the first.
func follow(t *testing.T, order []Piece, late bool) (followed int, s Stats) {
	const value = 4242
	tracker := New[int](Options{})
	var held []Ticket
	var one Ticket
	for _, pc := range order {
		v, tk, o := tracker.Add(key(1), pc, 0)
		switch {
		case o == First && late:
			one = tk
		case o == First:
			tracker.Settle(tk, value)
		case o == Waits:
			held = append(held, tk)
		case o == Follows && v == value:
			followed++
		default:
			t.Errorf("%v: Add(%+v) = %d, %v", order, pc, v, o)
		}
	}
	if late {
		if n := tracker.Settle(one, value); n != len(held) {
			t.Errorf("%v: Settle() = %d waiting, want %d", order, n, len(held))
		}
	}
	for _, tk := range held {
		if v, o := tracker.Ask(tk); v == value && o == Follows {
			followed++
		}
	}
	return followed, tracker.Stats()
}

func permutations(ps []Piece) (all [][]Piece) {
	if len(ps) == 0 {
		return [][]Piece{nil}
	}
	for i := range ps {
		for _, rest := range permutations(slices.Delete(slices.Clone(ps), i, i+1)) {
			all = append(all, append([]Piece{ps[i]}, rest...))
		}
	}
	return all
}

func TestMalformedPieces(t *testing.T) {
	tests := map[string]struct {
		key  Key
		in   Piece
		want Outcome
	}{
		"empty":                              {key(1), Piece{Offset: 8}, Malformed},
		"negative length":                    {key(1), Piece{Offset: 8, Len: -8}, Malformed},
		"negative offset":                    {key(1), Piece{Offset: -8, Len: 8, More: true}, Malformed},
		"offset no multiple of 8":            {key(1), Piece{Offset: 4, Len: 8, More: true}, Malformed},
		"middle with an odd length":          {key(1), Piece{Offset: 8, Len: 9, More: true}, Malformed},
		"last with an odd length":            {key(1), Piece{Offset: 8, Len: 9}, Waits},
		"longest datagram":                   {key(1), Piece{Offset: 65512, Len: 3}, Waits},
		"ping of death":                      {key(1), Piece{Offset: 65512, Len: 4}, TooLong},
		"ping of death, not the last":        {key(1), Piece{Offset: 65512, Len: 8, More: true}, TooLong},
		"longest ipv6 datagram":              {key6(1), Piece{Offset: 65528, Len: 7}, Waits},
		"ipv6 ping of death":                 {key6(1), Piece{Offset: 65528, Len: 8}, TooLong},
		"offset behind everything":           {key(1), Piece{Offset: 1 << 62, Len: 1 << 62}, TooLong},
		"length that overflows with offset":  {key(1), Piece{Offset: 8, Len: 1<<63 - 1}, TooLong},
		"first without a transport header":   {key(1), Piece{Len: 8, More: true, Tiny: true}, Tiny},
		"first that is all of the datagram":  {key(1), Piece{Len: 33}, First},
		"first with a whole header, as is":   {key(1), first, First},
		"second, of which there is no first": {key(1), second, Waits},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tracker := New[int](Options{})
			if _, _, o := tracker.Add(tt.key, tt.in, 0); o != tt.want {
				t.Fatalf("Add(%+v) = %v, want %v", tt.in, o, tt.want)
			}
			if s := tracker.Stats(); s.Pieces[tt.want] != 1 || tt.want.Dropped() != (s.Datagrams == 0) {
				t.Errorf("%v afterwards: a piece that is malformed is counted and else leaves nothing", s)
			}
		})
	}
}

func TestOutcomesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for o := accepted + 1; o < Outcomes; o++ {
		if name := o.String(); name == "" || seen[name] {
			t.Errorf("%d is named %q", o, name)
		}
		seen[o.String()] = true
	}
	for _, o := range []Outcome{accepted, Outcomes} {
		if got, want := o.String(), fmt.Sprintf("Outcome(%d)", o); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}

func TestTimeoutsAreTheKernels(t *testing.T) {
	tests := map[string]struct {
		key  Key
		want time.Duration
	}{
		"ipv4": {key(1), 30 * time.Second},
		"ipv6": {key6(1), 60 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			const start = time.Hour
			tracker := New[int](Options{})
			_, tk, _ := tracker.Add(tt.key, second, start)
			tracker.Add(tt.key, third, start+tt.want-1) // does not prolong it
			tracker.Sweep(start + tt.want - 1)
			if _, o := tracker.Ask(tk); o != Waits {
				t.Errorf("just before the timeout Ask() = %v, want %v", o, Waits)
			}
			tracker.Sweep(start + tt.want)
			if _, o := tracker.Ask(tk); o != Gone {
				t.Errorf("after the timeout Ask() = %v, want %v", o, Gone)
			}
			if s := tracker.Stats(); s.TimedOut != 1 || s.Datagrams != 0 || s.Pieces[Gone] != 1 {
				t.Errorf("%+v afterwards, want one timed out", s)
			}
		})
	}
}
