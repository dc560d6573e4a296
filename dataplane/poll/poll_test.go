package poll

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func opened(t *testing.T) *Waker {
	t.Helper()
	w := new(Waker)
	if err := w.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// ready waits as long as it takes nothing to be ready, and reports what was.
func ready(t *testing.T, w *Waker, timeout time.Duration) bool {
	t.Helper()
	fds := []unix.PollFd{w.PollFd()}
	fds[0].Revents = unix.POLLERR // of an earlier call
	if err := Wait(fds, timeout); err != nil {
		t.Fatal(err)
	}
	return fds[0].Revents == unix.POLLIN
}

func TestWakeCountsUntilDrained(t *testing.T) {
	w := opened(t)
	if ready(t, w, 0) {
		t.Error("ready before Wake")
	}
	w.Wake()
	w.Wake()
	for range 2 {
		if !ready(t, w, -1) {
			t.Error("not ready after Wake")
		}
	}
	w.Drain()
	if ready(t, w, 0) {
		t.Error("ready after Drain")
	}
}

func TestWakeEndsASleepingWait(t *testing.T) {
	w := opened(t)
	done := make(chan bool)
	go func() { done <- ready(t, w, -1) }()
	w.Wake()
	if !<-done {
		t.Error("Wait ended, but not by Wake")
	}
}

func TestWakeAfterCloseDoesNothing(t *testing.T) {
	w := new(Waker)
	if err := w.Open(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	w.Wake()
}

func TestAtMost(t *testing.T) {
	tests := map[string]struct{ timeout, want time.Duration }{
		"none":    {-1, 5},
		"zero":    {0, 0},
		"shorter": {3, 3},
		"longer":  {8, 5},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := AtMost(tt.timeout, 5); got != tt.want {
				t.Errorf("AtMost(%d, 5) = %d, want %d", tt.timeout, got, tt.want)
			}
		})
	}
}

func TestTell(t *testing.T) {
	flags := []*bool{new(bool), new(bool), new(bool)}
	*flags[2] = true
	Tell([]unix.PollFd{{Revents: unix.POLLERR}, {}, {}}, flags)
	for i, want := range []bool{true, false, true} {
		if *flags[i] != want {
			t.Errorf("flag %d is %t, want %t", i, *flags[i], want)
		}
	}
}
