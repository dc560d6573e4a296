package keepalived

import (
	"slices"
	"strings"
	"testing"
)

// statements reads text and returns its statements, one a line, with what is in
// braces indented.
func statements(t *testing.T, text string, in memory) (lines, notes []string) {
	t.Helper()
	r := reader{files: in, notes: newNotes(), definitions: make(map[string]definition)}
	if err := r.read("f", strings.NewReader(text)); err != nil {
		t.Fatalf("read %q: %v", text, err)
	}
	body, err := r.tree.done()
	if err != nil {
		t.Fatalf("read %q: %v", text, err)
	}
	var walk func(body []*statement, indent string)
	walk = func(body []*statement, indent string) {
		for _, s := range body {
			lines = append(lines, indent+strings.Join(s.words, "|"))
			walk(s.body, indent+" ")
		}
	}
	walk(body, "")
	for _, n := range r.notes.list() {
		notes = append(notes, n.String())
	}
	return lines, notes
}

func TestStatements(t *testing.T) {
	tests := map[string]struct {
		text string
		in   memory
		want []string
	}{
		"nothing":                       {"\n \n! a\n # b\n", nil, nil},
		"words":                         {"a b\t c\n", nil, []string{"a|b|c"}},
		"comments":                      {"a b#c\nd!e\nf \\# \\!g\n", nil, []string{"a|b", "d", "f|#|!g"}},
		"comment signs in quotations":   {`a "b # c" "!"`, nil, []string{"a|b # c|!"}},
		"an empty quotation":            {`a ""`, nil, []string{"a|"}},
		"a quotation inside another":    {`a "b \"c\" d"`, nil, []string{`a|b "c" d`}},
		"braces in a quotation":         {`a "{" {` + "\n}", nil, []string{"a|{"}},
		"a block":                       {"a b {\nc\n}\nd", nil, []string{"a|b", " c", "d"}},
		"a block on its own line":       {"a\n{\nc\n}\n", nil, []string{"a", " c"}},
		"a block in a line":             {"a { b c } d\n", nil, []string{"a", " b|c", "d"}},
		"blocks in blocks":              {"a { b {c} }", nil, []string{"a", " b", "  c"}},
		"carriage returns":              {"a {\r\nb\r\n}\r\n", nil, []string{"a", " b"}},
		"a definition":                  {"$A=b c\nx $A\n", nil, []string{"x|b|c"}},
		"a definition inside a word":    {"$A=b\nx${A}y $Ay\n", nil, []string{"xby|$Ay"}},
		"an undefined name":             {"x ${B} $B {\n}\n", nil, []string{"x|${B}|$B"}},
		"a definition by another":       {"$A=1.${B}\n$B=2\n${A}.3\n$B=4\n${A}.3\n", nil, []string{"1.2.3", "1.4.3"}},
		"an empty definition":           {"$A=\nx $A y\n$A\n", nil, []string{"x|y"}},
		"lines in a definition":         {"$A= \\\n b { \\\n c${N} \\\n }\n$N=1\n$A\n$N=2\n$A\n", nil, []string{"b", " c1", "b", " c2"}},
		"a definition from the line on": {"$A=b { \\\n c }\n$A\n", nil, []string{"b", " c"}},
		"a blank line ends one":         {"$A= \\\n b \\\n\nc\n$A\n", nil, []string{"c", "b"}},
		"a sequence":                    {"~SEQ(N, 8, 2, 12) x ${N}\n", nil, []string{"x|8", "x|10", "x|12"}},
		"a sequence downwards":          {"~SEQ(N, 2, 0) x $N\n", nil, []string{"x|2", "x|1", "x|0"}},
		"a sequence up to":              {"~SEQ(N, 2) x$N\n", nil, []string{"x1", "x2"}},
		"a hexadecimal sequence":        {"~SEQx(N, 0x9, 11) x${N}\n", nil, []string{"x9", "xa", "xb"}},
		"a sequence in a sequence":      {"~SEQ(A, 1, 2) ~SEQ(B, 1, 2) ${A}${B}\n", nil, []string{"11", "12", "21", "22"}},
		"a sequence to a definition":    {"$L=2\n~SEQ(A, 1, $L) $A\n", nil, []string{"1", "2"}},
		"a list":                        {"~LST(A, b, c) x $A\n", nil, []string{"x|b", "x|c"}},
		"a list of pairs":               {"~LST({A, B}, {1,2},{3,4}) ${A}.${B}\n", nil, []string{"1.2", "3.4"}},
		"a file":                        {"a\ninclude g\nb\n", files("g", "c\n"), []string{"a", "c", "b"}},
		"files by a pattern":            {"include d/*.conf\n", files("d/2.conf", "b", "d/1.conf", "a", "d/x", "c"), []string{"a", "b"}},
		"a file beside a file":          {"includea d/g\n", files("d/g", "include h", "d/h", "x"), []string{"x"}},
		"a file inside a block":         {"a {\ninclude g\n}\n", files("g", "b"), []string{"a", " b"}},
		"a definition in a file":        {"include g\n$A\n", files("g", "$A=x"), []string{"x"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, notes := statements(t, tt.text, tt.in)
			if !slices.Equal(got, tt.want) || len(notes) > 0 {
				t.Errorf("statements %q, notes %q, want %q and no notes", got, notes, tt.want)
			}
		})
	}
}

func TestReadNotes(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
		note string
	}{
		"for one host":           {"a {\n@one b\n}\n", []string{"a"}, "f:2: @one b: left out as for a host of another name"},
		"for all hosts but one":  {"a {\n@^one b\n}\n", []string{"a", " b"}, "f:2: @^one b: taken over as for a host of another name"},
		"definition for a host":  {"@one $A=b\nx $A\n", []string{"x|$A"}, "f:1: @one $A=b: left out as for a host of another name"},
		"a file that is missing": {"\ninclude g.conf\n", nil, "f:2: include g.conf: there is no such file"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, notes := statements(t, tt.text, nil)
			if !slices.Equal(got, tt.want) || !slices.Equal(notes, []string{tt.note}) {
				t.Errorf("statements %q, notes %q, want %q and %q", got, notes, tt.want, tt.note)
			}
		})
	}
}

func TestParseRange(t *testing.T) {
	tests := map[string]struct {
		text string
		want string // empty: refused
	}{
		"an address":               {"192.0.2.1", "192.0.2.1 192.0.2.1"},
		"a last number":            {"192.0.2.1-10", "192.0.2.1 192.0.2.10"},
		"a last address":           {"192.0.2.250-192.0.3.5", "192.0.2.250 192.0.3.5"},
		"a network":                {"192.0.2.8/29", "192.0.2.8 192.0.2.15"},
		"an IPv6 address":          {"2001:db8::1", "2001:db8::1 2001:db8::1"},
		"a hexadecimal number":     {"2001:db8::1-ff", "2001:db8::1 2001:db8::ff"},
		"a last IPv6 address":      {"2001:db8::1-2001:db8::2:0", "2001:db8::1 2001:db8::2:0"},
		"an IPv6 network":          {"2001:db8::8:0/112", "2001:db8::8:0 2001:db8::8:ffff"},
		"backwards":                {"192.0.2.10-1", ""},
		"a number too high":        {"192.0.2.1-256", ""},
		"a hexadecimal IPv4":       {"192.0.2.1-a", ""},
		"two families":             {"192.0.2.1-2001:db8::1", ""},
		"an address in a network":  {"192.0.2.9/29", ""},
		"a length too high":        {"192.0.2.9/33", ""},
		"nothing":                  {"", ""},
		"nothing after the hyphen": {"192.0.2.1-", ""},
		"a name":                   {"www.example.com", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			first, last, err := parseRange(tt.text)
			got := ""
			if err == nil {
				got = first.String() + " " + last.String()
			}
			if got != tt.want {
				t.Errorf("parseRange(%q) = %v, %v, %v, want %q", tt.text, first, last, err, tt.want)
			}
		})
	}
}
