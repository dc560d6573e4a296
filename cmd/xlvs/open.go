package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"xlvs/config"
	"xlvs/dataplane"
	"xlvs/dataplane/xsk"
)

// How long an interface may be taken before that is an error, and how often to
// look. When a program ends, killed or not, the kernel gives back its queues in
// the background: whoever starts the next one at once may be too early.
const (
	patience = time.Second
	lookAt   = 200 * time.Millisecond
)

// openDirector opens a director with c.
func openDirector(ctx context.Context, c *config.Config, warn func(error)) (*dataplane.Director, error) {
	for deadline := time.Now().Add(patience); ; {
		d, err := dataplane.Open(c, warn)
		if !errors.Is(err, xsk.ErrBusy) || time.Now().After(deadline) {
			return d, explain(err)
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(lookAt):
		}
	}
}

// explain says what to do about an error for want of privilege.
func explain(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w; a director runs as root, or with CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and CAP_PERFMON", err)
	}
	return err
}
