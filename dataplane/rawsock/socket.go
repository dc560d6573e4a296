package rawsock

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// A Socket is one worker's queue of one port. It belongs to its Group's
// goroutine; Stats may be called from any.
type Socket struct {
	g       *Group
	port    uint16
	ifindex int
	sendErr error
	found   bool // what Readable says

	n        counters
	fdLock   sync.Mutex // guards fd between Stats and close, and overflow
	fd       int        // -1 once closed
	overflow uint64
}

// Open opens a socket on the interface and calls it port. It receives what
// filter takes, everything if that is nil, and of that its share if there is a
// fanout; never what the host sends. It must run on a thread in the interface's
// network namespace; after that the socket works from any. A link that is down
// may come up later.
func (g *Group) Open(port uint16, ifindex int, filter *ebpf.Program, fanout Fanout) (*Socket, error) {
	s, err := g.open(port, ifindex, filter, fanout)
	if err != nil {
		return nil, fmt.Errorf("open af_packet socket on %s: %w", interfaceName(ifindex), err)
	}
	g.sockets = append(g.sockets, s)
	g.Watch(s.fd, &s.found)
	return s, nil
}

// Readable returns what is to be watched by whoever waits for several groups at
// once, and what is set when Recv has something, be it an error to survive. Wait
// sets it, nobody else clears it.
func (s *Socket) Readable() (fd int, readable *bool) { return s.fd, &s.found }

func (g *Group) open(port uint16, ifindex int, filter *ebpf.Program, fanout Fanout) (*Socket, error) {
	switch {
	case g.closed.Load():
		return nil, ErrClosed
	case ifindex <= 0:
		return nil, unix.EINVAL // zero would be every interface
	case slices.ContainsFunc(g.sockets, func(s *Socket) bool { return s.ifindex == ifindex }):
		return nil, ErrBusy
	}
	if err := fanout.check(); err != nil {
		return nil, err
	}
	// With protocol zero nothing is received before bind says so.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, failed("open socket", err)
	}
	s := &Socket{g: g, port: port, ifindex: ifindex, fd: fd}
	if err := s.setUp(filter, fanout); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return s, nil
}

// setUp attaches the filter before it binds, so that nothing else ever enters,
// and joins the fanout last, which takes bound sockets only. What arrives in
// between may come to two members, as frames on a network may.
func (s *Socket) setUp(filter *ebpf.Program, fanout Fanout) error {
	for _, o := range []struct {
		call   string
		option int
	}{
		{"ask for vnet headers", unix.PACKET_VNET_HDR},
		{"ask for vlan tags", unix.PACKET_AUXDATA},
		{"ignore outgoing frames", unix.PACKET_IGNORE_OUTGOING},
	} {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, o.option, 1); err != nil {
			return failed(o.call, err)
		}
	}
	if err := s.resize(); err != nil {
		return err
	}
	if filter != nil {
		if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ATTACH_BPF, filter.FD()); err != nil {
			return failed("attach filter", err)
		}
	}
	const all = unix.ETH_P_ALL
	addr := &unix.SockaddrLinklayer{Protocol: htons(all), Ifindex: s.ifindex}
	if err := unix.Bind(s.fd, addr); err != nil {
		return failed("bind", err)
	}
	return fanout.join(s.fd)
}

// resize sets how much may wait in the socket. What the administrator allows
// (net.core.rmem_max, wmem_max) is small next to frames of 64 KiB, and does not
// bind those with CAP_NET_ADMIN.
func (s *Socket) resize() error {
	for _, o := range []struct{ force, ask int }{
		{unix.SO_RCVBUFFORCE, unix.SO_RCVBUF},
		{unix.SO_SNDBUFFORCE, unix.SO_SNDBUF},
	} {
		err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, o.force, s.g.opts.Backlog)
		if err == unix.EPERM {
			err = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, o.ask, s.g.opts.Backlog)
		}
		if err != nil {
			return failed("size queues", err)
		}
	}
	return nil
}

// Port returns what Open was told to call the socket.
func (s *Socket) Port() uint16 { return s.port }

func (s *Socket) close() error {
	s.fdLock.Lock()
	defer s.fdLock.Unlock()
	err := s.readOverflow() // the last chance
	unix.Close(s.fd)
	s.fd = -1
	return failed("ask for af_packet statistics", err)
}

// htons returns v as it lies in memory in network byte order.
func htons(v uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return binary.NativeEndian.Uint16(b[:])
}

// interfaceName names an interface for an operator, by number if need be.
func interfaceName(ifindex int) string {
	if i, err := net.InterfaceByIndex(ifindex); err == nil {
		return i.Name
	}
	return fmt.Sprintf("interface %d", ifindex)
}
