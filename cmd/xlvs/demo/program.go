package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"xlvs/bench/lab"
)

// Bounds on waiting for a program. On an idle machine it needs less than a tenth
// of a second for anything.
const (
	patience = 10 * time.Second
	lookAt   = 20 * time.Millisecond
)

// maxLastWords is how many lines of a program's output an error quotes.
const maxLastWords = 12

var (
	errSlow  = fmt.Errorf("nothing happened for %v", patience)
	errEnded = errors.New("it ended")
)

// A program is a process of the show.
type program struct {
	name    string // who says what it says
	process *lab.Process
	cmd     *exec.Cmd
}

// startProgram starts cmd in h.
func startProgram(h *lab.Host, name string, cmd *exec.Cmd) (*program, error) {
	process, err := h.Start(cmd)
	if err != nil {
		return nil, err
	}
	return &program{name, process, cmd}, nil
}

// awaitWords waits until the program says words.
func (p *program) awaitWords(ctx context.Context, words string) error {
	err := p.until(ctx, func() (bool, error) {
		return bytes.Contains(p.process.Output(), []byte(words)), nil
	})
	if err != nil {
		return fmt.Errorf("wait for %q of %s: %w", words, p.name, err)
	}
	return nil
}

// until looks at happened again and again until it reports true or an error,
// the program has ended, ctx has, or patience has.
func (p *program) until(ctx context.Context, happened func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	tick := time.NewTicker(lookAt)
	defer tick.Stop()
	for {
		if ok, err := happened(); ok || err != nil {
			return err
		}
		select {
		case <-p.process.Done():
			return fmt.Errorf("%w: %v", errEnded, p.cmd.ProcessState)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// stop has the program end, and returns an error unless it does so in peace.
func (p *program) stop() error {
	p.process.Stop()
	if err := p.process.Wait(); err != nil {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	return nil
}

// lastWords returns the end of what the program said as an error, a line for
// each of its lines, or nil if it said nothing.
func (p *program) lastWords() error {
	words := strings.TrimSpace(string(p.process.Output()))
	if words == "" {
		return nil
	}
	lines := strings.Split(words, "\n")
	var errs []error
	for _, l := range lines[max(0, len(lines)-maxLastWords):] {
		errs = append(errs, errors.New(p.name+" said: "+l))
	}
	return errors.Join(errs...)
}
