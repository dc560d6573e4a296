package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// tolerance is by how much the end of two connections may differ: a list shows
// whole seconds, and a step takes a moment.
const tolerance = 1700 * time.Millisecond

// A listedConnection is a line of -Lnc.
type listedConnection struct {
	name string // protocol, state and ends
	left time.Duration
}

// parseConnection parses a line of -Lnc.
func parseConnection(line string) listedConnection {
	words := strings.Fields(line)
	var minutes, seconds int
	if len(words) < 2 {
		return listedConnection{name: line}
	}
	if _, err := fmt.Sscanf(words[1], "%d:%d", &minutes, &seconds); err != nil {
		return listedConnection{name: line}
	}
	return listedConnection{
		name: strings.Join(slices.Delete(words, 1, 2), " "),
		left: time.Duration(minutes*60+seconds) * time.Second,
	}
}

// parseConnections returns how long the connections of a list have left, by name.
// The kernel lists some of many twice, where one read of its list ends and the
// next begins.
func parseConnections(lines []string) map[string]time.Duration {
	m := map[string]time.Duration{}
	for _, line := range lines {
		l := parseConnection(line)
		m[l.name] = l.left
	}
	return m
}

// brief is how little time a connection may have left when lists are not expected
// to agree on it: they are not made in one moment.
const brief = 3 * time.Second

// connections compares lists of connections. It reports whether numbers may differ
// because time runs out for some: in one list already, in the other soon.
func (c *comparison) connections(a, b *Lists) (excused bool) {
	inA, inB := parseConnections(a.Connections), parseConnections(b.Connections)
	var onlyA, onlyB []string
	for _, name := range sortedKeys(inA) {
		leftA := inA[name]
		leftB, both := inB[name]
		switch {
		case !both && outlived(leftA, b.At-a.At, c.b, c.a):
			excused = true
		case !both:
			onlyA = append(onlyA, fmt.Sprint(name, " for ", leftA))
		case !c.sameEnd(a.At, b.At, leftA, leftB):
			onlyA, onlyB = append(onlyA, fmt.Sprint(name, " for ", leftA)), append(onlyB, fmt.Sprint(name, " for ", leftB))
		}
		excused = excused || leftA < brief
	}
	for _, name := range sortedKeys(inB) {
		leftB := inB[name]
		if _, both := inA[name]; !both {
			if outlived(leftB, a.At-b.At, c.a, c.b) {
				excused = true
			} else {
				onlyB = append(onlyB, fmt.Sprint(name, " for ", leftB))
			}
		}
		excused = excused || leftB < brief
	}
	if len(onlyA)+len(onlyB) > 0 {
		c.differ("-Lnc", some(onlyA), some(onlyB))
	}
	return excused
}

// sameEnd reports whether two connections, listed at atA and atB, may have had the
// same time when the same step was the last that touched them.
func (c *comparison) sameEnd(atA, atB, leftA, leftB time.Duration) bool {
	for i := range c.a {
		d := leftA + atA - c.a[i] - (leftB + atB - c.b[i])
		if d.Abs() <= tolerance+c.slower(i) {
			return true
		}
	}
	return false
}

// slower returns how much longer one director took than the other for the step that
// ended at time i: when in a step a packet came is not known.
func (c *comparison) slower(i int) time.Duration {
	if i == 0 {
		return 0
	}
	return (c.a[i] - c.a[i-1] - (c.b[i] - c.b[i-1])).Abs()
}

// outlived reports whether a connection with so much time left was over in the list
// of another director, which came later after some of its steps.
func outlived(left, later time.Duration, slow, fast []time.Duration) bool {
	longest := time.Duration(0)
	for i := range slow {
		longest = max(longest, later-(slow[i]-fast[i]))
	}
	return left-longest <= tolerance
}

func sortedKeys(m map[string]time.Duration) []string {
	return slices.Sorted(maps.Keys(m))
}
