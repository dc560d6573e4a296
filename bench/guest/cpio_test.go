package guest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// must fails the test if setting something up did not work.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// archiveOf returns an archive with one entry of each kind.
func archiveOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	c := cpioWriter{&b}
	must(t, c.folder("etc"))
	must(t, c.file("etc/hosts", 0o640, strings.NewReader("127.0.0.1 localhost\n"), 20))
	must(t, c.file("etc/empty", 0o600, strings.NewReader(""), 0))
	must(t, c.symlink("lib", "usr/lib"))
	must(t, c.close())
	return b.Bytes()
}

// TestArchiveIsReadable has cpio itself unpack an archive.
func TestArchiveIsReadable(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		if os.Getenv("XLVS_PRIVILEGED") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	folder := t.TempDir()
	cmd := exec.Command("cpio", "--extract", "--verbose", "--quiet")
	cmd.Dir, cmd.Stdin = folder, bytes.NewReader(archiveOf(t))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("cpio: %v\n%s", err, out)
	}
	if got, want := string(out), "etc\netc/hosts\netc/empty\nlib\n"; got != want {
		t.Errorf("cpio unpacks %q, want %q", got, want)
	}
	text, err := os.ReadFile(filepath.Join(folder, "etc/hosts"))
	if err != nil || string(text) != "127.0.0.1 localhost\n" {
		t.Errorf("etc/hosts = %q, %v", text, err)
	}
	info, err := os.Stat(filepath.Join(folder, "etc/hosts"))
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("etc/hosts has mode %v, %v, want 0640", info.Mode(), err)
	}
	if link, err := os.Readlink(filepath.Join(folder, "lib")); err != nil || link != "usr/lib" {
		t.Errorf("lib = %q, %v, want a link to usr/lib", link, err)
	}
}

// TestArchiveBytes compares with what GNU cpio 2.13 makes of a folder, but for
// the zeros with which it fills up its last block:
//
//	mkdir -m 755 d && touch -d @0 d && echo d | cpio -o -H newc --reproducible --owner 0:0
func TestArchiveBytes(t *testing.T) {
	want := "070701" + "00000000" + "000041ED" + "00000000" + "00000000" + "00000002" + "00000000" +
		"00000000" + "00000000" + "00000000" + "00000000" + "00000000" + "00000002" + "00000000" + "d\x00" +
		"070701" + "00000000" + "00000000" + "00000000" + "00000000" + "00000001" + "00000000" +
		"00000000" + "00000000" + "00000000" + "00000000" + "00000000" + "0000000B" + "00000000" + "TRAILER!!!\x00\x00\x00\x00"
	var b bytes.Buffer
	c := cpioWriter{&b}
	must(t, c.folder("d"))
	must(t, c.close())
	if b.String() != want {
		t.Errorf("archive:\n%swant:\n%s", hex.Dump(b.Bytes()), hex.Dump([]byte(want)))
	}
}

func TestArchiveFails(t *testing.T) {
	tests := map[string]struct {
		contents string
		size     int64
		want     error
	}{
		"file that has shrunk":   {"short", 6, io.EOF},
		"file too long for cpio": {"", 1 << 32, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := cpioWriter{io.Discard}
			err := c.file("etc/hosts", 0o644, strings.NewReader(tt.contents), tt.size)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("file of %d bytes: error %v, want %v", tt.size, err, tt.want)
			}
		})
	}
}

func TestPadding(t *testing.T) {
	for n, want := range []int{0, 3, 2, 1, 0, 3} {
		if got := len(padding(int64(n))); got != want {
			t.Errorf("padding(%d) has %d bytes, want %d", n, got, want)
		}
	}
}
