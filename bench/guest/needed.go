package guest

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Where packages have libraries. Before /usr was merged some had theirs in
// /lib, and the loader is asked for in /lib64.
const libTriplet = "x86_64-linux-gnu"

var libFolders = []string{"lib", "usr/lib"}

// needs is what one executable or library asks of others.
type needs struct {
	libraries []string // by name, as the loader looks for them
	loader    string   // path of the program interpreter; empty for a library
}

// errELF is wrapped by the errors of files that begin as ELF and do not go on
// so.
var errELF = errors.New("malformed ELF file")

// readNeeds reads what the file needs. A file that is not ELF needs nothing.
func readNeeds(r io.ReaderAt) (needs, error) {
	magic := make([]byte, len(elf.ELFMAG))
	if _, err := r.ReadAt(magic, 0); err != nil || string(magic) != elf.ELFMAG {
		return needs{}, nil
	}
	f, err := elf.NewFile(r)
	if err != nil {
		return needs{}, fmt.Errorf("%w: %w", errELF, err)
	}
	var n needs
	n.libraries, err = f.ImportedLibraries()
	if err != nil {
		return needs{}, fmt.Errorf("%w: %w", errELF, err)
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		// Longer than any path is a mistake, and might be far longer.
		b, err := io.ReadAll(io.LimitReader(p.Open(), 4096))
		if err != nil {
			return needs{}, fmt.Errorf("%w: %w", errELF, err)
		}
		n.loader = string(bytes.TrimRight(b, "\x00"))
	}
	return n, nil
}

// needsOf reads what the file called name needs.
func needsOf(name string) (needs, error) {
	f, err := os.Open(name)
	if err != nil {
		return needs{}, err
	}
	defer func() { _ = f.Close() }()
	n, err := readNeeds(f)
	if err != nil {
		return needs{}, fmt.Errorf("read %s: %w", name, err)
	}
	return n, nil
}

// findLibrary returns the file of the library called name in trees, through
// links if need be.
func findLibrary(trees []tree, name string) (string, error) {
	for _, t := range trees {
		for _, lib := range libFolders {
			for _, folder := range []string{path.Join(lib, libTriplet), lib} {
				file, err := filepath.EvalSymlinks(filepath.Join(t.root, folder, path.Base(name)))
				if err == nil {
					return file, nil
				}
			}
		}
	}
	return "", fmt.Errorf("library %s: %w in any package of the guest's", name, fs.ErrNotExist)
}
