package labtest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLabClosesWithItsTest(t *testing.T) {
	var path string
	t.Run("inner", func(t *testing.T) {
		h, err := New(t).Host("client")
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join("/run/netns", h.Name())
	})
	if path == "" {
		t.Skip("inner test was skipped")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("namespace %s outlived its test (%v)", path, err)
	}
}

// A witness is a test that notes how it was ended.
type witness struct {
	testing.TB
	verdict string
}

func (w *witness) Helper()              {}
func (w *witness) Skipf(string, ...any) { w.verdict = "skip"; runtime.Goexit() }
func (w *witness) Fatal(...any)         { w.verdict = "fail"; runtime.Goexit() }
func (w *witness) Cleanup(func())       { w.verdict = "run" }

func TestWithoutPrivilege(t *testing.T) {
	for setting, want := range map[string]string{"": "skip", "0": "skip", "1": "fail"} {
		t.Run("XLVS_PRIVILEGED="+setting, func(t *testing.T) {
			t.Setenv("XLVS_PRIVILEGED", setting)
			w := &witness{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				runtime.LockOSThread() // to the end: the thread is good for nothing more
				if err := dropPrivilege(); err != nil {
					t.Error(err)
					return
				}
				New(w)
			}()
			<-done
			if w.verdict != want {
				t.Errorf("verdict = %q, want %q", w.verdict, want)
			}
		})
	}
}

// dropPrivilege takes every capability from the calling thread.
func dropPrivilege() error {
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&h, &none[0])
}
