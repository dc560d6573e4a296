package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"xlvs/bench/guest"
)

// A machine does jobs: a guest.
type machine interface {
	Do(ctx context.Context, job string, input any, each func(output json.RawMessage) error) error
	Close()
}

// A tenant does jobs by a machine, which it boots when there is the first, and by
// another when that has fallen silent: a kernel may hang, and with it all that is to
// come.
type tenant struct {
	boot     func(ctx context.Context) (machine, error)
	patience time.Duration // with a job; 0 means some minutes

	mu  sync.Mutex // held while booting, too
	now machine
}

// errSilent is the error of a job that has not ended in time.
var errSilent = errors.New("the guest has fallen silent")

// do has a job done. One that a machine has not lived to end is done again.
func (t *tenant) do(ctx context.Context, job string, input any, each func(output json.RawMessage) error) error {
	m, err := t.get(ctx, nil)
	if err != nil {
		return err
	}
	err = t.within(ctx, m, job, input, each)
	if !errors.Is(err, errSilent) && !errors.Is(err, guest.ErrEnded) {
		return err
	}
	if m, err = t.get(ctx, m); err != nil {
		return err
	}
	return t.within(ctx, m, job, input, each)
}

// within has m do a job, for which it may take as long as t has patience.
func (t *tenant) within(ctx context.Context, m machine, job string, input any, each func(output json.RawMessage) error) error {
	patience := t.patience
	if patience == 0 {
		patience = 4 * time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSilent)
	defer cancel()
	err := m.Do(ctx, job, input, each)
	if err != nil && context.Cause(ctx) == errSilent {
		return errSilent
	}
	return err
}

// get returns the machine, or another in place of one that is no good.
func (t *tenant) get(ctx context.Context, bad machine) (machine, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now != nil && t.now != bad {
		return t.now, nil
	}
	if t.now != nil {
		t.now.Close()
	}
	var err error
	t.now, err = t.boot(ctx)
	if err != nil {
		t.now = nil
	}
	return t.now, err
}

// close closes the machine, if there is one.
func (t *tenant) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now != nil {
		t.now.Close()
		t.now = nil
	}
}
