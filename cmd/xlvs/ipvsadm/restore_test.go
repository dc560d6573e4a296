package ipvsadm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/control"
	"xlvs/control/desired"
)

const tryHelpText = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n"

// restorations are what -R reads, with its exit code, what it says, and how many
// changes it makes.
var restorations = map[string]struct {
	in      string
	code    int
	stderr  string
	changes int
}{
	"nothing":                      {"", 0, "", 0},
	"empty lines":                  {"\n   \n\t\n\r\n", 0, "", 0},
	"two rules":                    {"-A -t 192.0.2.1:80\n-a -t 192.0.2.1:80 -r 192.0.2.2\n", 0, "", 2},
	"no line break at the end":     {"-C\n-C", 0, "", 2},
	"tabs and carriage returns":    {"-A\t-t\t192.0.2.1:80\r\n-C\r-p\n", 2, "Illegal 'persistent' option with the 'flush' command\n", 1},
	"the program's name":           {"ipvsadm -C\nipvsadm\nipvsadm ipvsadm -C ipvsadm\n", 0, "", 2},
	"the program's path":           {"/sbin/ipvsadm -C\n", 2, "unexpected argument /sbin/ipvsadm\n", 0},
	"control characters":           {"-C\v\n-C\n", 0, "-C\v: unknown option\n", 1},
	"a zero byte":                  {"-C\x00x\n", 0, "", 1},
	"another alphabet":             {"-C ä\n", 2, "unexpected argument ä\n", 0},
	"quotes":                       {"-A -t \"192.0.2.1:80\"\n", 2, "illegal virtual server address[:port] specified\n", 0},
	"a comment":                    {"-C\n# comment\n-C\n", 255, tryHelpText, 1},
	"a comment behind a rule":      {"-C # comment\n-C\n", 2, "unexpected argument #\n", 0},
	"no command":                   {"-C\n-t 192.0.2.1:80\n-C\n", 255, tryHelpText, 1},
	"-R":                           {"-C\n-R\n-C\n", 255, tryHelpText, 1},
	"a wrong rule ends it":         {"-C\n-A\n-C\n", 2, "You need to supply the 'service-address' option for the 'add-service' command\n", 1},
	"an unknown option does not":   {"-C\n-A --color\n-C\n", 0, "--color: unknown option\n", 2},
	"nor does a missing argument":  {"-A -t\n-C\n", 0, "-t: missing argument\n", 1},
	"unless the line is the last":  {"-C\n-A -t\n", 255, "-t: missing argument\n", 1},
	"timeouts and counters":        {"--set 1 2 3\n-Z\n", 0, "", 2},
	"a version ends it":            {"-C\n-v\n-C\n", 0, "", 1},
	"help ends it":                 {"-C\n-h\n-C\n", 0, "", 1},
	"a list of timeouts does not":  {"-C\n-L --timeout\n-C\n", 0, "", 2},
	"a list that fails ends it":    {"-C\n-L -n -t 198.51.100.99:1\n-C\n", 1, "No such service\n", 1},
	"a very long word ends it too": {strings.Repeat("x", 1<<17) + "\n-C\n", 255, tryHelpText, 0},
}

func TestRestore(t *testing.T) {
	for name, tt := range restorations {
		t.Run(name, func(t *testing.T) {
			d := &fakeDirector{services: everything()}
			got := run(t, d, "ipvsadm", []string{"-R"}, tt.in)
			if got.Code != tt.code || got.Stderr != tt.stderr || len(d.ops) != tt.changes {
				t.Errorf("ipvsadm -R of %.80q exits with %d, says %q and makes %d changes, want %d, %q and %d",
					tt.in, got.Code, got.Stderr, len(d.ops), tt.code, tt.stderr, tt.changes)
			}
		})
	}
}

func TestRestoreIsIpvsadms(t *testing.T) {
	var trials []trial
	var names []string
	for name, tt := range restorations {
		if name != "a list that fails ends it" { // it takes a kernel that knows no such service
			trials, names = append(trials, trial{[]string{"-R"}, tt.in}), append(names, name)
		}
	}
	for i, got := range try(t, 0, trials) {
		if tt := restorations[names[i]]; got.Code != tt.code || got.Stderr != tt.stderr {
			t.Errorf("%s: the real ipvsadm -R exits with %d and says %q, want %d and %q", names[i], got.Code, got.Stderr, tt.code, tt.stderr)
		}
	}
}

// What the director refuses is said in its place, and nothing ends.
func TestRestoreGoesOn(t *testing.T) {
	tests := map[string]struct {
		in     string
		code   int
		stderr string
	}{
		"the last works":    {"-A -f 1\n-D -f 1\n-A -f\n-A -f 2\n-D -f 1\n", 0, "exists\n-f: missing argument\nexists\n"},
		"the last does not": {"-D -f 1\n-A -f 1\n", 255, "exists\n"},
		"a usage error is the last": {"-A -f 1\n-A -q\n-A\n-A -f 1\n", 2,
			"exists\n-q: unknown option\nYou need to supply the 'service-address' option for the 'add-service' command\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := &fakeDirector{refuse: func(op desired.Operation) error {
				if op.Kind == desired.AddService {
					return fmt.Errorf("add: %w", desired.ErrServiceExists)
				}
				return nil
			}}
			got := run(t, d, "ipvsadm", []string{"-R"}, tt.in)
			if stderr := strings.ReplaceAll(tt.stderr, "exists", "Service already exists"); got.Code != tt.code || got.Stderr != stderr {
				t.Errorf("ipvsadm -R exits with %d and says %q, want %d and %q", got.Code, got.Stderr, tt.code, stderr)
			}
		})
	}
}

// The same where the kernel is the one to refuse.
func TestRestoreGoesOnLikeIpvsadm(t *testing.T) {
	in := "-A -f 1\n-A -f\n-A -f 2\n-A -f 3 -q\n"
	d := &fakeDirector{refuse: func(desired.Operation) error { return desired.ErrServiceExists }}
	got, want := run(t, d, "ipvsadm", []string{"-R"}, in), try(t, unix.EEXIST, []trial{{[]string{"-R"}, in}})[0]
	if got != want {
		t.Errorf("ipvsadm -R: %+v, the real one: %+v", got, want)
	}
}

// All changes are one call, unless a line wants to see what those before it made.
func TestRestoreAsksOnce(t *testing.T) {
	d := &fakeDirector{}
	run(t, d, "ipvsadm", []string{"-R"}, manyRules(100))
	if len(d.ops) != 200 || d.calls != 1 {
		t.Errorf("%d changes in %d calls, want 200 in 1", len(d.ops), d.calls)
	}
	run(t, d, "ipvsadm", []string{"-R"}, "-C\n-L -n\n-C\n-C\n")
	if len(d.ops) != 203 || d.calls != 3 {
		t.Errorf("%d changes in %d calls, want 203 in 3", len(d.ops), d.calls)
	}
}

// manyRules returns n services with a destination each.
func manyRules(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "-A -t 192.0.2.1:%d -s rr\n-a -t 192.0.2.1:%[1]d -r 198.51.100.1:%[1]d -m -w 1\n", i+1)
	}
	return b.String()
}

// A director that goes away ends everything, whatever else there is to read.
func TestRestoreWithoutDirector(t *testing.T) {
	want := "Can't initialize ipvs: no director is running\nAre you sure that `xlvs run' runs in this network namespace?\n"
	for name, d := range map[string]*fakeDirector{"from the start": nil, "on the way": {err: control.ErrNoDirector}} {
		got := run(t, d, "ipvsadm", []string{"-R"}, "-C\n-L\n-C\n")
		if got.Code != exitUsage || got.Stderr != want {
			t.Errorf("%s: ipvsadm -R: %+v", name, got)
		}
	}
}

func TestRestoreScript(t *testing.T) {
	d := &fakeDirector{}
	got := run(t, d, "ipvsadm-restore", []string{"ignored"}, "# saved\n-A -f 5\n#-A -f 6\n-A -f 7\n")
	kinds := []desired.Kind{desired.Flush, desired.AddService, desired.AddService}
	if got != (result{}) || !slices.EqualFunc(d.ops, kinds, func(op desired.Operation, k desired.Kind) bool { return op.Kind == k }) {
		t.Errorf("ipvsadm-restore: %+v and %+v", got, d.ops)
	}
}

// A failingReader breaks off in the middle of a file.
type failingReader struct{ *strings.Reader }

var errCut = errors.New("cut off")

func (r failingReader) Read(b []byte) (int, error) {
	if n, err := r.Reader.Read(b); err == nil {
		return n, nil
	}
	return 0, errCut
}

func TestRestoreReportsItsReader(t *testing.T) {
	var stderr strings.Builder
	d := &fakeDirector{}
	p := Program{Stdin: failingReader{strings.NewReader("-C\n-C\n")}, Stderr: &stderr, Dial: func() (Director, error) { return d, nil }}
	if code := p.Run(t.Context(), "ipvsadm", []string{"-R"}); code != exitRefused || stderr.String() != "read rules: cut off\n" || len(d.ops) != 2 {
		t.Errorf("ipvsadm -R exits with %d, says %q and makes %d changes", code, stderr.String(), len(d.ops))
	}
}

func FuzzRestore(f *testing.F) {
	for _, tt := range restorations {
		if len(tt.in) < 1000 {
			f.Add(tt.in)
		}
	}
	f.Fuzz(func(t *testing.T, in string) {
		d := &fakeDirector{services: everything()}
		got := run(t, d, "ipvsadm", []string{"-R"}, in)
		if got.Code == exitRefused && got.Stderr == "" || len(d.ops) > strings.Count(in, "\n")+1 {
			t.Errorf("ipvsadm -R of %q: %+v, %d changes", in, got, len(d.ops))
		}
	})
}

// 10,000 services with ten destinations each.
func BenchmarkRestore(b *testing.B) {
	var in strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&in, "-A -t 192.0.2.1:%d -s rr\n", i+1)
		for j := range 10 {
			fmt.Fprintf(&in, "-a -t 192.0.2.1:%d -r 198.51.100.%d:80 -m -w 1\n", i+1, j+1)
		}
	}
	b.SetBytes(int64(in.Len()))
	for b.Loop() {
		d := &fakeDirector{}
		p := Program{Stdin: strings.NewReader(in.String()), Dial: func() (Director, error) { return d, nil }}
		if p.Run(b.Context(), "ipvsadm", []string{"-R"}); len(d.ops) != 110000 {
			b.Fatalf("%d changes", len(d.ops))
		}
	}
}
