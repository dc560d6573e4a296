package conformance

import (
	"context"
	"slices"
)

// Shrink returns a shorter script that differs still: without steps, commands and
// packets that it does not take. It asks differs at most so many times.
func Shrink(ctx context.Context, s Script, patience int, differs func(*Script) bool) Script {
	try := func(candidate Script) bool {
		if patience <= 0 || ctx.Err() != nil {
			return false
		}
		patience--
		if differs(&candidate) {
			s = candidate
			return true
		}
		return false
	}
	for before := -1; before != size(&s) && patience > 0; {
		before = size(&s)
		cut(len(s.Steps), func(i, n int) bool {
			c := s
			c.Steps = slices.Delete(slices.Clone(s.Steps), i, i+n)
			return try(c)
		})
		cut(len(s.Commands), func(i, n int) bool {
			c := s
			c.Commands = slices.Delete(slices.Clone(s.Commands), i, i+n)
			return try(c)
		})
		for i := range s.Steps {
			cut(len(s.Steps[i].Packets), func(j, n int) bool {
				if n == len(s.Steps[i].Packets) {
					return false // a step without packets is something else
				}
				c := s
				c.Steps = slices.Clone(s.Steps)
				c.Steps[i].Packets = slices.Delete(slices.Clone(s.Steps[i].Packets), j, j+n)
				return try(c)
			})
		}
	}
	return s
}

// size is what Shrink makes less.
func size(s *Script) int {
	n := len(s.Steps) + len(s.Commands)
	for _, step := range s.Steps {
		n += len(step.Packets)
	}
	return n
}

// cut tries to delete parts of a list of n: halves first, single elements last, from
// the end. It goes on in what is left after each success.
func cut(n int, try func(i, n int) bool) {
	for part := n; part > 0; part /= 2 {
		for i := n - part; i >= 0; i -= part {
			if try(i, part) {
				n -= part
			}
		}
	}
}
