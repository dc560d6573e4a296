package lab_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/bench/lab/labtest"
)

func TestCloseLeavesNothing(t *testing.T) {
	l := labtest.New(t)
	h := host(t, l, "client")
	path := filepath.Join("/run/netns", h.Name())
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	// The shell's child does not hear the SIGTERM that the shell gets.
	p, err := h.Start(exec.Command("sh", "-c", "sleep 60 & echo $!; wait"))
	must(t, err)
	for len(p.Output()) == 0 {
		_, err := h.Run(t.Context(), "true")
		must(t, err)
	}
	child := strings.TrimSpace(string(p.Output()))
	_, err = h.Capture("lo")
	must(t, err)

	must(t, l.Close())
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("namespace %s is still there (%v)", h.Name(), err)
	}
	for _, pid := range []string{fmt.Sprint(p.PID()), child} {
		if living(pid) {
			t.Errorf("process %s is still there", pid)
		}
	}
	must(t, l.Close()) // again
}

// living reports whether pid is a process that has not ended. One that its
// parent has not waited for yet has ended.
func living(pid string) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

func TestClosedLabMakesNothing(t *testing.T) {
	l := labtest.New(t)
	h := host(t, l, "client")
	must(t, l.Close())
	tests := map[string]struct {
		do   func() error
		want error
	}{
		"host":    {func() error { _, err := l.Host("late"); return err }, lab.ErrClosed},
		"switch":  {func() error { _, err := l.Switch("late"); return err }, lab.ErrClosed},
		"start":   {func() error { _, err := h.Start(exec.Command("true")); return err }, lab.ErrClosed},
		"capture": {func() error { _, err := h.Capture("lo"); return err }, lab.ErrClosed},
		"address": {func() error { return h.AddAddr("lo", "192.0.2.1/32") }, os.ErrNotExist},
		"route":   {func() error { return h.Route("default", "192.0.2.1") }, os.ErrNotExist},
		"sysctl":  {func() error { return h.Sysctl("net.ipv4.ip_forward", "1") }, os.ErrNotExist},
		"listen":  {func() error { _, err := h.Listen("tcp", ":0"); return err }, os.ErrNotExist},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tt.do(); !errors.Is(err, tt.want) {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
		})
	}
}

// TestTwoLabs has hosts of one name in two labs of one process.
func TestTwoLabs(t *testing.T) {
	a, b := host(t, labtest.New(t), "client"), host(t, labtest.New(t), "client")
	if a.Name() == b.Name() {
		t.Errorf("two labs have a host called %s", a.Name())
	}
	for _, h := range []*lab.Host{a, b} {
		if mine := fmt.Sprintf("xlvs-%d-", os.Getpid()); !strings.HasPrefix(h.Name(), mine) {
			t.Errorf("Name() = %q, want it to begin with %q", h.Name(), mine)
		}
	}
}

func TestHostNames(t *testing.T) {
	l := labtest.New(t)
	host(t, l, "taken")
	for name, in := range map[string]string{
		"taken":       "taken",
		"empty":       "",
		"with a path": "a/b",
		"leading out": "/../../../tmp/x",
		"too long":    strings.Repeat("x", 256),
	} {
		t.Run(name, func(t *testing.T) {
			if h, err := l.Host(in); err == nil {
				t.Errorf("Host(%q) made %s, want an error", in, h.Name())
			}
		})
	}
}
