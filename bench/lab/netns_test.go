package lab

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOwner(t *testing.T) {
	tests := map[string]struct {
		name string
		pid  int
		ok   bool
	}{
		"a host":             {"xlvs-12-3-client", 12, true},
		"a host with dashes": {"xlvs-12-3-real-server-1", 12, true},
		"empty":              {"", 0, false},
		"of another program": {"ipvs-12-3-client", 0, false},
		"without a host":     {"xlvs-12-3", 0, false},
		"without a number":   {"xlvs-12-client", 0, false},
		"number is a word":   {"xlvs-12-x-client", 0, false},
		"pid is a word":      {"xlvs-x-3-client", 0, false},
		"pid 0 is a group":   {"xlvs-0-3-client", 0, false},
		"pid is negative":    {"xlvs--1-3-client", 0, false},
		"pid with a sign":    {"xlvs-+12-3-client", 0, false},
		"pid out of range":   {"xlvs-99999999999999999999-3-client", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pid, ok := owner(tt.name)
			if pid != tt.pid || ok != tt.ok {
				t.Errorf("owner(%q) = %d, %t, want %d, %t", tt.name, pid, ok, tt.pid, tt.ok)
			}
		})
	}
}

func FuzzOwner(f *testing.F) {
	f.Add("xlvs-12-3-client")
	f.Add("xlvs--1-3-client")
	f.Fuzz(func(t *testing.T, name string) {
		if pid, ok := owner(name); ok && (pid <= 0 || !strings.HasPrefix(name, "xlvs-")) {
			t.Errorf("owner(%q) = %d, %t", name, pid, ok)
		}
	})
}

// checkPrivilege does as package labtest does, which these tests cannot import.
func checkPrivilege(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, fs.ErrPermission) && os.Getenv("XLVS_PRIVILEGED") != "1" {
		t.Skipf("needs root: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestNewSweepsTheDead leaves a namespace of a process that has ended, and one
// of a process that lives.
func TestNewSweepsTheDead(t *testing.T) {
	_, err := New()
	checkPrivilege(t, err)
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	dead := prefix(ended.Process.Pid, 1) + "dead"
	alive := prefix(os.Getppid(), 1<<30) + "alive"
	for _, name := range []string{dead, alive} {
		if err := create(name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = remove(name) })
	}
	if _, err := New(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, dead)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("namespace %s of a dead process is still there (%v)", dead, err)
	}
	if _, err := os.Stat(filepath.Join(dir, alive)); err != nil {
		t.Errorf("namespace of a living process: %v", err)
	}
}

// TestOnThread has many threads enter namespaces of their own and checks that
// no thread of the process stays there.
func TestOnThread(t *testing.T) {
	before := namespaces(t)
	for range 50 {
		err := onThread(func() error { return unix.Unshare(unix.CLONE_NEWNET) })
		checkPrivilege(t, err)
	}
	for ns := range namespaces(t) {
		if !before[ns] {
			t.Errorf("a thread is left in %s", ns)
		}
	}
}

// namespaces returns the network namespaces that threads of this process are
// in, once the threads that are about to end have ended.
func namespaces(t *testing.T) map[string]bool {
	t.Helper()
	var seen map[string]bool
	for range 1000 {
		seen = make(map[string]bool)
		links, err := filepath.Glob("/proc/self/task/*/ns/net")
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range links {
			if ns, err := os.Readlink(l); err == nil {
				seen[ns] = true
			}
		}
		if len(seen) == 1 {
			break
		}
	}
	return seen
}

func TestOnThreadAbandoned(t *testing.T) {
	err := onThread(func() error { runtime.Goexit(); return nil })
	if !errors.Is(err, errAbandoned) {
		t.Errorf("onThread with a function that left = %v, want %v", err, errAbandoned)
	}
}
