package lab

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

// ErrClosed is returned when something is to be made in a lab that is closed.
var ErrClosed = errors.New("lab is closed")

// errName is returned for a host name that would lead out of the directory of
// namespaces, or is none.
var errName = errors.New("not a host name")

// A Lab owns hosts and all that was made in them. Its methods, and those of
// what it owns, may be called by any goroutine.
type Lab struct {
	mu     sync.Mutex
	closed bool
	number int // among the labs of this process, 0 before the first host
	hosts  []*Host
	owned  map[stopper]struct{}
}

// A stopper is something that must end before its host can go.
type stopper interface{ Stop() }

// New returns a lab without hosts, and removes the hosts of labs whose process
// was killed. The error is fs.ErrPermission for a caller who is not root or
// lacks CAP_SYS_ADMIN, which making namespaces takes besides CAP_NET_ADMIN.
func New() (*Lab, error) {
	err := locked(func() error {
		if err := share(); err != nil {
			return err
		}
		return sweep()
	})
	if err != nil {
		return nil, fmt.Errorf("open lab: %w", err)
	}
	return &Lab{owned: make(map[stopper]struct{})}, nil
}

// Host makes a host with nothing but its loopback interface, which is up. The
// name must be new in the lab and good as part of a file name.
func (l *Lab) Host(name string) (*Host, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, fmt.Errorf("make host %s: %w", name, ErrClosed)
	}
	if name == "" || strings.ContainsRune(name, '/') {
		return nil, fmt.Errorf("make host %q: %w", name, errName)
	}
	h := &Host{lab: l}
	if err := locked(func() error { return l.christen(h, name) }); err != nil {
		return nil, fmt.Errorf("make host %s: %w", name, err)
	}
	l.hosts = append(l.hosts, h)
	if err := h.begin(); err != nil {
		return nil, fmt.Errorf("make host %s: %w", name, err)
	}
	return h, nil
}

// christen makes the namespace of h. The first one takes the lab's number.
func (l *Lab) christen(h *Host, name string) error {
	n := l.number
	if n == 0 {
		var err error
		if n, err = vacant(); err != nil {
			return err
		}
	}
	h.name = prefix(os.Getpid(), n) + name
	if err := create(h.name); err != nil {
		return err
	}
	l.number = n
	return nil
}

// own runs start and has Close stop s, unless the lab is closed already.
func (l *Lab) own(s stopper, start func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	if err := start(); err != nil {
		return err
	}
	l.owned[s] = struct{}{}
	return nil
}

// disown forgets s, which has ended by itself.
func (l *Lab) disown(s stopper) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.owned, s)
}

// Close stops every process and capture, waits for them, and removes every
// host. Sockets that Listen, ListenPacket and Dial returned are the caller's to
// close. A second Close does nothing.
func (l *Lab) Close() error {
	l.mu.Lock()
	l.closed = true
	owned, hosts := l.owned, l.hosts
	l.owned, l.hosts = nil, nil
	l.mu.Unlock()

	var wg sync.WaitGroup
	for s := range owned {
		wg.Go(s.Stop)
	}
	wg.Wait()
	return locked(func() error {
		var errs []error
		for _, h := range hosts {
			errs = append(errs, remove(h.name))
		}
		return errors.Join(errs...)
	})
}
