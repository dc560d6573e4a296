package conformance

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// found are the scripts that Keep has written, and others of that kind.
//
//go:embed found
var found embed.FS

// foundCases are what random scripts have found, in short.
func foundCases() []Script {
	list, err := kept(found)
	if err != nil {
		panic(err) // the files are part of the program, and its tests read them
	}
	return list
}

// errKept is wrapped by the errors of files that are no script.
var errKept = errors.New("no script of its own")

// kept returns the scripts that are in the files of folder found.
func kept(files fs.FS) (list []Script, err error) {
	names, err := fs.Glob(files, "found/*.json")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		s, err := readScript(files, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		list = append(list, s)
	}
	return list, nil
}

// readScript reads one file, which says nothing that a script has no room for.
func readScript(files fs.FS, name string) (s Script, err error) {
	f, err := files.Open(name)
	if err != nil {
		return s, err
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, err
	}
	if !strings.HasPrefix(s.Name, foundPrefix) || len(s.Steps) == 0 {
		return s, fmt.Errorf("%w: %q with %d steps", errKept, s.Name, len(s.Steps))
	}
	return s, nil
}
