package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// DefaultGroup are those who may look, unless the configuration names others.
const DefaultGroup = "xlvs"

// ErrInUse is wrapped by Listen when another director listens at the path.
var ErrInUse = errors.New("a director is listening there already")

// SocketPath returns where the director of the calling thread's network
// namespace listens unless it is told otherwise: /run/xlvs/INODE.sock.
func SocketPath() (string, error) {
	inode, err := namespace()
	if err != nil {
		return "", fmt.Errorf("path of the control socket: %w", err)
	}
	return fmt.Sprintf("/run/xlvs/%d.sock", inode), nil
}

// namespace returns the inode of the calling thread's network namespace.
func namespace() (uint64, error) {
	const path = "/proc/thread-self/ns/net"
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, fmt.Errorf("stat %s: %w", path, err)
	}
	return st.Ino, nil
}

// A Listener is a director's socket. It is gone from the file system once it is
// closed.
type Listener struct {
	*net.UnixListener
	path      string
	made      os.FileInfo
	group     int // whose members may look; -1: nobody's
	namespace uint64
}

// Listen makes the socket of the director in the calling thread's network
// namespace, and the folder that it is in. Members of group may connect; without
// a group, root alone. It is an error if there is no such group, but for
// DefaultGroup: then the socket is root's until the next start. What a director
// that has died left at path is replaced, but nothing else.
func Listen(path, group string) (l *Listener, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("listen on %s: %w", path, err)
		}
	}()
	inode, err := namespace()
	if err != nil {
		return nil, err
	}
	gid, err := groupID(group)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := makeFree(path); err != nil {
		return nil, err
	}
	l, err = bind(path, gid)
	if err != nil {
		return nil, err
	}
	l.namespace = inode
	return l, nil
}

// groupID returns the number of a group, -1 if there is to be none.
func groupID(group string) (int, error) {
	if group == "" {
		return -1, nil
	}
	g, err := user.LookupGroup(group)
	if _, unknown := errors.AsType[user.UnknownGroupError](err); unknown {
		if group == DefaultGroup {
			return -1, nil
		}
		return -1, fmt.Errorf("no group %q on this host", group)
	}
	if err != nil {
		return -1, fmt.Errorf("look up group %q: %w", group, err)
	}
	return strconv.Atoi(g.Gid)
}

// makeFree removes what a dead director has left at path: a socket that nobody
// answers.
func makeFree(path string) error {
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case st.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%w, and is no socket", fs.ErrExist)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if errors.Is(err, unix.ECONNREFUSED) {
		return os.Remove(path)
	}
	if err == nil {
		_ = c.Close()
	}
	return ErrInUse
}

// bind puts a socket at path to which only those can connect who may.
func bind(path string, gid int) (*Listener, error) {
	forRoot := func(_, _ string, c syscall.RawConn) error {
		var err error
		return errors.Join(c.Control(func(fd uintptr) { err = unix.Fchmod(int(fd), 0o600) }), err)
	}
	listener, err := (&net.ListenConfig{Control: forRoot}).Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, err
	}
	l := &Listener{UnixListener: listener.(*net.UnixListener), path: path, group: gid}
	l.SetUnlinkOnClose(false) // Close looks first
	l.made, err = os.Lstat(path)
	if err == nil && gid >= 0 {
		err = errors.Join(os.Chown(path, -1, gid), os.Chmod(path, 0o660))
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Close stops listening and removes the socket, unless another has taken its
// place.
func (l *Listener) Close() error {
	var err error
	if st, gone := os.Lstat(l.path); gone == nil && os.SameFile(st, l.made) {
		err = os.Remove(l.path)
	}
	return errors.Join(err, l.UnixListener.Close())
}
