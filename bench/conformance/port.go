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
	fd  int
	buf []byte
	oob []byte
}

// open opens the port on dev of the calling thread's namespace.
func (p *port) open(dev string) error {
	p.fd = -1
	ifi, err := net.InterfaceByName(dev)
	if err != nil {
		return err
	}
	// Without a protocol it hears nothing until bind names the device.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("open packet socket: %w", err)
	}
	p.fd, p.buf, p.oob = fd, make([]byte, 128<<10), make([]byte, 256)
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
		unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
			&unix.PacketMreq{Ifindex: int32(ifi.Index), Type: unix.PACKET_MR_PROMISC}),
	)
	if err == nil {
		var b [2]byte
		binary.BigEndian.PutUint16(b[:], unix.ETH_P_ALL)
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16(b[:]), Ifindex: ifi.Index})
	}
	if err != nil {
		p.close()
		return fmt.Errorf("set up packet socket on %s: %w", dev, err)
	}
	return nil
}

// close closes the port. It may be closed twice.
func (p *port) close() {
	if p.fd >= 0 {
		_ = unix.Close(p.fd)
		p.fd = -1
	}
}

// send sends a frame.
func (p *port) send(frame []byte) error {
	for {
		_, err := unix.Write(p.fd, frame)
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

// receive returns the next frame, nil if there is none yet.
func (p *port) receive() ([]byte, error) {
	for {
		n, oobn, _, _, err := unix.Recvmsg(p.fd, p.buf, p.oob, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("receive frame: %w", err)
		}
		b := append([]byte(nil), p.buf[:n]...)
		if unfinished(p.oob[:oobn]) {
			finish(b)
		}
		return b, nil
	}
}

// unfinished reports whether auxiliary data say that a frame's transport checksum
// is left to a device, which on a veth pair nobody is.
func unfinished(oob []byte) bool {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return false
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= 4 {
			return binary.NativeEndian.Uint32(m.Data)&unix.TP_STATUS_CSUMNOTREADY != 0
		}
	}
	return false
}

// unfinishedFields are where the headers of protocols have checksums that the kernel
// may leave to a device.
var unfinishedFields = map[byte]int{
	unix.IPPROTO_TCP: 16, unix.IPPROTO_UDP: 6, unix.IPPROTO_GRE: 4, unix.IPPROTO_ICMPV6: 2,
}

// finish completes the checksum of a frame. Its field holds the sum of the pseudo
// header, if the protocol has one.
func finish(frame []byte) {
	if len(frame) < ethernet+1 {
		return
	}
	start, protocol := ethernet+40, byte(0)
	switch version := frame[ethernet] >> 4; {
	case version == 4 && len(frame) > ethernet+20:
		start, protocol = ethernet+int(frame[ethernet]&15)*4, frame[ethernet+9]
	case version == 6 && len(frame) > start:
		protocol = frame[ethernet+6]
	}
	field := start + unfinishedFields[protocol]
	if field == start || len(frame) < field+2 {
		return
	}
	value := ^sum(frame[start:])
	if value == 0 && protocol == unix.IPPROTO_UDP {
		value = 0xffff
	}
	binary.BigEndian.PutUint16(frame[field:], value)
}
