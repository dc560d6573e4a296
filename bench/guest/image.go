package guest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// mergedFolders are those that Debian has merged into /usr. A package may still
// name a file in either.
var mergedFolders = []string{"bin", "lib", "lib64", "sbin"}

// An entry is one file of an image: one of a link, a file of this machine, and
// plain contents.
type entry struct {
	link        string
	source      string
	contents    []byte
	permissions fs.FileMode // of contents; a source has its own
}

// An image is what a guest's root is to hold, by path without leading slash.
type image map[string]entry

// newImage returns an image with what every system has.
func newImage() image {
	m := image{}
	for _, name := range mergedFolders {
		m[name] = entry{link: "usr/" + name}
	}
	m.addContents("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
	m.addContents("etc/group", "root:x:0:\nnogroup:x:65534:\n")
	m.addContents("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
	return m
}

// set puts e at name, and returns where that is after the merge of folders.
func (m image) set(name string, e entry) string {
	if top, _, below := strings.Cut(name, "/"); below && slices.Contains(mergedFolders, top) {
		name = "usr/" + name
	}
	m[name] = e
	return name
}

// addContents adds a file that is not on this machine.
func (m image) addContents(name, contents string) {
	m.set(name, entry{contents: []byte(contents), permissions: 0o644})
}

// addTree adds the files of an unpacked package.
func (m image) addTree(root string) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && slices.Contains(unneeded, name):
			return fs.SkipDir
		case d.Type() == fs.ModeSymlink:
			link, err := os.Readlink(p)
			if err != nil {
				return err
			}
			m.set(name, entry{link: link})
		case d.Type().IsRegular():
			m.set(name, entry{source: p})
		}
		return nil
	})
}

// addModules adds those modules of a kernel that a guest may want, and the
// lists by which modprobe finds them.
func (m image) addModules(k kernelTree, list moduleList) error {
	for _, p := range list.wanted(wantedModules) {
		m.set(path.Join("lib/modules", k.release, p), entry{source: filepath.Join(k.modules, p)})
	}
	lists, err := filepath.Glob(filepath.Join(k.modules, "modules.*"))
	if err != nil {
		return err
	}
	for _, p := range lists {
		m.set(path.Join("lib/modules", k.release, filepath.Base(p)), entry{source: p})
	}
	return nil
}

// addLibraries adds what the files of the image need, out of trees. A plug-in
// may need what its package only recommends: it is not of use then, which the
// program that would load it says if it comes to that.
func (m image) addLibraries(trees []tree) error {
	look := slices.Sorted(maps.Keys(m)) // whose needs are to be looked at
	has := make(map[string]bool)
	for _, name := range look {
		has[path.Base(name)] = true
	}
	for ; len(look) > 0; look = look[1:] {
		n, err := m.needs(look[0])
		if err != nil {
			return err
		}
		for _, library := range n {
			if has[path.Base(library)] {
				continue
			}
			file, err := findLibrary(trees, library)
			if isPlugin := strings.HasPrefix(look[0], "usr/lib/"); err != nil && isPlugin {
				continue
			}
			if err != nil {
				return fmt.Errorf("%s needs %w", look[0], err)
			}
			has[path.Base(library)] = true
			look = append(look, m.set(library, entry{source: file}))
		}
	}
	return nil
}

// needs returns the paths of the libraries that the file called name needs, its
// loader among them.
func (m image) needs(name string) (paths []string, err error) {
	source := m[name].source
	if source == "" || strings.HasPrefix(name, "usr/lib/modules/") {
		return nil, nil
	}
	n, err := needsOf(source)
	if err != nil {
		return nil, err
	}
	for _, library := range n.libraries {
		paths = append(paths, path.Join("lib", libTriplet, library))
	}
	if n.loader != "" {
		paths = append(paths, strings.TrimPrefix(n.loader, "/"))
	}
	return paths, nil
}

// write writes the image as an archive for the kernel to unpack.
func (m image) write(w io.Writer) error {
	c := cpioWriter{w}
	made := map[string]bool{".": true}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if err := writeFolders(c, made, path.Dir(name)); err != nil {
			return err
		}
		if err := m[name].write(c, name); err != nil {
			return err
		}
	}
	return c.close()
}

// writeFolders adds the folder called name and those above, but for those made.
func writeFolders(c cpioWriter, made map[string]bool, name string) error {
	if made[name] {
		return nil
	}
	if err := writeFolders(c, made, path.Dir(name)); err != nil {
		return err
	}
	made[name] = true
	return c.folder(name)
}

// write adds one file.
func (e entry) write(c cpioWriter, name string) (err error) {
	switch {
	case e.link != "":
		return c.symlink(name, e.link)
	case e.source == "":
		return c.file(name, uint32(e.permissions), bytes.NewReader(e.contents), int64(len(e.contents)))
	}
	f, err := os.Open(e.source)
	if err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	return c.file(name, uint32(info.Mode().Perm()), f, info.Size())
}
