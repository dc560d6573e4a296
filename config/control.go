package config

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
)

// Control is where a running director is asked and told.
type Control struct {
	Socket string // the path of a Unix socket; empty: one that is named after the network namespace
	Group  string // whose members may read; empty: root alone
}

// defaultGroup is whose members may read.
const defaultGroup = "xlvs"

// What the kernel and the host's user database leave room for, in bytes.
const (
	maxSocket = 107 // sun_path without its final zero
	maxGroup  = 32  // useradd's
)

// decode sets what [control] mentions.
func (d *Control) decode(t *table) {
	read(t, "socket", "a string", &d.Socket)
	read(t, "group", "a string", &d.Group)
	t.done()
}

// check reports what is wrong with d.
func (d *Control) check(r reporter) {
	r.check("socket", checkSocket(d.Socket))
	r.check("group", checkGroup(d.Group))
}

// checkSocket checks the path of a socket. It must be absolute: programs that
// ask the director start in folders of their own.
func checkSocket(path string) error {
	switch {
	case path == "":
		return nil
	case len(path) > maxSocket:
		return fmt.Errorf("socket %q: %w: must have at most %d bytes", path, ErrSocket, maxSocket)
	case !filepath.IsAbs(path) || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0):
		return fmt.Errorf(`socket %q: %w: must be absolute, as in "/run/xlvs.sock"`, path, ErrSocket)
	}
	return nil
}

// checkGroup checks what can be no group of a host, whichever it has.
func checkGroup(name string) error {
	strange := func(c rune) bool {
		return c == ':' || c == ',' || c == '/' || c == unicode.ReplacementChar || unicode.IsSpace(c) || !unicode.IsPrint(c)
	}
	if len(name) > maxGroup || strings.ContainsFunc(name, strange) {
		return fmt.Errorf("group %q: %w: must be printable, without space, colon, comma or slash, and have at most %d bytes",
			name, ErrGroup, maxGroup)
	}
	return nil
}
