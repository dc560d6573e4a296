package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"xlvs/bench/lab"
)

// running is in what a director, and this program, write once they are at work.
const running = "is running"

// Bounds on waiting for that. On an idle machine it takes less than 0.1 s.
const (
	patience = 10 * time.Second
	lookAt   = 10 * time.Millisecond
)

var (
	errSlow  = fmt.Errorf("nothing happened for %v", patience)
	errEnded = errors.New("the process ended")
)

// startProcess starts command in h and waits until it is at work.
func startProcess(ctx context.Context, h *lab.Host, command []string) (*lab.Process, error) {
	return startSaying(ctx, running, h, command)
}

// startSelf starts a command of this program in h and waits until it is at work.
func startSelf(ctx context.Context, h *lab.Host, args ...string) (*lab.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	return startProcess(ctx, h, append([]string{self}, args...))
}

// startSaying starts command in h and waits until it says what it says when it
// is at work.
func startSaying(ctx context.Context, says string, h *lab.Host, command []string) (*lab.Process, error) {
	p, err := h.Start(exec.Command(command[0], command[1:]...))
	if err != nil {
		return nil, err
	}
	if err := await(ctx, p, says); err != nil {
		p.Stop()
		return nil, fmt.Errorf("wait until %s says %q: %w\n%s", command[0], says, err, p.Output())
	}
	return p, nil
}

// await waits until p says what it is to say.
func await(ctx context.Context, p *lab.Process, says string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	tick := time.NewTicker(lookAt)
	defer tick.Stop()
	for !bytes.Contains(p.Output(), []byte(says)) {
		select {
		case <-p.Done():
			return fmt.Errorf("%w: %w", errEnded, p.Wait())
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	return nil
}

// stopProcess ends p, and returns an error unless it ends in peace.
func stopProcess(p *lab.Process) error {
	p.Stop()
	if err := p.Wait(); err != nil {
		return fmt.Errorf("process in a host of the network: %w\n%s", err, p.Output())
	}
	return nil
}

// pause waits for t, or for the end of p or of ctx.
func pause(ctx context.Context, p *lab.Process, t time.Duration) error {
	select {
	case <-p.Done():
		return errEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(t):
		return nil
	}
}
