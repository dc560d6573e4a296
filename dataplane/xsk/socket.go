package xsk

import (
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// A Socket is one queue of one port. It belongs to its Group's goroutine;
// Stats may be called from any.
type Socket struct {
	g        *Group
	port     uint16
	ifindex  int
	queue    int
	zeroCopy bool
	offload  bool // the kernel finishes checksums
	flushErr error
	joint    joint // the frame that is arriving in pieces

	rx   consumer[unix.XDPDesc]
	fill producer[uint64]
	tx   producer[unix.XDPDesc]
	done consumer[uint64] // the completion ring

	n      counters
	fdLock sync.Mutex // guards fd between Stats and close
	fd     int        // -1 once closed
}

// Open opens a socket on a queue of the interface and calls it port. The first
// socket decides between zero-copy and copy for the whole group. It must run on
// a thread in the interface's network namespace; after that the socket works
// from any. Frames arrive once an XDP program redirects to it, see Register.
func (g *Group) Open(port uint16, ifindex, queue int, mode Mode) (*Socket, error) {
	s, err := g.open(port, ifindex, queue, mode)
	if err != nil {
		return nil, fmt.Errorf("open af_xdp socket on %s queue %d: %w", interfaceName(ifindex), queue, err)
	}
	g.sockets = append(g.sockets, s)
	g.polls = append(g.polls, unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN})
	return s, nil
}

func (g *Group) open(port uint16, ifindex, queue int, mode Mode) (*Socket, error) {
	switch {
	case g.closed.Load():
		return nil, ErrClosed
	case len(g.sockets) >= g.opts.Ports:
		return nil, fmt.Errorf("the group has frames for %d sockets only", g.opts.Ports)
	case queue < 0 || ifindex <= 0:
		return nil, unix.EINVAL
	case slices.ContainsFunc(g.sockets, func(s *Socket) bool { return s.ifindex == ifindex && s.queue == queue }):
		return nil, fmt.Errorf("%w: this group has it", ErrBusy) // the kernel would say EINVAL
	}
	fd, err := unix.Socket(unix.AF_XDP, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, failed("open socket", err)
	}
	s := &Socket{g: g, port: port, ifindex: ifindex, queue: queue, fd: fd}
	if err := s.setUp(mode); err != nil {
		s.takeBackFill()
		s.close()
		return nil, err
	}
	return s, nil
}

// Register makes programs that redirect through m send this queue's frames
// here. The kernel forgets the entry when the socket is closed.
func (s *Socket) Register(m *ebpf.Map) error {
	if err := m.Put(uint32(s.queue), uint32(s.fd)); err != nil {
		return fmt.Errorf("%s queue %d: %w", interfaceName(s.ifindex), s.queue, failed("register socket", err))
	}
	return nil
}

// Port returns what Open was told to call the socket.
func (s *Socket) Port() uint16 { return s.port }

// FD returns the socket's file descriptor, for poll.
func (s *Socket) FD() int { return s.fd }

// ZeroCopy reports whether the device reads and writes the frames in place.
func (s *Socket) ZeroCopy() bool { return s.zeroCopy }

// takeBackFill returns what refill posted to a socket that was never bound.
func (s *Socket) takeBackFill() {
	for _, addr := range s.fill.slots[:s.fill.next] {
		s.g.pool.give(addr, fill)
	}
}

func (s *Socket) close() {
	s.fdLock.Lock()
	defer s.fdLock.Unlock()
	unix.Close(s.fd) // the kernel reports nothing through it
	s.fd = -1
	s.fill.unmap()
	s.done.unmap()
	s.rx.unmap()
	s.tx.unmap()
}

// interfaceName names an interface for an operator, by number if need be.
func interfaceName(ifindex int) string {
	if i, err := net.InterfaceByIndex(ifindex); err == nil {
		return i.Name
	}
	return fmt.Sprintf("interface %d", ifindex)
}
