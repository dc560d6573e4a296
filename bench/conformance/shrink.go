package conformance

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Shrink returns a shorter and plainer script that differs still: without the steps,
// commands, packets, marks, sysctls and options that it does not take. It asks differs
// at most so many times.
func Shrink(ctx context.Context, s Script, patience int, differs func(*Script) bool) Script {
	k := &shrinking{s, func(candidate Script) bool {
		if patience <= 0 || ctx.Err() != nil {
			return false
		}
		patience--
		return differs(&candidate)
	}}
	for before := -1; before != size(&k.Script) && patience > 0; {
		before = size(&k.Script)
		k.steps()
		k.commands()
		k.packets()
		k.surroundings()
		k.options()
		k.fields()
	}
	return k.Script
}

// A shrinking is a script that gets shorter.
type shrinking struct {
	Script
	differs func(Script) bool
}

// try makes candidate the script, if it differs.
func (k *shrinking) try(candidate Script) bool {
	if !k.differs(candidate) {
		return false
	}
	k.Script = candidate
	return true
}

func (k *shrinking) steps() {
	cut(len(k.Steps), func(i, n int) bool {
		c := k.Script
		c.Steps = lacking(k.Steps, i, n)
		return k.try(c)
	})
}

func (k *shrinking) commands() {
	cut(len(k.Commands), func(i, n int) bool {
		c := k.Script
		c.Commands = lacking(k.Commands, i, n)
		return k.try(c)
	})
}

// packets cuts those of each step, but for the last one: a step without packets is
// something else.
func (k *shrinking) packets() {
	for i := range k.Steps {
		cut(len(k.Steps[i].Packets), func(j, n int) bool {
			if n == len(k.Steps[i].Packets) {
				return false
			}
			c := k.Script
			c.Steps = slices.Clone(k.Steps)
			c.Steps[i].Packets = lacking(k.Steps[i].Packets, j, n)
			return k.try(c)
		})
	}
}

// surroundings cuts marks and sysctls.
func (k *shrinking) surroundings() {
	cut(len(k.Marks), func(i, n int) bool {
		c := k.Script
		c.Marks = lacking(k.Marks, i, n)
		return k.try(c)
	})
	names := slices.Sorted(maps.Keys(k.Sysctls))
	cut(len(names), func(i, n int) bool {
		c := k.Script
		c.Sysctls = maps.Clone(k.Sysctls)
		for _, name := range names[i : i+n] {
			delete(c.Sysctls, name)
		}
		if !k.try(c) {
			return false
		}
		names = lacking(names, i, n)
		return true
	})
}

// options takes them from commands, one by one.
func (k *shrinking) options() {
	for i := range k.Commands {
		shorter(k.Commands[i], func(command string) bool {
			c := k.Script
			c.Commands = slices.Clone(k.Commands)
			c.Commands[i] = command
			return k.try(c)
		})
	}
	for i := range k.Steps {
		shorter(k.Steps[i].Command, func(command string) bool {
			c := k.Script
			c.Steps = slices.Clone(k.Steps)
			c.Steps[i].Command = command
			return k.try(c)
		})
	}
}

// optional are the options of ipvsadm that a command can do without, and how many
// words each has.
var optional = map[string]int{"-w": 2, "-x": 2, "-y": 2, "-p": 2, "-M": 2, "-b": 2, "-o": 1}

// shorter tries command without each of its optional options, from the end.
func shorter(command string, try func(string) bool) {
	words := strings.Fields(command)
	for i := len(words) - 1; i >= 0; i-- {
		n, ok := optional[words[i]]
		if !ok || i+n > len(words) {
			continue
		}
		if less := lacking(words, i, n); try(strings.Join(less, " ")) {
			words = less
		}
	}
}

// size is what Shrink makes less.
func size(s *Script) int {
	b, err := json.Marshal(s)
	if err != nil {
		return 0 // plain data has no errors
	}
	return len(b)
}

// lacking returns a copy of list without n elements from i on.
func lacking[T any](list []T, i, n int) []T { return slices.Delete(slices.Clone(list), i, i+n) }

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
