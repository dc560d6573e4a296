package keepalived

import (
	"regexp"
	"strings"
)

// A definition is what stands for $NAME: text in a line or, if there are more
// than one, whole lines.
type definition []string

var (
	definitionLine = regexp.MustCompile(`^\$([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)
	reference      = regexp.MustCompile(`\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))`)
)

// defined takes a line $NAME=VALUE apart.
func defined(text string) (name, value string, ok bool) {
	m := definitionLine.FindStringSubmatch(text)
	if m == nil {
		return "", "", false
	}
	return m[1], strings.TrimSpace(m[2]), true
}

// define gives name a value, which may go on in the next line.
func (r *reader) define(name, value string) {
	first, more := strings.CutSuffix(value, `\`)
	if !more {
		r.definitions[name] = definition{value}
		return
	}
	r.growing = name
	r.definitions[name] = nil
	if first = strings.TrimSpace(first); first != "" {
		r.definitions[name] = definition{first}
	}
}

// extend adds a line to the definition that grows.
func (r *reader) extend(text string) {
	text, more := strings.CutSuffix(text, `\`)
	r.definitions[r.growing] = append(r.definitions[r.growing], strings.TrimSpace(text))
	if !more {
		r.growing = ""
	}
}

// substitute returns text with the definitions in place of the references to
// them, and whether there are any. A definition of many lines can only be the
// last thing in a line; what is not defined stays as it is.
func (r *reader) substitute(text string) (lines []string, changed bool) {
	var b strings.Builder
	done := 0
	for _, m := range reference.FindAllStringSubmatchIndex(text, -1) {
		name, ends := text[m[0]+1:m[1]], m[1] == len(text)
		if name[0] == '{' {
			name = name[1 : len(name)-1]
		} else if !ends && !strings.ContainsRune(" \t,)", rune(text[m[1]])) {
			continue
		}
		d, ok := r.definitions[name]
		if !ok || len(d) > 1 && !ends {
			continue
		}
		changed = true
		b.WriteString(text[done:m[0]])
		done = m[1]
		if len(d) > 0 {
			b.WriteString(d[0])
			lines = d[1:] // none but at the end
		}
	}
	b.WriteString(text[done:])
	return append([]string{b.String()}, lines...), changed
}
