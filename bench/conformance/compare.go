package conformance

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Difference is what one director did and another did not.
type Difference struct {
	Step int    `json:"step"` // of the script; the last look comes after its steps
	What string `json:"what"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// String returns d in lines.
func (d Difference) String() string {
	return fmt.Sprintf("step %d: %s\n  - %s\n  + %s", d.Step, d.What,
		strings.ReplaceAll(d.A, "\n", "\n    "), strings.ReplaceAll(d.B, "\n", "\n    "))
}

// Compare returns how b differs from a, which was to have lived through the same.
func Compare(a, b Observation) (list []Difference) {
	if a.Missing != "" {
		return []Difference{{0, a.Missing, "(nothing)", "(something)"}}
	}
	if len(a.Results) != len(b.Results) {
		return []Difference{{0, "steps", fmt.Sprint(len(a.Results)), fmt.Sprint(len(b.Results))}}
	}
	for i := range a.Results {
		ra, rb := &a.Results[i], &b.Results[i]
		c := comparison{step: i, a: times(a.Results[:i]), b: times(b.Results[:i])}
		for _, side := range sides {
			c.frames("frames to "+string(side), ra.Frames[side], rb.Frames[side])
		}
		if withoutReason(ra.Output) != withoutReason(rb.Output) {
			c.differ("output", ra.Output, rb.Output)
		}
		if ra.Lists != nil && rb.Lists != nil {
			c.lists(ra.Lists, rb.Lists)
		}
		list = append(list, c.found...)
	}
	return list
}

// withoutReason returns the output of a command without what xlvs adds to an error.
func withoutReason(output string) string {
	if first, rest, ok := strings.Cut(output, "\n"); ok && strings.Contains(rest, exitCode) {
		return first + rest[strings.LastIndex(rest, exitCode):]
	}
	return output
}

func times(results []Result) []time.Duration {
	list := []time.Duration{0}
	for i := range results {
		list = append(list, results[i].At)
	}
	return list
}

// A comparison is that of one step.
type comparison struct {
	step  int
	a, b  []time.Duration // of the steps before
	found []Difference
}

func (c *comparison) differ(what, a, b string) {
	c.found = append(c.found, Difference{c.step, what, a, b})
}

// frames compares what was sent to one side, and tells of the first difference. The
// order is that of each flow, since what a director leaves to its host's stack may
// overtake what it sends itself, or be overtaken.
func (c *comparison) frames(what string, a, b [][]byte) {
	a, b = byFlow(whole(a)), byFlow(whole(b))
	for i := range max(len(a), len(b)) {
		fa, fb := frameAt(a, i), frameAt(b, i)
		if bytes.Equal(normal(fa), normal(fb)) {
			continue
		}
		if len(a) != len(b) {
			what += fmt.Sprintf(", of which there are %d and %d", len(a), len(b))
		}
		c.differ(fmt.Sprintf("%s, number %d", what, i), describe(fa, fb), describe(fb, fa))
		return
	}
}

// byFlow returns frames sorted by flow, and within one as they came.
func byFlow(list [][]byte) [][]byte {
	return slices.SortedStableFunc(slices.Values(list), func(x, y []byte) int { return bytes.Compare(flowOf(normal(x)), flowOf(normal(y))) })
}

// flowOf returns the part of a frame that says which flow it is of: addresses,
// protocol and, with a usual header, ports.
func flowOf(frame []byte) []byte {
	if len(frame) < ethernet+44 {
		frame = append(slices.Clone(frame), make([]byte, ethernet+44)...)
	}
	packet := frame[ethernet:]
	if packet[0]>>4 == 4 && packet[9] == protoICMP || packet[0]>>4 == 6 && packet[6] == protoICMPv6 {
		return packet // an error is a flow of its own: some are the host's
	}
	if packet[0]>>4 == 6 {
		return slices.Concat(packet[8:40], packet[6:7], packet[40:44])
	}
	return slices.Concat(packet[12:20], packet[9:10], packet[20:24])
}

func frameAt(list [][]byte, i int) []byte {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// lists compares what ipvsadm lists. Numbers of connections are not compared where
// a slow director's connections have run out while those of the other live.
func (c *comparison) lists(a, b *Lists) {
	if c.connections(a, b) {
		return
	}
	c.lines("-Ln", a.Services, b.Services)
	c.lines("--stats", a.Stats, b.Stats)
}

func (c *comparison) lines(what string, a, b []string) {
	if !slices.Equal(a, b) {
		onlyA, onlyB := without(a, b), without(b, a)
		if len(onlyA)+len(onlyB) == 0 {
			what, onlyA, onlyB = "order of "+what, a, b
		}
		c.differ(what, some(onlyA), some(onlyB))
	}
}

// without returns the lines of a that b has not.
func without(a, b []string) (list []string) {
	for _, line := range a {
		if !slices.Contains(b, line) {
			list = append(list, line)
		}
	}
	return list
}

// some returns the first of many lines.
func some(lines []string) string {
	const enough = 8
	if len(lines) == 0 {
		return "(nothing)"
	}
	if n := len(lines) - enough; n > 0 {
		lines = append(slices.Clone(lines[:enough]), fmt.Sprintf("and %d more", n))
	}
	return strings.Join(lines, "\n")
}
