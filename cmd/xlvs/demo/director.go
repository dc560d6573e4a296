package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
	"xlvs/config"
)

// running is what the director's log says when packets move.
const running = "director is running"

// A director is the program under show. What it says is its log.
type director struct {
	*program
	tables string // the file that its standard output goes to
}

// startDirector starts command in h with the configuration c. Its files go to
// dir.
func startDirector(h *lab.Host, command []string, dir string, c *config.Config) (*director, error) {
	file := filepath.Join(dir, "director.toml")
	if err := writeConfig(file, c); err != nil {
		return nil, err
	}
	// What is appended may be emptied in between.
	const flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	tables, err := os.OpenFile(filepath.Join(dir, "tables"), flags, 0o644)
	if err != nil {
		return nil, fmt.Errorf("make a file for the director's output: %w", err)
	}
	defer func() { _ = tables.Close() }() // the process has its own
	args := slices.Concat(command, []string{file})
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout = tables
	p, err := startProgram(h, "the director", cmd)
	if err != nil {
		return nil, err
	}
	return &director{p, tables.Name()}, nil
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
