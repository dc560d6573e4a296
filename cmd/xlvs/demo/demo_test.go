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

// TestDemo is the demo with the real director, which is built once.
func TestDemo(t *testing.T) {
	labtest.New(t)
	program := filepath.Join(t.TempDir(), "xlvs")
	if out, err := exec.Command("go", "build", "-o", program, "xlvs/cmd/xlvs").CombinedOutput(); err != nil {
		t.Fatalf("build xlvs: %v\n%s", err, out)
	}
	director := []string{program, "run", "-c"}
	t.Run("requests", func(t *testing.T) { testRequests(t, director) })
	t.Run("keep", func(t *testing.T) { testKeep(t, director) })
	t.Run("interrupt", func(t *testing.T) { testInterrupt(t, director) })
}

// testRequests runs every method in every mode.
func testRequests(t *testing.T, director []string) {
	for _, mode := range []config.Mode{config.XDP, config.XDPGeneric, config.Packet} {
		for _, m := range methods() {
			t.Run(fmt.Sprintf("%s, %s", m.name, mode), func(t *testing.T) {
				expectNothingLeft(t)
				var out bytes.Buffer
				d := &demo{methods: []method{m}, mode: mode, director: director, out: &out, log: &out}
				if err := d.run(t.Context()); err != nil {
					t.Fatalf("%v\nafter\n%s", err, &out)
				}
				expectReport(t, m, out.String())
			})
		}
	}
}

// expectReport checks that out tells of what was seen, for each family.
func expectReport(t *testing.T, m method, out string) {
	t.Helper()
	want := []string{m.picture, "\n  IP Virtual Server version 1.2.1"}
	for _, f := range m.families {
		want = append(want, f.url()+" ", fmt.Sprintf("TCP  %v rr\n", netip.AddrPortFrom(f.vip, port)))
		for _, a := range f.rips {
			want = append(want, a.String())
		}
	}
	for _, w := range want {
		if !strings.Contains(out, w) {
			t.Errorf("the report lacks %q:\n%s", w, out)
		}
	}
	idle := regexp.MustCompile(` ` + m.forward.String() + ` +1 +0 +3 +\n`)
	if n := len(idle.FindAllString(out, -1)); n != 4 {
		t.Errorf("the table has %d real servers with 3 inactive connections, want 4:\n%s", n, out)
	}
}

// testKeep expects the networks to be there until the context ends.
func testKeep(t *testing.T, director []string) {
	d := &demo{methods: methods(), mode: config.XDP, keep: true, director: director}
	expectNothingLeft(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := &watch{word: "Ctrl-C ends"}
	out.seen = func() {
		defer cancel()
		hosts := regexp.MustCompile(`ip netns exec (\S+) curl`).FindAllStringSubmatch(out.String(), -1)
		if len(hosts) != 4 {
			t.Errorf("%d hints at a client, want 4:\n%s", len(hosts), out)
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
func testInterrupt(t *testing.T, director []string) {
	d := &demo{methods: methods(), mode: config.XDP, director: director}
	for _, word := range []string{"director", "the client asks"} {
		t.Run("at "+word, func(t *testing.T) {
			expectNothingLeft(t)
			cause := errors.New("somebody pressed Ctrl-C")
			ctx, cancel := context.WithCancelCause(t.Context())
			out := &watch{word: word, seen: func() { cancel(cause) }}
			d.out, d.log = out, out
			if err := d.run(ctx); !errors.Is(err, cause) {
				t.Errorf("run() = %v, want %v", err, cause)
			}
		})
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
