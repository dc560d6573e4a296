package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
	"xlvs/config"
)

// Bounds on waiting for the director. On an idle machine it needs less than a
// tenth of a second for anything.
const (
	patience = 10 * time.Second
	lookAt   = 20 * time.Millisecond
)

// running is what the director's log says when packets move.
const running = "director is running"

// maxLastWords is how many lines of the director's log an error quotes.
const maxLastWords = 12

var (
	errSlow  = fmt.Errorf("nothing happened for %v", patience)
	errEnded = errors.New("the director ended")
)

// A director is the process under show.
type director struct {
	process *lab.Process // its output is the log
	cmd     *exec.Cmd
	tables  string // the file that its standard output goes to
}

// startDirector starts command in h with the configuration c. Its files go to
// dir.
func startDirector(h *lab.Host, command []string, dir string, c *config.Config) (*director, error) {
	file := filepath.Join(dir, "director.toml")
	if err := writeConfig(file, c); err != nil {
		return nil, err
	}
	tables, err := os.Create(filepath.Join(dir, "tables"))
	if err != nil {
		return nil, fmt.Errorf("make a file for the director's output: %w", err)
	}
	defer func() { _ = tables.Close() }() // the process has its own
	args := slices.Concat(command, []string{file})
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout = tables
	p, err := h.Start(cmd)
	if err != nil {
		return nil, err
	}
	return &director{process: p, cmd: cmd, tables: tables.Name()}, nil
}

// writeConfig writes c to a new file.
func writeConfig(file string, c *config.Config) error {
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

// ready waits until the director moves packets.
func (d *director) ready(ctx context.Context) error {
	err := d.until(ctx, func() (bool, error) {
		return bytes.Contains(d.process.Output(), []byte(running)), nil
	})
	if err != nil {
		return fmt.Errorf("wait for %q: %w", running, err)
	}
	return nil
}

// table returns the services as `ipvsadm -Ln` prints them. A blank line follows
// them in the director's output.
func (d *director) table(ctx context.Context) (string, error) {
	if err := d.process.Signal(unix.SIGUSR1); err != nil {
		return "", err
	}
	var list string
	err := d.until(ctx, func() (bool, error) {
		b, err := os.ReadFile(d.tables)
		var whole bool
		list, _, whole = strings.Cut(string(b), "\n\n")
		return whole, err
	})
	if err != nil {
		return "", fmt.Errorf("wait for the director's table: %w", err)
	}
	return list + "\n", nil
}

// until looks at happened again and again until it reports true or an error,
// the director has ended, ctx has, or patience has.
func (d *director) until(ctx context.Context, happened func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	tick := time.NewTicker(lookAt)
	defer tick.Stop()
	for {
		if ok, err := happened(); ok || err != nil {
			return err
		}
		select {
		case <-d.process.Done():
			return fmt.Errorf("%w: %v", errEnded, d.cmd.ProcessState)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// stop has the director end, and returns an error unless it does so in peace.
func (d *director) stop() error {
	d.process.Stop()
	if err := d.process.Wait(); err != nil {
		return fmt.Errorf("stop the director: %w", err)
	}
	return nil
}

// lastWords returns the end of the director's log as an error, a line for each
// of its lines, or nil if it said nothing.
func (d *director) lastWords() error {
	log := strings.TrimSpace(string(d.process.Output()))
	if log == "" {
		return nil
	}
	lines := strings.Split(log, "\n")
	var errs []error
	for _, l := range lines[max(0, len(lines)-maxLastWords):] {
		errs = append(errs, errors.New("the director said: "+l))
	}
	return errors.Join(errs...)
}
