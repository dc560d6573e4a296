package keepalived

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"xlvs/config"
)

// A tree of files in memory, for includes.
type memory fstest.MapFS

func (m memory) Open(path string) (io.ReadCloser, error) { return fstest.MapFS(m).Open(path) }

func (m memory) Glob(pattern string) ([]string, error) { return fs.Glob(fstest.MapFS(m), pattern) }

// files returns a memory of name and text in turn.
func files(pairs ...string) memory {
	m := make(memory)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

// disk are the files of testdata.
type disk struct{}

func (disk) Open(path string) (io.ReadCloser, error) { return os.Open(path) }

func (disk) Glob(pattern string) ([]string, error) { return filepath.Glob(pattern) }

// parse parses text as the file "f", which must be possible.
func parse(t *testing.T, text string, in Files) (*config.Config, []config.Note) {
	t.Helper()
	c, notes, err := Parse("f", strings.NewReader(text), in)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	validates(t, c)
	return c, notes
}

// validates checks what Parse promises of a Config.
func validates(t *testing.T, c *config.Config) {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Errorf("Parse returns a Config that does not validate: %v", err)
	}
}

// TestFull reads a file with everything and compares services and notes with
// what is beside it.
func TestFull(t *testing.T) {
	f, err := os.Open("testdata/full.conf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, notes, err := Parse("testdata/full.conf", f, disk{})
	if err != nil {
		t.Fatal(err)
	}
	validates(t, c)
	golden(t, "testdata/full.ipvsadm", rules(c))
	var lines strings.Builder
	for _, n := range notes {
		lines.WriteString(n.String() + "\n")
	}
	golden(t, "testdata/full.notes", lines.String())
}

// golden compares text with a file.
func golden(t *testing.T, name, text string) {
	t.Helper()
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, text, want)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct {
		text string
		in   memory
		want error
		at   string
	}{
		"brace not opened":            {"virtual_server 192.0.2.1 80 {\n}\n}\n", nil, ErrSyntax, "f:3: "},
		"brace not closed":            {"a {\n b {\n }\n", nil, ErrSyntax, "f:1: "},
		"brace of nothing":            {"\n{\n}\n", nil, ErrSyntax, "f:2: "},
		"brace after a block":         {"a {\n}\n{\n}\n", nil, ErrSyntax, "f:3: "},
		"quotation not closed":        {"a {\n b \"c\n}\n", nil, ErrSyntax, "f:2: "},
		"definition of itself":        {"$A=x $A\n$A\n", nil, ErrLimit, "f:2: "},
		"definition that doubles":     {"$A=${A}${A}\n$A\n", nil, ErrLimit, "f:2: "},
		"lines that define one more":  {"$A= \\\n x \\\n $A\n\n$A\n", nil, ErrLimit, "f:5: "},
		"sequence without an end":     {"~SEQ(A, 1, 0, 3) x\n", nil, ErrSyntax, "f:1: "},
		"sequence the wrong way":      {"~SEQ(A, 3, 1, 1) x\n", nil, ErrSyntax, "f:1: "},
		"sequence of words":           {"~SEQ(A, b) x\n", nil, ErrSyntax, "f:1: "},
		"sequence without brackets":   {"~SEQ A 1 x\n", nil, ErrSyntax, "f:1: "},
		"sequence of a billion":       {"~SEQ(A, 1, 1000000000) x\n", nil, ErrLimit, "f:1: "},
		"negative hexadecimal":        {"~SEQx(A, -3, 3) x\n", nil, ErrSyntax, "f:1: "},
		"list of unequal lengths":     {"~LST({A, B}, {1, 2}, {3}) x\n", nil, ErrSyntax, "f:1: "},
		"file that includes itself":   {"\ninclude f\n", files("f", "include f\n"), ErrLimit, "f:2: "},
		"files in a ring":             {"include g\n", files("f", "include g\n", "g", "\n\ninclude f\n"), ErrLimit, "g:3: "},
		"mistake in an included file": {"include g\n", files("g", "}\n"), ErrSyntax, "g:1: "},
		"a line without an end":       {strings.Repeat("x", maxLine+1), nil, ErrLimit, "f:1: "},
		"a long line too often":       {"$A=" + strings.Repeat("x", 8<<10) + "\n~SEQ(N, 1, 20000) $A\n", nil, ErrLimit, "f:2: "},
		"blocks without an end":       {strings.Repeat("x {\n", maxDepth+1), nil, ErrLimit, "f:33: "},
		"groups of too many services": {tooMany, nil, ErrLimit, "f:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := Parse("f", strings.NewReader(tt.text), tt.in)
			if !errors.Is(err, tt.want) || !strings.HasPrefix(err.Error(), tt.at) {
				t.Errorf("Parse() error = %v, want %s%v", err, tt.at, tt.want)
			}
		})
	}
}

// tooMany are three groups of 4096 addresses.
const tooMany = "~SEQ(N, 1, 3) virtual_server_group g${N} { 2001:db8:${N}::/116 80 }\n" +
	"~SEQ(N, 1, 3) virtual_server group g${N} { real_server 2001:db8::1 80 { } }\n"
