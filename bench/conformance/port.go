package conformance

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// room is what the kernel may keep of frames that nobody has read yet.
const room = 64 << 20

// A port is the far end of a wire: a packet socket that sees what the director
// sends there, and sends what clients or real servers would.
type port struct {
	fd     int
	buf    []byte
	except int // index of a device that it does not hear; 0 means none
}

// open opens the port on dev of the calling thread's namespace, or on all devices if
// dev is empty.
func (p *port) open(dev string) error {
	p.fd = -1
	// Without a protocol it hears nothing until bind names the device.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("open packet socket: %w", err)
	}
	p.fd, p.buf = fd, make([]byte, 128<<10)
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1),
	)
	if err == nil {
		err = p.bind(dev)
	}
	if err != nil {
		p.close()
		return fmt.Errorf("set up packet socket on %q: %w", dev, err)
	}
	return nil
}

// bind has the port hear dev, whomever frames are for.
func (p *port) bind(dev string) error {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], unix.ETH_P_ALL)
	sa := unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16(b[:])}
	if dev == "" {
		return unix.Bind(p.fd, &sa)
	}
	ifi, err := net.InterfaceByName(dev)
	if err != nil {
		return err
	}
	sa.Ifindex = ifi.Index
	return errors.Join(
		unix.SetsockoptPacketMreq(p.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
			&unix.PacketMreq{Ifindex: int32(ifi.Index), Type: unix.PACKET_MR_PROMISC}),
		unix.Bind(p.fd, &sa))
}

// close closes the port. It may be closed twice.
func (p *port) close() {
	if p.fd >= 0 {
		_ = unix.Close(p.fd)
		p.fd = -1
	}
}

// send sends a frame. The device is to complete its transport checksum if it is
// unfinished.
func (p *port) send(frame []byte, unfinished bool) error {
	b := make([]byte, offloadSize, offloadSize+len(frame))
	if unfinished {
		leaveChecksum(b, frame)
	}
	b = append(b, frame...)
	for {
		_, err := unix.Write(p.fd, b)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS):
			time.Sleep(time.Millisecond)
		default:
			return fmt.Errorf("send frame: %w", err)
		}
	}
}

// receive returns the next frame, nil if there is none yet. Its checksum is complete,
// also when that is left to a device, which on a veth pair nobody is.
func (p *port) receive() ([]byte, error) {
	for {
		n, from, err := unix.Recvfrom(p.fd, p.buf, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("receive frame: %w", err)
		}
		if sa, ok := from.(*unix.SockaddrLinklayer); n < offloadSize || ok && p.except > 0 && sa.Ifindex == p.except {
			continue
		}
		frame := append([]byte(nil), p.buf[offloadSize:n]...)
		finish(p.buf[:offloadSize], frame)
		return frame, nil
	}
}
