package keepalived

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse checks that Parse never panics, that what it returns validates, and
// that notes and errors are lines that say where.
func FuzzParse(f *testing.F) {
	full, err := os.ReadFile("testdata/full.conf")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(full))
	f.Add(service("weight 3", "lb_kind TUN type gue port 1 csum"))
	f.Add("$A= \\\n virtual_server 192.0.2.${N} 80 { \\\n real_server 2001:db8::${N} 80 } \n~SEQ(N, 1, 3) $A\n")
	f.Add("~LST({A,B},{1,2},{3}) x\n@a {\n@^b }\n\"\\\"{\n")
	f.Add("virtual_server_group g { 192.0.2.0/24 80 \n ::-3 \n fwmark 7 }\nvirtual_server group g { real_server ::1 {lvs_method DR} }")
	f.Add("include f\ninclude *\ninclude ../g\n")
	in := files("g", service(), "f", "include g", "d/h", "include ../f")
	f.Fuzz(func(t *testing.T, text string) {
		c, notes, err := Parse("f", strings.NewReader(text), in)
		if err != nil {
			if c != nil || notes != nil || !strings.Contains(err.Error(), ":") {
				t.Fatalf("Parse(%q) = %v, %v, %v, want nothing and an error with a line", text, c, notes, err)
			}
			return
		}
		validates(t, c)
		for _, n := range notes {
			if n.File == "" || n.Line < 1 || n.Text == "" || strings.ContainsAny(n.Text, "\n\r\x1b") {
				t.Fatalf("Parse(%q) notes %+v", text, n)
			}
		}
	})
}

// TestSamples reads the files that Debian's package has as examples, where it is
// installed.
func TestSamples(t *testing.T) {
	names, _ := filepath.Glob("/usr/share/doc/keepalived/samples/keepalived.conf*")
	if len(names) == 0 {
		t.Skip("keepalived's samples are not installed")
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		c, notes, err := Parse(name, f, disk{})
		if err != nil {
			t.Errorf("Parse(%s): %v", name, err)
			continue
		}
		validates(t, c)
		for _, n := range notes {
			if strings.HasSuffix(n.Text, unknown) {
				t.Errorf("Parse(%s) does not know %v", name, n)
			}
		}
	}
}
