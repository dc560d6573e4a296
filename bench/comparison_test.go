package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"
)

// testComparison returns one of two rounds and two columns by the given ways.
func testComparison(names ...string) *comparison {
	var list []way
	var samples [][][]float64
	for i, name := range names {
		list = append(list, way{name: name, what: "way of " + name})
		k := float64(i + 1)
		samples = append(samples, [][]float64{{10 * k, 100}, {30 * k, 50 * k}})
	}
	c := newComparison([]string{"p50 µs", "p99 µs"}, list, samples)
	c.Machine, c.Command = "machine: a table", "command: none"
	return c
}

func TestComparisonTable(t *testing.T) {
	tests := map[string]struct {
		in   *comparison
		want string
	}{
		"reference first": {testComparison("nft", "xdp"), `
  way  p50 µs   min   max  ratio  p99 µs    min    max  ratio  what
  nft    20.0  10.0  30.0   1.00    75.0   50.0  100.0   1.00  way of nft
  xdp    40.0  20.0  60.0   2.00   100.0  100.0  100.0   1.50  way of xdp

machine: a table
command: none
`},
		"reference last": {testComparison("packet", "nft"), `
     way  p50 µs   min   max  ratio  p99 µs    min    max  ratio  what
  packet    20.0  10.0  30.0   0.50    75.0   50.0  100.0   0.75  way of packet
     nft    40.0  20.0  60.0   1.00   100.0  100.0  100.0   1.00  way of nft

machine: a table
command: none
`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out := bytes.NewBufferString("\n")
			if err := tt.in.write(out); err != nil {
				t.Fatal(err)
			}
			if out.String() != tt.want {
				t.Errorf("the table is\n%s\nwant\n%s", out, tt.want)
			}
			if err := tt.in.write(full{}); !errors.Is(err, errFull) {
				t.Errorf("write() to a full disk = %v, want %v", err, errFull)
			}
		})
	}
}

func TestComparisonJSON(t *testing.T) {
	var out bytes.Buffer
	if err := writeJSON(&out, testComparison("nft", "xdp")); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Machine, Command string
		Ways             []struct {
			Way, What string
			Figures   []struct {
				Name                    string
				Rounds                  []float64
				Median, Min, Max, Ratio float64
			}
		}
	}
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Machine != "machine: a table" || len(got.Ways) != 2 || len(got.Ways[1].Figures) != 2 {
		t.Fatalf("the report is %+v", got)
	}
	f := got.Ways[1].Figures[0]
	if f.Name != "p50 µs" || f.Median != 40 || f.Min != 20 || f.Max != 60 || f.Ratio != 2 || !slices.Equal(f.Rounds, []float64{20, 60}) {
		t.Errorf("the median by way of xdp is %+v", f)
	}
}
