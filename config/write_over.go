package config

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// WriteOver writes c as Write does, in the place of a file that says former, and
// keeps the comments of that. A comment stays at the table or key that it is in
// front of, behind or right below, wherever that goes: services, real servers
// and mark rules are known by their keys. Comments of a key that is not written
// go up to its table; those of a table that is gone go with it. The head of the
// file stays at its head. Nothing is written if c or former is not valid.
func (c *Config) WriteOver(w io.Writer, former []byte) error {
	src := strings.TrimPrefix(string(former), "\ufeff")
	was, err := Parse("former file", []byte(src))
	if err != nil {
		return fmt.Errorf("keep comments: %w", err)
	}
	var plain bytes.Buffer
	if err := c.Write(&plain); err != nil {
		return err
	}
	if _, err := w.Write(readNotes(src, was).over(plain.String(), c)); err != nil {
		return fmt.Errorf("write config: %w", err)
	}
	return nil
}

// over returns plain, which is how Write has c, with the comments in it.
func (k *notes) over(plain string, c *Config) []byte {
	byLine := make(map[int][]string) // the identities of each line
	known := make(map[string]bool)
	for _, a := range scanLines(plain).anchors {
		id := identity(a.path, c)
		known[id] = true
		byLine[a.line] = append(byLine[a.line], id)
	}
	k.lift(known)
	w := lineWriter{empty: true}
	w.lines("", k.head)
	if len(k.head) > 0 {
		w.line("", "")
	}
	for i, line := range strings.Split(strings.TrimSuffix(plain, "\n"), "\n") {
		k.around(&w, line, byLine[i+1])
	}
	if len(k.tail) > 0 {
		w.line("", "")
		w.lines("", k.tail)
	}
	return append(bytes.TrimRight(w.Bytes(), "\n"), '\n')
}

// lift moves what stands at something that is not known up to the table that it
// is in, and drops it if that is gone.
func (k *notes) lift(known map[string]bool) {
	for _, id := range k.order {
		if known[id] {
			continue
		}
		n := k.at[id]
		delete(k.at, id)
		up := id
		for up != "" && !known[up] {
			up = up[:max(strings.LastIndex(up, idSeparator), 0)]
		}
		switch {
		case !strings.HasPrefix(up, tablesAround(id)):
		case up == "":
			k.head = append(k.head, n.all()...)
		case k.at[up] == nil:
			k.at[up] = &note{above: n.all()}
		default:
			k.at[up].above = append(k.at[up].above, n.all()...)
		}
	}
}

// tablesAround returns what the identity of a table of which there are many
// begins with, if id is of one or of what is in it: whatever that is not of
// another table has.
func tablesAround(id string) string {
	parts := strings.SplitAfter(id, idSeparator)
	within := func(n int) string { return strings.Join(parts[:n], "") }
	switch table := parts[0]; {
	case len(parts) > 3 && table == "service"+idSeparator && parts[2] == "real"+idSeparator:
		return within(3)
	case len(parts) > 2 && table == "dataplane"+idSeparator && parts[1] == "interface"+idSeparator:
		return within(2)
	case len(parts) > 1 && (table == "service"+idSeparator || table == "mark"+idSeparator):
		return within(1)
	}
	return ""
}

// around writes one line and the comments of what begins in it.
func (k *notes) around(w *lineWriter, line string, ids []string) {
	var all note
	for _, id := range ids {
		if n := k.at[id]; n != nil {
			all.above = append(all.above, n.above...)
			all.beside = append(all.beside, n.beside...)
			all.below = append(all.below, n.below...)
		}
	}
	indent := line[:len(line)-len(strings.TrimLeft(line, space))]
	w.lines(indent, all.above)
	if len(all.beside) == 1 {
		line += " " + all.beside[0]
	} else {
		w.lines(indent, all.beside)
	}
	w.line("", line)
	w.lines(indent, all.below)
}

// A lineWriter collects lines, and of several empty ones in a row the first.
type lineWriter struct {
	bytes.Buffer
	empty bool // was the last one
}

// lines writes lines, each behind indent.
func (w *lineWriter) lines(indent string, lines []string) {
	for _, line := range lines {
		w.line(indent, line)
	}
}

// line writes one line; an empty one has no indent.
func (w *lineWriter) line(indent, line string) {
	if line == "" {
		indent = ""
	}
	if line != "" || !w.empty {
		w.WriteString(indent + line + "\n")
	}
	w.empty = line == ""
}
