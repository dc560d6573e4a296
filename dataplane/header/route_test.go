package header

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// withIPv4Options returns a packet with options, in hexadecimal, padded to four bytes.
func withIPv4Options(options string) IPv4 {
	o := unhex(options)
	for len(o)%4 != 0 {
		o = append(o, OptionEnd)
	}
	h := IPv4(append(bytes.Clone(unhex(query4)[:IPv4Size]), o...))
	h.SetHeaderLen(len(h))
	h.SetTotalLen(len(h))
	h.SetChecksum(h.ComputeChecksum())
	return h
}

func TestRoute(t *testing.T) {
	const source, record, stamp = 1, 2, 4
	tests := map[string]struct {
		options string
		has     int
		mistake int
	}{
		"none":                           {"", 0, 0},
		"no operations":                  {"01010101", 0, 0},
		"the end":                        {"00830704", 0, 0},
		"unknown":                        {"1e08010203040506", 0, 0},
		"loose source route":             {"830704cb00710900", source, 0},
		"strict source route, used up":   {"890708cb00710900", source, 0},
		"record route":                   {"07070400000000", record, 0},
		"record route, behind padding":   {"0107070400000000", record, 0},
		"record route, full":             {"070708cb007109", record, 0},
		"timestamps":                     {"440c05000000000000000000", stamp, 0},
		"timestamps with addresses":      {"440c05010000000000000000", stamp, 0},
		"prescribed timestamps":          {"440c0503c000020100000000", stamp, 0},
		"timestamps of another kind":     {"440c05020000000000000000", stamp, 0},
		"timestamps, full":               {"440809e000000000", stamp, 0},
		"both":                           {"0707040000000044080500" + "00000000", record | stamp, 0},
		"router alert":                   {"94040000", 0, 0},
		"a kind without a length":        {"01010183", 0, 23},
		"a length of zero":               {"83000000", 0, 20},
		"a length of one":                {"01070100", 0, 21},
		"longer than the header":         {"1e050000", 0, 20},
		"source route without a pointer": {"83020101", 0, 21},
		"pointer before the route":       {"830703cb00710900", 0, 22},
		"two source routes":              {"830704cb007109" + "890704cb007109", source, 27},
		"two records":                    {"07070400000000" + "07070400000000", record, 27},
		"half an entry of a record":      {"070705cb00710900", record, 22},
		"record without a pointer":       {"07020101", 0, 21},
		"timestamp without a kind":       {"44030500", 0, 21},
		"pointer before the timestamps":  {"4408040000000000", 0, 22},
		"room for a time alone":          {"4408050100000000", stamp, 22},
		"room for an address alone":      {"4408050300000000", stamp, 22},
		"too many that missed it":        {"440809f000000000", stamp, 22},
		"prescribed, and too many":       {"440809f300000000", stamp, 0},
		"short router alert":             {"94030000", 0, 21},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, mistake := withIPv4Options(tt.options).Route()
			if mistake != tt.mistake {
				t.Errorf("Route() of %s finds a mistake at %d, want %d", tt.options, mistake, tt.mistake)
			}
			equal(t, "BySource()", r.BySource(), tt.has&source != 0)
			equal(t, "Records()", r.Records(), tt.has&(record|stamp) != 0)
		})
	}
}

func TestRecord(t *testing.T) {
	const a, time = 0xc0000201, 0x04030201
	tests := map[string]struct{ before, after string }{
		"a first address":            {"070b0400000000000000000" + "0", "070b08c00002010000000000"},
		"the last address":           {"070b08cb0071090000000000", "070b0ccb007109c000020100"},
		"no room for an address":     {"070708cb00710900", "070708cb00710900"},
		"a time":                     {"4408050000000000", "4408090004030201"},
		"the last time":              {"440c09000000000700000000", "440c0d000000000704030201"},
		"no room for a time":         {"440809e000000000", "440809f000000000"},
		"an address and a time":      {"440c05010000000000000000", "440c0d01c000020104030201"},
		"the address that is wanted": {"440c0503c000020100000000", "440c0d03c000020104030201"},
		"another address is wanted":  {"440c0503c000020200000000", "440c0503c000020200000000"},
		"no room for what is wanted": {"440805f3" + "00000000", ""},
		"a kind that nobody knows":   {"4408050200000000", "4408050200000000"},
		"both":                       {"0107070400000000" + "4408050000000000", "01070708c0000201" + "4408090004030201"},
		"prescribed, all used up":    {"44080903c0000201", "44080903c0000201"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := withIPv4Options(tt.before)
			r, mistake := h.Route()
			if tt.after == "" {
				equal(t, "mistake", mistake != 0, true)
				return
			}
			h.Record(r, a, time)
			equal(t, "mistake", mistake, 0)
			equal(t, "options", hex.EncodeToString(h[IPv4Size:]), tt.after)
			equal(t, "ChecksumOK()", h.ChecksumOK(), true)
		})
	}
}

// FuzzRoute looks that options without a mistake have none when they are recorded in,
// until there is no room, and that nothing else of the packet changes.
func FuzzRoute(f *testing.F) {
	for _, options := range []string{"07070400000000", "440c05010000000000000000", "440809e000000000", "830704cb00710900"} {
		f.Add([]byte(withIPv4Options(options)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := ParseIPv4(b)
		if !ok {
			return
		}
		r, mistake := h.Route()
		if mistake != 0 {
			if mistake < IPv4Size || mistake >= h.HeaderLen() {
				t.Errorf("Route() of % x finds a mistake at %d", b, mistake)
			}
			return
		}
		before := bytes.Clone(h)
		h.Record(r, 0xc0000201, 0x04030201)
		h.SetChecksum(IPv4(before).Checksum())
		if n := h.HeaderLen(); !bytes.Equal(h[:IPv4Size], before[:IPv4Size]) || !bytes.Equal(h[n:], before[n:]) {
			t.Errorf("Record() changes % x to % x", before, []byte(h))
		}
		if again, _ := h.Route(); again != r {
			t.Errorf("Route() = %v, and %v afterwards, of % x", r, again, before)
		}
	})
}
