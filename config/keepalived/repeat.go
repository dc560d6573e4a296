package keepalived

import (
	"strconv"
	"strings"
)

// repeat takes a line "~SEQ(NAME, FIRST, STEP, LAST) REST" or
// "~LST({NAMES}, {VALUES}, …) REST": REST, once for each value.
func (r *reader) repeat(at position, text string, depth int) error {
	head, rest, ok := strings.Cut(text[len("~SEQ"):], ")")
	kind := text[1:4]
	if hex, isHex := strings.CutPrefix(head, "x"); isHex && kind == "SEQ" {
		kind, head = "SEQx", hex
	}
	head, opened := strings.CutPrefix(strings.TrimSpace(head), "(")
	if !ok || !opened {
		return at.errorf("%w: ~%s without its parentheses", ErrSyntax, kind)
	}
	if lines, _ := r.substitute(head); len(lines) == 1 {
		head = lines[0]
	}
	if kind == "LST" {
		return r.repeatList(at, head, rest, depth)
	}
	name, numbers, _ := strings.Cut(head, ",")
	first, step, last, ok := sequence(numbers)
	if !ok || kind == "SEQx" && (first < 0 || last < 0) {
		return at.errorf("%w: ~%s(%s): must be a name, then first, step and last value", ErrSyntax, kind, head)
	}
	base := 10
	if kind == "SEQx" {
		base = 16
	}
	for n := first; step > 0 && n <= last || step < 0 && n >= last; n += step {
		r.definitions[strings.TrimSpace(name)] = definition{strconv.FormatInt(n, base)}
		if err := r.line(at, rest, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// sequence reads "FIRST, STEP, LAST", of which the first two can be missing.
func sequence(text string) (first, step, last int64, ok bool) {
	var ns []int64
	for field := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(field), 0, 32)
		if err != nil {
			return 0, 0, 0, false
		}
		ns = append(ns, n)
	}
	last = ns[len(ns)-1]
	first, step = 1, 1
	switch {
	case len(ns) > 3:
		return 0, 0, 0, false
	case len(ns) > 1:
		first = ns[0]
	case last < 0:
		first = -1
	}
	if first > last || len(ns) == 1 && last < 1 {
		step = -1
	}
	if len(ns) == 3 {
		step = ns[1]
	}
	return first, step, last, step > 0 && first <= last || step < 0 && first >= last
}

// repeatList repeats rest for each group of values in head.
func (r *reader) repeatList(at position, head, rest string, depth int) error {
	groups := bracedList(head)
	for _, values := range groups[1:] {
		if len(values) != len(groups[0]) {
			return at.errorf("%w: ~LST(%s): must be names, then as many values each time", ErrSyntax, head)
		}
		for i, name := range groups[0] {
			r.definitions[name] = definition{values[i]}
		}
		if err := r.line(at, rest, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// bracedList reads "{A, B}, {1, 2}" or "A, 1": a list whose elements are lists,
// braced unless they are of one. There is at least one.
func bracedList(text string) (groups [][]string) {
	for {
		var group string
		text = strings.TrimSpace(text)
		if inner, ok := strings.CutPrefix(text, "{"); ok {
			group, text, _ = strings.Cut(inner, "}")
			_, text, ok = strings.Cut(text, ",")
			groups = append(groups, fields(group))
			if !ok {
				return groups
			}
			continue
		}
		group, after, more := strings.Cut(text, ",")
		groups = append(groups, []string{strings.TrimSpace(group)})
		if text = after; !more {
			return groups
		}
	}
}

// fields splits text at commas.
func fields(text string) []string {
	fields := strings.Split(text, ",")
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	return fields
}
