package header

import (
	"slices"
	"testing"
)

// walk returns where the options in b begin and end.
func walk(b []byte) (found [][2]int) {
	o := Options(b)
	for at, end, ok := o.Next(0); ok; at, end, ok = o.Next(end) {
		found = append(found, [2]int{at, end})
	}
	return found
}

func TestOptions(t *testing.T) {
	tests := map[string]struct {
		in   string
		want [][2]int
	}{
		"none":                    {"", nil},
		"padding only":            {"01010101", nil},
		"the end at once":         {"00020405b4", nil},
		"one option":              {"020405b4", [][2]int{{0, 4}}},
		"behind padding":          {"0101020405b4", [][2]int{{2, 6}}},
		"behind another option":   {"0402020405b4", [][2]int{{0, 2}, {2, 6}}},
		"padding between":         {"040201020405b4", [][2]int{{0, 2}, {3, 7}}},
		"behind the end":          {"040200020405b4", [][2]int{{0, 2}}},
		"a length of zero":        {"0402" + "0800" + "020405b4", [][2]int{{0, 2}}},
		"a length of one":         {"0402" + "0801" + "020405b4", [][2]int{{0, 2}}},
		"longer than the header":  {"0402" + "020505b4", [][2]int{{0, 2}}},
		"a kind in the last byte": {"040202", [][2]int{{0, 2}}},
		"padding in the last":     {"040201", [][2]int{{0, 2}}},
		// TCP(options=[('MSS', 1460), ('SAckOK', ''), ('Timestamp', (7, 0)), ('NOP', None), ('WScale', 7)]) of scapy 2.5.0
		"a SYN of Linux": {"020405b40402080a000000070000000001030307", [][2]int{{0, 4}, {4, 6}, {6, 16}, {17, 20}}},
		// IPOption_LSRR(routers=['203.0.113.1']) of scapy 2.5.0, after IP's padding
		"a source route": {"830704cb00710100", [][2]int{{0, 7}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := walk(unhex(tt.in)); !slices.Equal(got, tt.want) {
				t.Errorf("options of %s are at %v, want %v", tt.in, got, tt.want)
			}
		})
	}
}

// FuzzOptions looks that the walk ends, and gives options one behind the other.
func FuzzOptions(f *testing.F) {
	f.Add(unhex("020405b40402080a000000070000000001030307"))
	f.Add(unhex("0402020505b4"))
	f.Fuzz(func(t *testing.T, b []byte) {
		last := 0
		for _, o := range walk(b) {
			if o[0] < last || o[1] < o[0]+2 || o[1] > len(b) {
				t.Errorf("options of % x are at %v", b, walk(b))
			}
			last = o[1]
		}
	})
}
