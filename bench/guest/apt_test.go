package guest

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

// someDepends is what `apt-cache depends --important` prints of four packages
// on Debian 12, shortened.
const someDepends = `iproute2
 |Depends: debconf
  Depends: <debconf-2.0>
    cdebconf
    debconf
  Depends: libbpf1
  Depends: libc6
dpkg
  PreDepends: libc6
 |Depends: tar
 |Depends: bsdtar
  Depends: busybox
  Depends: zlib1g
gcc-12-base
zlib1g
  Depends: libc6
`

func TestParseDepends(t *testing.T) {
	tests := map[string]struct {
		text string
		want map[string][]string
	}{
		"nothing": {"", map[string][]string{}},
		"some packages": {someDepends, map[string][]string{
			"iproute2":    {"debconf", "libbpf1", "libc6"},
			"dpkg":        {"libc6", "tar", "zlib1g"},
			"gcc-12-base": nil,
			"zlib1g":      {"libc6"},
		}},
		"dependency of no package":       {"  Depends: libc6\n", map[string][]string{}},
		"line without colon":             {"zlib1g\n  libc6\n", map[string][]string{"zlib1g": nil}},
		"other relations":                {"zlib1g\n  Breaks: libc6\n", map[string][]string{"zlib1g": nil}},
		"bar before the next package":    {"a\n |Depends: b\nc\n  Depends: d\n", map[string][]string{"a": {"b"}, "c": {"d"}}},
		"package for the second time":    {"a\n  Depends: b\na\n  Depends: b\n", map[string][]string{"a": {"b"}}},
		"no end of line, and empty ones": {"a\n\n\n  Depends: b", map[string][]string{"a": {"b"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := parseDepends([]byte(tt.text)); !maps.EqualFunc(got, tt.want, slices.Equal) {
				t.Errorf("parseDepends(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func FuzzParseDepends(f *testing.F) {
	f.Add([]byte(someDepends))
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, depends := range parseDepends(text) {
			if name == "" || strings.HasPrefix(name, " ") {
				t.Errorf("package %q depends on %q", name, depends)
			}
		}
	})
}

func TestParseTargets(t *testing.T) {
	tests := map[string]struct {
		text string
		want archive
		err  error
	}{
		"Debian 12": {"Debian-Security main bookworm-security http://mirror.example/debian-security/\n" +
			"Debian main bookworm-updates http://mirror.example/debian/\n" +
			"Debian main bookworm http://mirror.example/debian/\n",
			archive{"http://mirror.example/debian/", "bookworm"}, nil},
		"nothing":             {"", archive{}, errNoArchive},
		"another system":      {"Ubuntu main noble http://mirror.example/ubuntu/\n", archive{}, errNoArchive},
		"another part":        {"Debian contrib bookworm http://mirror.example/debian/\n", archive{}, errNoArchive},
		"updates alone":       {"Debian main bookworm-updates http://mirror.example/debian/\n", archive{}, errNoArchive},
		"line without a word": {"Debian main  http://mirror.example/debian/\n", archive{}, errNoArchive},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseTargets([]byte(tt.text))
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("parseTargets(%q) = %v, %v, want %v, %v", tt.text, got, err, tt.want, tt.err)
			}
		})
	}
}
