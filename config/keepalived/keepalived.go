// Package keepalived turns a keepalived.conf into a configuration of ours.
//
// The file is read as keepalived reads it, with its definitions, sequences and
// includes, and keepalived's defaults hold, not ipvsadm's. What has no place in
// a configuration of ours (VRRP, health checks, scripts, mail) is left out, and
// each thing left out is a config.Note that says where and why, so that nothing gets
// lost in silence. Only text that is no keepalived.conf at all is an error.
// Nothing here opens a file but through the caller.
package keepalived

import (
	"errors"
	"io"

	"xlvs/config"
)

// Errors that Parse wraps.
var (
	ErrSyntax = errors.New("not the syntax of keepalived")
	ErrLimit  = errors.New("too much to take over")
)

// Files are where files are that another includes.
type Files interface {
	Open(path string) (io.ReadCloser, error)
	// Glob returns the paths that match pattern, as filepath.Glob does.
	Glob(pattern string) ([]string, error)
}

// Parse reads src as the keepalived.conf called name, which is also what paths
// of included files are relative to. The Config is valid; which packets have a
// mark is netfilter's to know, so that it has no rules for marks. The notes are in
// the order in which their lines were read. An error says the file and the line.
func Parse(name string, src io.Reader, files Files) (*config.Config, []config.Note, error) {
	notes := newNotes()
	r := reader{files: files, notes: notes, definitions: make(map[string]definition)}
	if err := r.read(name, src); err != nil {
		return nil, nil, err
	}
	statements, err := r.tree.done()
	if err != nil {
		return nil, nil, err
	}
	t := translation{notes: notes, config: config.Default(), groups: make(map[string]*group), keys: make(map[config.ServiceKey]bool)}
	if err := t.file(statements); err != nil {
		return nil, nil, err
	}
	return t.config, notes.list(), nil
}
