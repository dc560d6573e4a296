package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/bench/lab/labtest"
	"xlvs/config"
)

// allModes are those that --mode takes.
var allModes = []config.Mode{config.XDP, config.XDPGeneric, config.Packet}

// named returns the methods that are called names.
func named(t *testing.T, names ...string) (some []method) {
	t.Helper()
	for _, name := range names {
		d := new(demo)
		if err := d.setMethod(name); err != nil {
			t.Fatal(err)
		}
		some = append(some, d.methods...)
	}
	return some
}

// TestDemo is the demo with the real programs, which are built once.
func TestDemo(t *testing.T) {
	labtest.New(t)
	program := filepath.Join(t.TempDir(), "xlvs")
	if out, err := exec.Command("go", "build", "-o", program, "xlvs/cmd/xlvs").CombinedOutput(); err != nil {
		t.Fatalf("build xlvs: %v\n%s", err, out)
	}
	d := demo{mode: config.XDP, director: []string{program, "run", "-c"}, realserver: []string{program, "realserver"}}
	t.Run("requests", func(t *testing.T) { testRequests(t, d) })
	t.Run("keep", func(t *testing.T) { testKeep(t, d) })
	t.Run("interrupt", func(t *testing.T) { testInterrupt(t, d) })
}

// testRequests runs every method in every mode.
func testRequests(t *testing.T, d demo) {
	expectNothingLeft(t)
	for _, mode := range allModes {
		for _, m := range methods() {
			t.Run(fmt.Sprintf("%s, %s", m.name, mode), func(t *testing.T) {
				t.Parallel()
				var out bytes.Buffer
				d := d
				d.methods, d.mode, d.out, d.log = []method{m}, mode, &out, &out
				if err := d.run(t.Context()); err != nil {
					t.Fatalf("%v\nafter\n%s", err, &out)
				}
				expectReport(t, m, out.String())
			})
		}
	}
}

// expectReport checks that out tells of what was seen, for each service.
func expectReport(t *testing.T, m method, out string) {
	t.Helper()
	want := []string{m.picture, "\n  IP Virtual Server version 1.2.1"}
	reals := 0
	for _, s := range m.services() {
		want = append(want, s.url()+" ", " "+s.known().String()+"\n", fmt.Sprintf("TCP  %v rr\n", netip.AddrPortFrom(s.vip, s.port)))
		for _, a := range s.rips {
			want = append(want, netip.AddrPortFrom(a, s.port).String())
			reals++
		}
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			t.Errorf("the report lacks %q:\n%s", w, out)
		}
	}
	idle := regexp.MustCompile(` ` + m.real.Method.String() + ` +1 +0 +3 +\n`)
	if n := len(idle.FindAllString(out, -1)); n != reals {
		t.Errorf("the table has %d real servers with 3 inactive connections, want %d:\n%s", n, reals, out)
	}
}

// testKeep expects the networks to be there until the context ends.
func testKeep(t *testing.T, d demo) {
	d.methods, d.keep = named(t, "nat", "tun-gue", "fullnat"), true
	expectNothingLeft(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := &watch{word: "Ctrl-C ends"}
	out.seen = func() {
		defer cancel()
		hosts := regexp.MustCompile(`ip netns exec (\S+) (?:curl|\S+ ipvsadm) `).FindAllStringSubmatch(out.String(), -1)
		if len(hosts) != 2+2+4+3 {
			t.Errorf("%d hints at a client or a director, want 11:\n%s", len(hosts), out)
		}
		for _, h := range hosts {
			if _, err := os.Stat(filepath.Join("/run/netns", h[1])); err != nil {
				t.Errorf("a host that is hinted at: %v", err)
			}
		}
	}
	d.out, d.log = out, out
	if err := d.run(ctx); err != nil {
		t.Error(err)
	}
}

// testInterrupt ends the context before the director runs, and when it does.
func testInterrupt(t *testing.T, d demo) {
	for _, m := range named(t, "nat", "tun-gre") {
		for _, word := range []string{"director", "the client asks"} {
			t.Run(m.name+", at "+word, func(t *testing.T) {
				expectNothingLeft(t)
				cause := errors.New("somebody pressed Ctrl-C")
				ctx, cancel := context.WithCancelCause(t.Context())
				out := &watch{word: word, seen: func() { cancel(cause) }}
				d := d
				d.methods, d.out, d.log = []method{m}, out, out
				if err := d.run(ctx); !errors.Is(err, cause) {
					t.Errorf("run() = %v, want %v", err, cause)
				}
			})
		}
	}
}

func TestHangupLeavesNothing(t *testing.T) {
	labtest.New(t)
	expectNothingLeft(t)
	out := &watch{word: "director", seen: func() { _ = unix.Kill(os.Getpid(), unix.SIGHUP) }}
	if err := Command(t.Context(), nil, out, out); err == nil {
		t.Error("Command() = nil after SIGHUP")
	}
}

func TestCommandTellsWhyTheDirectorEnded(t *testing.T) {
	labtest.New(t)
	expectNothingLeft(t)
	var out bytes.Buffer
	err := Command(t.Context(), nil, &out, &out) // TestMain is the director
	if !errors.Is(err, errEnded) {
		t.Fatalf("Command() = %v, want errEnded", err)
	}
	for _, want := range []string{"method nat", "exit status 3", lastWord} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not tell %q: %v", want, err)
		}
	}
}

// TestDirectorThatDoesNothing has the kernel of the director's host refuse what
// the director should take.
func TestDirectorThatDoesNothing(t *testing.T) {
	labtest.New(t)
	expectNothingLeft(t)
	var out bytes.Buffer
	idle := []string{"sh", "-c", "echo " + running + " >&2; exec sleep 60"}
	d := &demo{methods: methods(), mode: config.XDP, director: idle, out: &out, log: &out}
	err := d.run(t.Context())
	if !errors.Is(err, unix.ECONNREFUSED) || !strings.Contains(err.Error(), "the director said: "+running) {
		t.Errorf("run() = %v, want ECONNREFUSED and what the director said", err)
	}
}

func TestDirectorThatIsNoProgram(t *testing.T) {
	labtest.New(t)
	expectNothingLeft(t)
	var out bytes.Buffer
	d := &demo{methods: methods(), mode: config.XDP, director: []string{"/nonexistent"}, out: &out, log: &out}
	if err := d.run(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("run() = %v, want ErrNotExist", err)
	}
}

// expectNothingLeft checks, when the test ends, that namespaces and files have
// gone.
func expectNothingLeft(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Cleanup(func() {
		hosts, err := filepath.Glob(fmt.Sprintf("/run/netns/xlvs-%d-*", os.Getpid()))
		if err != nil || len(hosts) > 0 {
			t.Errorf("namespaces left: %q, %v", hosts, err)
		}
		files, err := os.ReadDir(tmp)
		if err != nil || len(files) > 0 {
			t.Errorf("files left: %v, %v", files, err)
		}
	})
}

// A watch keeps what is written and calls seen once word is among it.
type watch struct {
	bytes.Buffer
	word string
	seen func()
	done bool
}

// Write appends b.
func (w *watch) Write(b []byte) (int, error) {
	n, err := w.Buffer.Write(b)
	if !w.done && strings.Contains(w.String(), w.word) {
		w.done = true
		w.seen()
	}
	return n, err
}
