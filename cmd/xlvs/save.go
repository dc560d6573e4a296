package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"xlvs/config"
	"xlvs/control/desired"
)

// saveCommand writes the running state as a file.
func saveCommand(ctx context.Context, args []string, stdout, _ io.Writer) error {
	flags := flag.NewFlagSet("save", flag.ContinueOnError)
	path := flags.String("o", "", "the `FILE` to write, whose comments stay, or - to print it without comments; without one: the director's own")
	if err := parse(flags, args, stdout); err != nil {
		return err
	}
	c, err := connect()
	if err != nil {
		return err
	}
	text, err := c.Config(ctx)
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	if *path == "-" {
		_, err := stdout.Write(text)
		return err
	}
	status, err := c.Status(ctx)
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	if *path = cmp.Or(*path, status.File); *path == "" {
		return flagsError(flags, "the director was started without a file: -o FILE is missing")
	}
	if err := saveText(*path, text); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	fmt.Fprintf(stdout, "saved to %s\n", *path)
	if !isFile(*path, status.File) {
		return nil
	}
	if _, err := c.Reload(ctx, text, desired.Reload{Saved: true}); err != nil {
		return fmt.Errorf("tell the director that its file is saved: %w", err)
	}
	return nil
}

// saveText writes the running state, which is text, as the file at path.
func saveText(path string, text []byte) error {
	state, err := config.Parse("running state", text)
	if err != nil {
		return err
	}
	return saveOver(path, state)
}

// isFile reports whether two paths lead to one file.
func isFile(a, b string) bool {
	is, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	return err == nil && otherErr == nil && os.SameFile(is, other)
}

// saveOver writes c in the place of the file at path, whole or not at all, and
// keeps the comments that it has.
func saveOver(path string, c *config.Config) error {
	former, err := os.ReadFile(path)
	mode := fs.FileMode(0o644)
	switch info, statErr := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case statErr == nil:
		mode = info.Mode().Perm()
	}
	var text bytes.Buffer
	if err := c.WriteOver(&text, former); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	target, err := filepath.EvalSymlinks(path) // what a link leads to is to change, not the link
	if err != nil {
		target = path
	}
	return replaceFile(target, text.Bytes(), mode)
}

// replaceFile puts a file with text in the place of the one at path.
func replaceFile(path string, text []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
