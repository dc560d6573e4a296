package control

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
)

func TestRole(t *testing.T) {
	const group = 77
	tests := map[string]struct {
		peer  peer
		group int
		want  role
	}{
		"root":                         {peer{uid: 0}, group, master},
		"root without a group":         {peer{uid: 0}, -1, master},
		"the director's own user":      {peer{uid: uint32(os.Geteuid()), gid: 5}, -1, master},
		"a member":                     {peer{uid: 1000, gid: group}, group, reader},
		"a member by the way":          {peer{uid: 1000, gid: 5, groups: []uint32{3, group}}, group, reader},
		"somebody":                     {peer{uid: 1000, gid: 5, groups: []uint32{3}}, group, stranger},
		"a member of what is none":     {peer{uid: 1000, gid: group}, -1, stranger},
		"of group -1, if there is one": {peer{uid: 1000, gid: 1<<32 - 1, groups: []uint32{1<<32 - 1}}, -1, stranger},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.peer.role(tt.group); got != tt.want {
				t.Errorf("role of %+v with group %d = %d, want %d", tt.peer, tt.group, got, tt.want)
			}
		})
	}
}

// openFolder returns a folder that every user may enter, as t.TempDir is not.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "xlvs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// accept returns what the kernel says of whoever connects while meet runs.
func accept(t *testing.T, meet func(path string)) peer {
	t.Helper()
	path := filepath.Join(openFolder(t), "s")
	l, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	meet(path)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	p, err := peerOf(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPeerIsOurselves(t *testing.T) {
	p := accept(t, func(path string) {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
	})
	if int(p.uid) != os.Geteuid() || int(p.gid) != os.Getegid() {
		t.Errorf("peer %+v, want uid %d, gid %d", p, os.Geteuid(), os.Getegid())
	}
}

// The kernel knows another user's supplementary groups, however many.
func TestPeerIsAnotherUser(t *testing.T) {
	needRoot(t)
	groups := make([]uint32, 100)
	for i := range groups {
		groups[i] = uint32(5000 + i)
	}
	p := accept(t, func(path string) {
		cmd := exec.Command(curl(t), "--silent", "--max-time", "0.2", "--unix-socket", path, "http://localhost/")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4001, Gid: 4002, Groups: groups}}
		_ = cmd.Run() // nobody answers
	})
	if p.uid != 4001 || p.gid != 4002 || !slices.Equal(p.groups, groups) {
		t.Errorf("peer %+v, want uid 4001, gid 4002, groups %d", p, groups)
	}
}

func TestPeerOfNoUnixSocket(t *testing.T) {
	a, b := net.Pipe()
	defer func() { _, _ = a.Close(), b.Close() }()
	if p, err := peerOf(a); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("peerOf = %+v, %v, want ErrUnsupported", p, err)
	}
}

// as has all peers of a Server be p.
func as(p peer, group int) func(*Server) {
	return func(s *Server) {
		s.peerOf = func(net.Conn) (peer, error) {
			s.group = group
			return p, nil
		}
	}
}

func TestPermissions(t *testing.T) {
	member, somebody := peer{uid: 1000, gid: 77}, peer{uid: 1000, gid: 5}
	tests := map[string]struct {
		peer         peer
		method, path string
		status       int
	}{
		"a member looks":         {member, "GET", "services", 200},
		"a member looks briefly": {member, "HEAD", "services", 200},
		"a member changes":       {member, "DELETE", "services", 403},
		"a member zeroes":        {member, "POST", "zero", 403},
		"a member reloads":       {member, "POST", "reload", 403},
		"a member captures":      {member, "GET", "capture", 403},
		"somebody looks":         {somebody, "GET", "services", 403},
		"somebody changes":       {somebody, "DELETE", "services", 403},
		"somebody is curious":    {somebody, "GET", "nonesuch", 403},
		"root changes":           {peer{}, "DELETE", "services", 204},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := open(t, twoServices(), Options{}, as(tt.peer, 77))
			r := s.ask(t, tt.method, "/v1/"+tt.path, "")
			if r.status != tt.status || r.status == 403 && r.code() != "permission-denied" {
				t.Errorf("%s %s: status %d, %s, want %d", tt.method, tt.path, r.status, r.body, tt.status)
			}
		})
	}
}

// A peer that the kernel will not name may do nothing, and somebody is told.
func TestUnknownPeer(t *testing.T) {
	var told error
	s := open(t, twoServices(), Options{Warn: func(err error) { told = err }}, func(s *Server) {
		s.peerOf = func(net.Conn) (peer, error) { return peer{}, errors.New("no idea") }
	})
	if _, err := s.Services(t.Context()); !errors.Is(err, ErrPermission) || told == nil {
		t.Errorf("Services = %v, and somebody was told %v, want ErrPermission and something", err, told)
	}
}

// A user who is neither root nor a member gets no further than the socket.
func TestSocketKeepsStrangersOut(t *testing.T) {
	needRoot(t)
	path := filepath.Join(openFolder(t), "s.sock")
	l, err := Listen(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread has another user's rights and ends with the goroutine
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), 4001, ^uintptr(0)); errno != 0 {
			result <- errno
			return
		}
		c, err := net.Dial("unix", path)
		if err == nil {
			_ = c.Close()
		}
		result <- err
	}()
	if err := NewClient(path).unreachable(<-result); !errors.Is(err, ErrPermission) {
		t.Errorf("as user 4001: %v, want ErrPermission", err)
	}
}

// needRoot skips a test that other users cannot make.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("XLVS_PRIVILEGED") == "1" {
		t.Fatal("needs root")
	}
	t.Skip("needs root")
}

// curl returns the program by that name.
func curl(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("curl")
	if err != nil {
		if os.Getenv("XLVS_PRIVILEGED") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}
