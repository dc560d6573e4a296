package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestIndexLines(t *testing.T) {
	tests := map[string]struct {
		in   string
		want map[string]int
	}{
		"nothing":          {"", nil},
		"comments only":    {"# a = 1\n\n# b = 2", nil},
		"keys":             {"a = 1\n\nb = 2 # c = 3\nd = 4", map[string]int{"a": 1, "b": 3, "d": 4}},
		"CR LF":            {"a = 1\r\n\r\nb = 2\r\n", map[string]int{"a": 1, "b": 3}},
		"table":            {"\n[t]\na = 1", map[string]int{"t": 2, "t.a": 3}},
		"dotted table":     {"[t.u]\na = 1", map[string]int{"t": 1, "t.u": 1, "t.u.a": 2}},
		"header in blanks": {"  [[ t ]] # [u]\n\ta=1", map[string]int{"t": 1, "t.0": 1, "t.0.a": 2}},
		"dotted key":       {"t . a = 1\n\"t\".'b' = 2", map[string]int{"t": 1, "t.a": 1, "t.b": 2}},
		"arrays of tables": {
			"[[s]]\n[[s.r]]\n[[s.r]]\na = 1\n[[s]]\n[[s.r]]\na = 2",
			map[string]int{"s": 1, "s.0": 1, "s.0.r": 2, "s.0.r.0": 2, "s.0.r.1": 3, "s.0.r.1.a": 4, "s.1": 5, "s.1.r.0.a": 7},
		},
		"array over lines":       {"a = [ # x\n 1, # ]\n [2,\n3],\n]\nb = 1", map[string]int{"a.0": 2, "a.1.0": 3, "a.1.1": 4, "b": 6}},
		"inline table":           {"a = { b = 1, c.d = { } }\ne = 1", map[string]int{"a.b": 1, "a.c.d": 1, "e": 2}},
		"inline over lines":      {"a = {\n b = 1,\n c = 2,\n}\ne = 1", map[string]int{"a.b": 2, "a.c": 3, "e": 5}},
		"strings hide":           {"a = \"[b]\\\"#\"\nc = '#\\'\nd = 1", map[string]int{"a": 1, "c": 2, "d": 3}},
		"multi-line hides":       {"a = \"\"\"\nb = 1\n\\\"\"\" \"\"\"\nc = '''\n[d]\n'' ''''\ne = 1", map[string]int{"a": 1, "c": 4, "e": 7}},
		"five quotes at the end": {"a = \"\"\"x\"\"\"\"\"\nb = 1", map[string]int{"a": 1, "b": 2}},
		"empty strings":          {"a = \"\"\nb = ''\nc = 1", map[string]int{"a": 1, "b": 2, "c": 3}},
		"deeper than ours":       {"a = [[[[[[[[[\n1]]]]]]]],\n2]\nb = 1", map[string]int{"a.0.0.0.0.0.0.0": 1, "a.1": 3, "b": 4}},
		"date with a blank":      {"a = [1979-05-27 07:32:00,\n2]", map[string]int{"a.0": 1, "a.1": 2}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := indexLines(tt.in)
			for path, line := range tt.want {
				if got[path] != line {
					t.Errorf("line of %s = %d, want %d; all: %v", path, got[path], line, got)
				}
			}
			if tt.want == nil && len(got) != 0 {
				t.Errorf("indexLines = %v, want nothing", got)
			}
			var root map[string]any
			if _, err := toml.Decode(tt.in, &root); err != nil {
				t.Errorf("the example is not TOML: %v", err)
			}
		})
	}
}

// paths calls visit with the path of everything in v but the deepest, as TOML decodes it.
func paths(path string, v any, visit func(string)) {
	switch depth := strings.Count(path, "."); {
	case depth >= maxDepth:
		return
	case path != "":
		visit(path)
	}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			paths(join(path, k), e, visit)
		}
	case []map[string]any:
		for i, e := range v {
			paths(fmt.Sprintf("%s.%d", path, i), e, visit)
		}
	case []any:
		for i, e := range v {
			paths(fmt.Sprintf("%s.%d", path, i), e, visit)
		}
	}
}

// FuzzIndexLines checks that any input ends, and that everything in what the
// TOML library accepts is found on a line that exists.
func FuzzIndexLines(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, src string) {
		lines, last := indexLines(src), 1+strings.Count(src, "\n")
		var root map[string]any
		if _, err := toml.Decode(src, &root); err != nil {
			return
		}
		paths("", root, func(path string) {
			if n := lines[path]; n < 1 || n > last {
				t.Errorf("line of %q in %q = %d, want 1 to %d", path, src, n, last)
			}
		})
	})
}
