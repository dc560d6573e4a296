package lab

import (
	"errors"
	"runtime"

	"golang.org/x/sys/unix"
)

// errAbandoned is what onThread returns when f left by runtime.Goexit, as
// testing's FailNow does.
var errAbandoned = errors.New("abandoned before it returned")

// onThread runs f on a thread of its own and waits for it. f may do to the
// thread what it likes: the thread ends with f.
func onThread(f func() error) error {
	err := errAbandoned
	done := make(chan struct{})
	spawn(func() {
		defer close(done)
		err = f()
	})
	<-done
	return err
}

// spawn starts f on a thread of its own, which ends when f returns, because its
// goroutine ends locked to it.
func spawn(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f()
			return
		}
		// The main thread cannot end, and /proc/self shows its namespace.
		// While it is held here, another goroutine gets another thread.
		locked := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(locked)
			f()
		}()
		<-locked
		runtime.UnlockOSThread()
	}()
}
