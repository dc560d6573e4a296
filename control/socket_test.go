package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestSocketPath(t *testing.T) {
	path, err := SocketPath()
	link, _ := os.Readlink("/proc/thread-self/ns/net") // "net:[4026531840]"
	inode := strings.Trim(strings.TrimPrefix(link, "net:"), "[]")
	if want := fmt.Sprintf("/run/xlvs/%s.sock", inode); err != nil || path != want {
		t.Errorf("SocketPath = %s, %v, want %s", path, err, want)
	}
}

// mode returns the permissions of path and the number of its group.
func mode(t *testing.T, path string) (perm fs.FileMode, gid int) {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st.Mode().Perm(), int(st.Sys().(*syscall.Stat_t).Gid)
}

func TestListenPermissions(t *testing.T) {
	own, err := user.LookupGroupId(strconv.Itoa(os.Getegid()))
	if err != nil {
		t.Skip(err)
	}
	_, missing := user.LookupGroup(DefaultGroup)
	tests := map[string]struct {
		group string
		want  fs.FileMode
		gid   int
	}{
		"no group":                          {"", 0o600, -1},
		"a group":                           {own.Name, 0o660, os.Getegid()},
		"the usual one, which is not there": {DefaultGroup, 0o600, -1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.group == DefaultGroup && missing == nil {
				t.Skip("this host has the group")
			}
			path := filepath.Join(t.TempDir(), "a", "b", "s.sock")
			l, err := Listen(path, tt.group)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			got, gid := mode(t, path)
			if got != tt.want || l.group != tt.gid || gid != os.Getegid() {
				t.Errorf("mode %v, group %d, members of %d may look, want %v and %d", got, gid, l.group, tt.want, tt.gid)
			}
			if dir, _ := mode(t, filepath.Dir(path)); dir != 0o755 {
				t.Errorf("mode of the folder %v, want 0755", dir)
			}
		})
	}
}

func TestListenWithoutGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	if l, err := Listen(path, "xlvs-no-such-group"); err == nil || !strings.Contains(err.Error(), "xlvs-no-such-group") {
		t.Errorf("Listen = %v, %v, want an error that names the group", l, err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("there is a socket all the same")
	}
}

// A director that has died leaves a socket that nobody answers.
func TestListenAfterCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	_ = dead.Close()
	l, err := Listen(path, "")
	if err != nil {
		t.Fatalf("Listen = %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close: %v, want no socket", err)
	}
}

func TestListenLeavesOthersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	l, err := Listen(path, "")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := Listen(path, ""); !errors.Is(err, ErrInUse) {
		t.Errorf("Listen where one listens = %v, %v, want ErrInUse", other, err)
	}
	// Another has taken its place: Close leaves that one be.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	next, err := Listen(path, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the next one's socket: %v", err)
	}
	_ = next.Close()

	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := Listen(path, ""); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Listen where a file is = %v, %v, want ErrExist", l, err)
	}
}

// The longest path that the kernel has room for is good enough.
func TestListenAtLongPath(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, strings.Repeat("s", 107-len(dir)-1))
	l, err := Listen(path, "")
	if err != nil {
		t.Fatalf("Listen at %d bytes = %v", len(path), err)
	}
	_ = l.Close()
}
