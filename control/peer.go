package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"unsafe" // for SO_PEERGROUPS, which x/sys/unix does not know

	"golang.org/x/sys/unix"
)

// A role is what a peer may do.
type role uint8

// The roles, each may do what those before it may.
const (
	stranger role = iota
	reader        // look
	master        // change, and see what others send
)

// A peer is who is at the other end of a connection, as the kernel noted when
// it was made.
type peer struct {
	uid    uint32
	gid    uint32
	groups []uint32 // supplementary
}

// role returns what p may do where the members of group may look: root and the
// director's own user are masters.
func (p peer) role(group int) role {
	switch {
	case p.uid == 0 || int(p.uid) == os.Geteuid():
		return master
	case group >= 0 && (int(p.gid) == group || slices.Contains(p.groups, uint32(group))):
		return reader
	}
	return stranger
}

// peerOf asks the kernel who is at the other end of c.
func peerOf(c net.Conn) (p peer, err error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return p, fmt.Errorf("credentials of %v: %w", c.RemoteAddr(), errors.ErrUnsupported)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return p, err
	}
	var cred *unix.Ucred
	var asked error
	err = raw.Control(func(fd uintptr) {
		if cred, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); asked == nil {
			p = peer{uid: cred.Uid, gid: cred.Gid}
			p.groups, asked = peerGroups(fd)
		}
	})
	if err = errors.Join(err, asked); err != nil {
		return peer{}, fmt.Errorf("credentials of a peer: %w", err)
	}
	return p, nil
}

// peerGroups returns the supplementary groups of the peer of socket fd.
func peerGroups(fd uintptr) ([]uint32, error) {
	groups := make([]uint32, 32)
	for {
		size := uint32(4 * len(groups))
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&groups[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case errno == 0:
			return groups[:size/4], nil
		case errno != unix.ERANGE || int(size/4) <= len(groups):
			return nil, fmt.Errorf("groups: %w", errno)
		}
		groups = make([]uint32, size/4) // what the kernel says it takes
	}
}

// roleKey is where a connection's context has the role of its peer.
type roleKey struct{}

// withRole notes in ctx what the peer of c may do. A peer that the kernel will
// not name is a stranger.
func (s *Server) withRole(ctx context.Context, c net.Conn) context.Context {
	p, err := s.peerOf(c)
	if err != nil {
		s.warn(err)
		return ctx
	}
	return context.WithValue(ctx, roleKey{}, p.role(s.group))
}

// roleOf returns the role that withRole has noted.
func roleOf(ctx context.Context) role {
	r, _ := ctx.Value(roleKey{}).(role)
	return r
}
