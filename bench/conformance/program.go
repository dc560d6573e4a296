package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"xlvs/bench/lab"
)

// A program runs in a host.
type program struct {
	host  *lab.Host
	words []string // its name, and arguments that it always has
	env   []string // beside the caller's
}

// ipvsadm runs p, which is some ipvsadm.
func (p program) ipvsadm(ctx context.Context, stdin string, args ...string) (string, error) {
	return p.run(ctx, stdin, args...)
}

// exitCode begins the last line of the output of a program that failed.
const exitCode = "(exit code "

// run runs p and returns what it prints; an exit code other than 0 is a last line.
func (p program) run(ctx context.Context, stdin string, args ...string) (string, error) {
	words := slices.Concat(p.words, args)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdin = strings.NewReader(stdin)
	process, err := p.host.Start(cmd)
	if err != nil {
		return "", err
	}
	select {
	case <-process.Done():
	case <-ctx.Done():
		process.Stop()
		return "", context.Cause(ctx)
	}
	out := string(process.Output())
	err = process.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return fmt.Sprintf("%s%s%d)\n", out, exitCode, exit.ExitCode()), nil
	}
	return out, err
}
