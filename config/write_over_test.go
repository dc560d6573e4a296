package config

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// writeOver returns what WriteOver writes of c over former. It fails t unless
// that says c, and stays as it is when it is written over.
func writeOver(t interface{ Fatalf(string, ...any) }, c *Config, former []byte) []byte {
	var b, again bytes.Buffer
	if err := c.WriteOver(&b, former); err != nil {
		t.Fatalf("WriteOver(%q) = %v", former, err)
	}
	got, err := Parse("written", b.Bytes())
	if err != nil {
		t.Fatalf("Parse of what WriteOver(%q) wrote = %v:\n%s", former, err, b.String())
	}
	if !reflect.DeepEqual(got, c) {
		t.Fatalf("%+v came back as %+v from\n%s", c, got, b.String())
	}
	if err := c.WriteOver(&again, b.Bytes()); err != nil || again.String() != b.String() {
		t.Fatalf("WriteOver(%q) wrote\n%s\nand, over that, %v,\n%s", former, b.String(), err, again.String())
	}
	return b.Bytes()
}

// TestWriteOver changes what a file with comments of every kind says: mark rules
// and services change places, a service goes, a real server is replaced.
func TestWriteOver(t *testing.T) {
	former, err := os.ReadFile(filepath.Join("testdata", "former.toml"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "kept.toml"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse("former.toml", former)
	if err != nil {
		t.Fatal(err)
	}
	c.Services = slices.Delete(c.Services, 1, 2)
	slices.Reverse(c.Services)
	slices.Reverse(c.Marks)
	c.Services[1].Reals[0].Addr = netip.MustParseAddr("198.51.100.99")
	if got := writeOver(t, c, former); string(got) != string(want) {
		t.Errorf("WriteOver wrote\n%s\nwant\n%s", got, want)
	}
}

func TestWriteOverPlaces(t *testing.T) {
	const head, control = "# head\n\n", "\n[control]\n  socket = \"\"\n  group = \"xlvs\"\n"
	tests := map[string]struct{ former, want string }{ // what is written has want
		"no file":              {"", "watch = false\n\n[dataplane]\n"},
		"comments alone":       {"# a\n# b\n", "# a\n# b\n"},
		"head and a table":     {head + "# c\n[control]", head + "watch = false\n"},
		"in front of a table":  {"# c\n[control]", "\n# c" + control},
		"in front of a key":    {"# c\nwatch = false", "# c\nwatch = false\n"},
		"behind a table":       {"[control] # c", "\n[control] # c\n"},
		"behind a dotted key":  {"control.group = 'xlvs' # c", "  group = \"xlvs\" # c\n"},
		"behind a table in {}": {"control = { group = 'xlvs' } # c", "\n[control] # c\n"},
		"inside {}":            {"control = { # c\n group = 'xlvs' # d\n} # e", "\n[control] # c\n  socket = \"\"\n  # d\n  # e\n  group = \"xlvs\"\n"},
		"no comment in a text": {"control.socket = '''/#'''", "  socket = \"/#\"\n"},
		"behind many lines":    {"control.socket = \"\"\"/\\\n   #\"\"\" # c", "  socket = \"/#\" # c\n"},
		"CR LF":                {"# c\r\n[control] # d\r\n", "\n# c\n[control] # d\n"},
		"byte order mark":      {"\ufeff# a\n\n# c\n[control]\n", "# a\n\nwatch"},
		"behind nothing":       {"service = [] # c", "# c\n\nwatch = false\n"},
		"at the end":           {"[control]\n\n# c", control[1:]},
		"nothing but a sign":   {"#\n\n[control]", "#\n\nwatch"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := Parse("f", []byte(tt.former))
			if err != nil {
				c, err = Parse("f", []byte(strings.TrimPrefix(tt.former, "\ufeff")))
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := writeOver(t, c, []byte(tt.former)); !strings.Contains(string(got), tt.want) {
				t.Errorf("WriteOver(%q) wrote\n%s\nwithout\n%s", tt.former, got, tt.want)
			}
		})
	}
}

func TestWriteOverRefuses(t *testing.T) {
	tests := map[string]struct {
		former string
		breaks func(*Config)
		want   error
	}{
		"a file that is not TOML": {"[", func(*Config) {}, ErrSyntax},
		"a file with a mistake":   {"workers = 1", func(*Config) {}, ErrUnknownKey},
		"an invalid config":       {"", func(c *Config) { c.Timeouts.TCP = 0 }, ErrRange},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			c := full()
			tt.breaks(c)
			if err := c.WriteOver(&b, []byte(tt.former)); !errors.Is(err, tt.want) || b.Len() > 0 {
				t.Errorf("WriteOver = %v and %d bytes, want %v and none", err, b.Len(), tt.want)
			}
		})
	}
	if err := full().WriteOver(fullDisk{}, nil); !errors.Is(err, errFull) {
		t.Errorf("WriteOver to a full disk = %v, want %v", err, errFull)
	}
}

// commentsOf returns the comments of a file, sorted.
func commentsOf(src string) (texts []string) {
	for _, c := range scanLines(src).comments {
		texts = append(texts, c.text)
	}
	slices.Sort(texts)
	return texts
}

// sprinkle puts comments between and behind the lines of a file that has none.
func sprinkle(t *rapid.T, file string) string {
	var b strings.Builder
	for i, line := range strings.Split(file, "\n") {
		what := rapid.IntRange(0, 12).Draw(t, "comment")
		switch what {
		case 0, 1:
			fmt.Fprintf(&b, "# above %d\n", i)
		case 2:
			fmt.Fprintf(&b, "\n# apart %d = \"\n\n", i)
		}
		b.WriteString(line)
		if what > 10 && line != "" {
			fmt.Fprintf(&b, " # beside %d", i)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestWriteOverKeepsComments writes one random configuration over another, in
// whose file there are comments at random places, and over itself, where none
// may be lost.
func TestWriteOverKeepsComments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was, is := drawConfig(t), drawConfig(t)
		var file bytes.Buffer
		if err := was.Write(&file); err != nil {
			t.Fatal(err)
		}
		former := sprinkle(t, file.String())
		got := commentsOf(string(writeOver(t, was, []byte(former))))
		if want := commentsOf(former); !slices.Equal(got, want) {
			t.Fatalf("comments %q, want %q", got, want)
		}
		writeOver(t, is, []byte(former))
	})
}

// FuzzWriteOver checks that no file loses a comment when it is written over, and
// that what is written says the same.
func FuzzWriteOver(f *testing.F) {
	addSeeds(f)
	f.Add("a = 1 # x\n# \"\"\"\nb = '#' #'\n")
	f.Add("# a\r\n\r\n#\r\n[timeouts]# b\r\nudp=1#c")
	f.Add("dataplane.interface.\"a#\\\"\".mode='xdp' # c\n#\n\n[[mark]] #\nmark=1\ndestination='::'#\n\n#\n\n\n#")
	f.Add("service=[ # a\n{protocol='udp',vip='::2',port=1,real=[#\n#\n]},#\n#\n]#")
	f.Fuzz(func(t *testing.T, former string) {
		c, err := Parse("f", []byte(former))
		if err != nil {
			return
		}
		got := commentsOf(string(writeOver(t, c, []byte(former))))
		if want := commentsOf(former); !slices.Equal(got, want) {
			t.Fatalf("WriteOver(%q) leaves comments %q, want %q", former, got, want)
		}
	})
}
