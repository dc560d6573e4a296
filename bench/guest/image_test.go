package guest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeFile writes a file and the folders above it.
func writeFile(t *testing.T, name, contents string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(contents), 0o755))
}

// copyFile copies a file of this machine.
func copyFile(t *testing.T, to, from string) {
	t.Helper()
	b, err := os.ReadFile(from)
	must(t, err)
	writeFile(t, to, string(b))
}

func TestImageOfPackage(t *testing.T) {
	root := t.TempDir()
	writeFile(t, filepath.Join(root, "bin/ip"), "ip")
	writeFile(t, filepath.Join(root, "usr/sbin/arpd"), "arpd")
	writeFile(t, filepath.Join(root, "usr/share/man/man8/ip.8"), "manual")
	writeFile(t, filepath.Join(root, "usr/share/iproute2/rt_tables"), "254 main")
	must(t, os.MkdirAll(filepath.Join(root, "sbin"), 0o755))
	must(t, os.Symlink("/bin/ip", filepath.Join(root, "sbin/ip")))
	m := image{}
	must(t, m.addTree(root))
	tests := map[string]struct {
		name string
		want entry
	}{
		"program in a merged folder": {"usr/bin/ip", entry{source: filepath.Join(root, "bin/ip")}},
		"program":                    {"usr/sbin/arpd", entry{source: filepath.Join(root, "usr/sbin/arpd")}},
		"link":                       {"usr/sbin/ip", entry{link: "/bin/ip"}},
		"file that is read":          {"usr/share/iproute2/rt_tables", entry{source: filepath.Join(root, "usr/share/iproute2/rt_tables")}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := m[tt.name]; got.link != tt.want.link || got.source != tt.want.source {
				t.Errorf("%s is %+v, want %+v", tt.name, got, tt.want)
			}
		})
	}
	if len(m) != len(tests) {
		t.Errorf("%d files, want %d: %v", len(m), len(tests), m)
	}
}

// TestImageHasLibraries gives an image a program of this machine, whose C
// library and loader stand for those of a package.
func TestImageHasLibraries(t *testing.T) {
	n, err := needsOf("/bin/sh")
	must(t, err)
	if !slices.Contains(n.libraries, "libc.so.6") || n.loader == "" {
		t.Skipf("/bin/sh needs %+v, not the C library of Debian on amd64", n)
	}
	libc := tree{root: t.TempDir()}
	copyFile(t, filepath.Join(libc.root, "lib", libTriplet, "libc-2.36.so"), "/lib/"+libTriplet+"/libc.so.6")
	must(t, os.Symlink("libc-2.36.so", filepath.Join(libc.root, "lib", libTriplet, "libc.so.6")))
	loader := filepath.Base(n.loader)
	copyFile(t, filepath.Join(libc.root, "lib", libTriplet, loader), n.loader)

	m := image{}
	m.set("init", entry{source: "/bin/sh"})
	m.set("lib/xtables/plugin.so", entry{source: "/bin/sh"})
	if err := m.addLibraries(nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "init needs library") {
		t.Errorf("addLibraries without packages = %v, want what init needs", err)
	}
	must(t, m.addLibraries([]tree{{root: t.TempDir()}, libc}))
	for _, name := range []string{"usr/lib/" + libTriplet + "/libc.so.6", "usr/lib64/" + loader} {
		if m[name].source == "" {
			t.Errorf("the image lacks %s: %v", name, m)
		}
	}
}

func TestImageFails(t *testing.T) {
	elf := filepath.Join(t.TempDir(), "cut")
	writeFile(t, elf, "\x7fELF\x02\x01\x01")
	m := image{"init": {source: elf}}
	if err := m.addLibraries(nil); !errors.Is(err, errELF) || !strings.Contains(err.Error(), elf) {
		t.Errorf("addLibraries of a file cut off = %v, want %v of %s", err, errELF, elf)
	}
	m = image{"init": {source: elf + "-missing"}}
	if err := m.addLibraries(nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("addLibraries of a missing file = %v", err)
	}
	if err := m.write(new(bytes.Buffer)); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "add init") {
		t.Errorf("write with a missing file = %v, want one that says which", err)
	}
}

// TestImageMakesFolders expects every folder once, before what is in it.
func TestImageMakesFolders(t *testing.T) {
	m := newImage()
	m.addContents("usr/lib/modules/6.1.0/modules.dep", "")
	m.addContents("usr/lib/modules/6.1.0/modules.alias", "")
	m.addContents("init", "")
	var b bytes.Buffer
	must(t, m.write(&b))
	last := -1
	for _, name := range []string{"etc\x00", "etc/passwd\x00", "init\x00", "usr\x00", "usr/lib\x00", "usr/lib/modules\x00", "usr/lib/modules/6.1.0\x00"} {
		// After eight digits of the checksum, which is zero.
		at := bytes.Index(b.Bytes(), []byte("00000000"+name))
		if at <= last || bytes.Count(b.Bytes(), []byte("00000000"+name)) != 1 {
			t.Errorf("%q is at %d, want it once and after %d", name, at, last)
		}
		last = at
	}
}

func TestReadNeeds(t *testing.T) {
	own, err := os.Executable()
	must(t, err)
	whole, err := os.ReadFile(own)
	must(t, err)
	tests := map[string]struct {
		file []byte
		want error
	}{
		"empty":             {nil, nil},
		"script":            {[]byte("#!/bin/sh\n"), nil},
		"this test":         {whole, nil},
		"magic alone":       {whole[:4], errELF},
		"header cut off":    {whole[:40], errELF},
		"sections cut off":  {whole[:4096], errELF},
		"of another length": {append(slices.Clone(whole[:4]), make([]byte, 60)...), errELF},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if n, err := readNeeds(bytes.NewReader(tt.file)); !errors.Is(err, tt.want) {
				t.Errorf("readNeeds = %+v, %v, want %v", n, err, tt.want)
			}
		})
	}
}
