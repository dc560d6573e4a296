package fragment

import "slices"

// maxRuns bounds what is remembered of one datagram. Pieces in order, either
// way, make one run; 64 KiB over Ethernet in random order about a dozen.
const maxRuns = 64

// A run is bytes of a datagram that have been seen without a gap, to excluded.
type run struct{ from, to uint16 }

// A coverage is which bytes of a datagram have been seen, as the kernel keeps
// it (inet_frag_queue_insert). The zero coverage is none.
type coverage struct {
	runs []run  // in order; between two there is a gap
	end  uint16 // length of the datagram, 0 until its last piece has come
}

// add takes in pc, whose lengths have been checked. If it is not accepted,
// nothing changes.
func (c *coverage) add(pc Piece) Outcome {
	r := run{uint16(pc.Offset), uint16(pc.Offset + pc.Len)}
	if c.beyondEnd(r, pc.More) {
		return BeyondEnd
	}
	below := slices.IndexFunc(c.runs, func(o run) bool { return o.to >= r.from })
	if below < 0 {
		below = len(c.runs)
	}
	o := c.insert(below, r)
	if o == accepted && !pc.More {
		c.end = r.to
	}
	return o
}

// beyondEnd reports whether r contradicts what is known of the end.
func (c *coverage) beyondEnd(r run, more bool) bool {
	if c.end != 0 {
		return r.to > c.end || !more && r.to != c.end
	}
	return !more && len(c.runs) > 0 && c.runs[len(c.runs)-1].to > r.to
}

// insert adds r to the runs, of which the i-th is the first that does not end
// before r begins.
func (c *coverage) insert(i int, r run) Outcome {
	meets := i < len(c.runs) && c.runs[i].to == r.from
	next := i // the first run that must begin behind r
	if meets {
		next++
	}
	if next < len(c.runs) && c.runs[next].from < r.to {
		if o := c.runs[next]; o.from <= r.from && r.to <= o.to {
			return Repeats
		}
		return Overlaps
	}
	met := next < len(c.runs) && c.runs[next].from == r.to
	switch {
	case meets && met:
		c.runs[i].to = c.runs[next].to
		c.runs = slices.Delete(c.runs, next, next+1)
	case meets:
		c.runs[i].to = r.to
	case met:
		c.runs[next].from = r.from
	case len(c.runs) == maxRuns:
		return Scattered
	default:
		c.runs = slices.Insert(c.runs, i, r)
	}
	return accepted
}

// whole reports whether nothing is missing: where there is an end, there is a
// run.
func (c *coverage) whole() bool { return c.end != 0 && c.runs[0] == run{0, c.end} }
