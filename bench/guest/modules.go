package guest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// errModulesDep is wrapped by the errors of a list of modules that makes no
// sense.
var errModulesDep = errors.New("malformed modules.dep")

// A moduleList is a modules.dep as depmod writes it: for the path of each
// module those of the modules that it needs, all below the folder of the list.
type moduleList map[string][]string

// parseModulesDep reads a modules.dep.
func parseModulesDep(r io.Reader) (moduleList, error) {
	list := make(moduleList)
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		name, needs, ok := strings.Cut(s.Text(), ":")
		if !ok {
			return nil, fmt.Errorf("line %d: %w: no colon", n, errModulesDep)
		}
		paths := append([]string{name}, strings.Fields(needs)...)
		for _, p := range paths {
			// The paths are opened below a folder, and must not leave it.
			if !fs.ValidPath(p) || p == "." {
				return nil, fmt.Errorf("line %d: %w: %q is no path of a module", n, errModulesDep, p)
			}
		}
		if _, ok := list[name]; ok {
			return nil, fmt.Errorf("line %d: %w: %s for the second time", n, errModulesDep, name)
		}
		list[name] = paths[1:]
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read modules.dep: %w", err)
	}
	return list, nil
}

// wanted returns, in order, the paths that begin with one of prefixes and the
// modules that these need.
func (l moduleList) wanted(prefixes []string) []string {
	seen := make(map[string]bool)
	var visit func(p string)
	visit = func(p string) {
		if seen[p] {
			return
		}
		seen[p] = true
		for _, needed := range l[p] {
			visit(needed)
		}
	}
	for p := range l {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(p, prefix) }) {
			visit(p)
		}
	}
	var paths []string
	for p := range seen {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths
}

// has reports whether there is a module of that name, compressed or not.
func (l moduleList) has(name string) bool {
	for p := range l {
		if base, _, _ := strings.Cut(path.Base(p), "."); base == name {
			return true
		}
	}
	return false
}
