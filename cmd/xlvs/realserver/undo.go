package realserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a process that was told to end may take to undo its
// settings.
const patience = 10 * time.Second

// undo takes all settings back, the last one first.
func (j *journal) undo() error {
	return j.undoIf(func(*record) bool { return true })
}

// undoOthers takes back what only an earlier process wanted.
func (j *journal) undoOthers() error {
	return j.undoIf(func(r *record) bool { return !r.wanted })
}

// undoIf takes back the settings that is reports. One that cannot be taken back
// stays in the file, and does not keep the others from it.
func (j *journal) undoIf(is func(*record) bool) error {
	var errs []error
	left := j.records[:0:0]
	for _, r := range slices.Backward(j.records) {
		if !is(r) {
			left = append(left, r)
			continue
		}
		err := r.setting().unmake()
		switch {
		case err == nil:
			fmt.Fprintln(j.out, "undone:", r.setting())
		case errors.Is(err, errTaken):
			fmt.Fprintf(j.out, "left alone: %v: %v\n", r.setting(), err)
		default:
			errs = append(errs, fmt.Errorf("undo: %w", err))
			left = append(left, r)
		}
	}
	slices.Reverse(left)
	j.records = left
	return errors.Join(append(errs, j.save())...)
}

// takeJournal opens the state file as openJournal does, but tells a process that
// has it to end, and waits for that.
func takeJournal(ctx context.Context, path string) (*journal, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errBusy)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for told := 0; ; {
		j, err := openJournal(path)
		if !errors.Is(err, errBusy) {
			return j, err
		}
		if told, err = endOwner(path, told); err != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the end of xlvs realserver: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// endOwner tells the process that has the state file at path to end, unless that
// is told already, and returns its number. It is 0 if the process has ended, or
// has not written its number yet.
func endOwner(path string, told int) (pid int, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read state file: %w", err)
	}
	var c content
	if json.NewDecoder(bytes.NewReader(b)).Decode(&c) != nil || c.PID == told || !holds(c.PID, path) {
		return told, nil
	}
	if err := unix.Kill(c.PID, unix.SIGTERM); err != nil && !errors.Is(err, unix.ESRCH) {
		return 0, fmt.Errorf("end xlvs realserver, process %d: %w", c.PID, err)
	}
	return c.PID, nil
}

// holds reports whether a process has the file at path open. The file may still
// name an earlier owner, whose number somebody else may have now.
func holds(pid int, path string) bool {
	want, err := os.Stat(path)
	if err != nil {
		return false
	}
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid)) // the pattern is a good one
	return slices.ContainsFunc(fds, func(fd string) bool {
		got, err := os.Stat(fd)
		return err == nil && os.SameFile(got, want)
	})
}
