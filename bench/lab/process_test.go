package lab_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"xlvs/bench/lab/labtest"
)

func TestRun(t *testing.T) {
	h := host(t, labtest.New(t), "client")
	out, err := h.Run(t.Context(), "cat", "/proc/net/dev")
	must(t, err)
	// Two lines of heading, and lo.
	if n := strings.Count(string(out), "\n"); n != 3 {
		t.Errorf("interfaces inside:\n%s\nwant lo alone", out)
	}
}

func TestRunFails(t *testing.T) {
	h := host(t, labtest.New(t), "client")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx  context.Context
		argv []string
		want string
	}{
		"status":           {t.Context(), []string{"sh", "-c", "echo out; echo err >&2; exit 3"}, "exit status 3\nout\nerr\n"},
		"no such program":  {t.Context(), []string{"xlvs-no-such-program"}, "executable file not found"},
		"context is ended": {ended, []string{"sleep", "60"}, "context canceled"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := h.Run(tt.ctx, tt.argv[0], tt.argv[1:]...)
			if err == nil {
				t.Fatalf("Run(%q) succeeded", tt.argv)
			}
			for _, want := range []string{tt.want, tt.argv[0], h.Name()} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestSignalAndWait(t *testing.T) {
	h := host(t, labtest.New(t), "client")
	p, err := h.Start(exec.Command("sleep", "60"))
	must(t, err)
	must(t, p.Signal(syscall.SIGINT))
	var exit *exec.ExitError
	if err := p.Wait(); !errors.As(err, &exit) {
		t.Fatalf("Wait after SIGINT = %v, want an exec.ExitError", err)
	}
	if got := exit.Sys().(syscall.WaitStatus).Signal(); got != syscall.SIGINT {
		t.Errorf("ended by %v, want %v", got, syscall.SIGINT)
	}
	if err := p.Signal(syscall.SIGINT); err == nil {
		t.Error("Signal to a process that has ended succeeded")
	}
	p.Stop() // again
}

// TestStopTheDeaf stops a process that ignores SIGTERM.
func TestStopTheDeaf(t *testing.T) {
	h := host(t, labtest.New(t), "client")
	p, err := h.Start(exec.Command("sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 60; done"))
	must(t, err)
	for len(p.Output()) == 0 { // until the trap is set
		_, err := h.Run(t.Context(), "true")
		must(t, err)
	}
	p.Stop()
	select {
	case <-p.Done():
	default:
		t.Error("Stop returned before the process ended")
	}
}
