package realserver

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// socketBuffer is how much may wait in a socket, in bytes.
const socketBuffer = 8 << 20

// room is that for what the kernel has taken off a packet: at most the headers
// of IPv6 and UDP.
const room = header.EthernetSize + header.IPv6Size + header.UDPSize

// A socket receives what comes by a door to any address of the host, fragments
// already put together. That it is there keeps the kernel from answering that
// nobody knows the protocol. One goroutine uses it.
type socket struct {
	door  door
	port  uint16 // of GUE, else 0
	file  *os.File
	chunk []byte // for one packet
	oob   []byte // for its control messages
}

// openSocket opens the socket of a door; port is that of GUE.
func openSocket(d door, port uint16) (*socket, error) {
	family, kind, proto := unix.AF_INET, unix.SOCK_RAW, int(d.proto)
	if d.v6 {
		family = unix.AF_INET6
	}
	s := &socket{door: d, chunk: make([]byte, room+1<<16), oob: make([]byte, 64)}
	if d.proto == header.ProtoUDP {
		kind, s.port = unix.SOCK_DGRAM, port
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	if err != nil {
		return nil, fmt.Errorf("open socket for %v: %w", d, err)
	}
	s.file = os.NewFile(uintptr(fd), d.String())
	if err := s.setUp(fd); err != nil {
		return nil, errors.Join(err, s.file.Close())
	}
	return s, nil
}

// setUp binds the socket of GUE to its port, and has all sockets tell the outer
// type of service or traffic class.
func (s *socket) setUp(fd int) error {
	var local unix.Sockaddr = &unix.SockaddrInet4{Port: int(s.port)}
	options := [][3]int{{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer}, {unix.SOL_IP, unix.IP_RECVTOS, 1}}
	udp := s.door.proto == header.ProtoUDP
	if s.door.v6 {
		local = &unix.SockaddrInet6{Port: int(s.port)}
		options[1] = [3]int{unix.SOL_IPV6, unix.IPV6_RECVTCLASS, 1}
	}
	if udp && s.door.v6 {
		// Tunnels may do without a checksum over IPv6, too (RFC 6935).
		options = append(options, [3]int{unix.SOL_IPV6, unix.IPV6_V6ONLY, 1}, [3]int{unix.SOL_UDP, unix.UDP_NO_CHECK6_RX, 1})
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, o[0], o[1], o[2]); err != nil {
			return fmt.Errorf("set up socket for %v: %w", s.door, err)
		}
	}
	if !udp {
		return nil
	}
	if err := unix.Bind(fd, local); err != nil {
		return fmt.Errorf("bind UDP port %d for %v: %w", s.port, s.door, err)
	}
	return nil
}

// recv waits for a packet and makes it p, which is good until the next recv.
func (s *socket) recv(p *packet.Packet) error {
	conn, err := s.file.SyscallConn()
	if err != nil {
		return err
	}
	var n, oobn int
	readErr := conn.Read(func(fd uintptr) bool {
		n, oobn, _, _, err = unix.Recvmsg(int(fd), s.chunk[room:], s.oob, 0)
		for errors.Is(err, unix.EINTR) {
			n, oobn, _, _, err = unix.Recvmsg(int(fd), s.chunk[room:], s.oob, 0)
		}
		return !errors.Is(err, unix.EAGAIN)
	})
	if err := cmp.Or(readErr, err); err != nil {
		return err
	}
	s.frame(p, n, classOf(s.oob[:oobn]))
	return nil
}

// frame makes the n bytes that were received the packet p, and puts back before
// them what the kernel has taken off: the UDP header, and the IP header but for
// that of raw sockets of IPv4. Nobody will look at more than what it says of the
// packet inside, so it is an IPv6 header in any case, without addresses.
func (s *socket) frame(p *packet.Packet, n int, class uint8) {
	start, end := room, room+n
	udp := s.door.proto == header.ProtoUDP
	if udp {
		start -= header.UDPSize
		h := header.UDP(s.chunk[start:end])
		h.SetDstPort(s.port)
		h.SetLength(len(h))
		h.SetChecksum(0) // the kernel has looked at it
	}
	if udp || s.door.v6 {
		h := header.IPv6(s.chunk[start-header.IPv6Size : end])
		h.SetFlow(class, 0)
		h.SetPayloadLen(end - start)
		h.SetNextHeader(s.door.proto)
		start -= header.IPv6Size
	}
	start -= header.EthernetSize
	p.Reset(s.chunk, start, end-start)
	p.L3 = header.EthernetSize
}

// classOf returns the type of service, or traffic class, among control messages.
func classOf(oob []byte) uint8 {
	for len(oob) > 0 {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return 0
		}
		switch {
		case h.Level == unix.SOL_IP && h.Type == unix.IP_TOS && len(data) >= 1:
			return data[0]
		case h.Level == unix.SOL_IPV6 && h.Type == unix.IPV6_TCLASS && len(data) >= 4:
			return uint8(binary.NativeEndian.Uint32(data))
		}
		oob = rest
	}
	return 0
}
