package announce

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
)

// maxFrame is more than a message takes. A longer frame is cut, and unreadable.
const maxFrame = 2048

// A socket receives the messages of one interface, and sends frames on it. It
// goes on after the interface was down, but not after it was gone.
type socket struct {
	file *os.File // for the runtime's poller: Close and deadlines wake the reader
	conn syscall.RawConn
	oob  [64]byte // of receive
}

// openSocket opens a socket on the interface. It is bound to all protocols: a
// socket of one protocol sits behind the kernel's VLAN code, which has dropped
// the tag by then. What is no message is dropped by the filter, before it costs
// more than reading four fields.
func openSocket(index int) (*socket, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open packet socket: %w", err)
	}
	if err := prepare(fd, index); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	s := &socket{file: os.NewFile(uintptr(fd), "packet socket")}
	if s.conn, err = s.file.SyscallConn(); err != nil {
		return nil, errors.Join(err, s.file.Close())
	}
	return s, nil
}

// prepare binds a socket, last of all: a packet socket that is bound receives.
func prepare(fd, index int) error {
	if err := attachFilter(fd); err != nil {
		return fmt.Errorf("attach filter: %w", err)
	}
	for name, option := range map[string]int{
		"PACKET_AUXDATA":         unix.PACKET_AUXDATA,
		"PACKET_IGNORE_OUTGOING": unix.PACKET_IGNORE_OUTGOING,
	} {
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, option, 1); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	to := &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: index}
	if err := unix.Bind(fd, to); err != nil {
		return fmt.Errorf("bind packet socket: %w", err)
	}
	return nil
}

// networkOrder returns v as its most significant byte first looks to the machine.
func networkOrder(v uint16) uint16 {
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return v
	}
	return bits.ReverseBytes16(v)
}

// receive waits for a frame, and returns it without its outer tag. The error is
// os.ErrDeadlineExceeded after the alarm and os.ErrClosed after close.
func (s *socket) receive(buf []byte) (frame []byte, t tag, err error) {
	var n, oobn int
	var failed error
	err = s.conn.Read(func(fd uintptr) bool {
		n, oobn, _, _, failed = unix.Recvmsg(int(fd), buf, s.oob[:], 0)
		return failed != unix.EAGAIN
	})
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, tag{}, err
	case err != nil: // the poller has no other, and calls it by a name of its own
		return nil, tag{}, os.ErrClosed
	case failed != nil:
		return nil, tag{}, fmt.Errorf("receive from packet socket: %w", failed)
	}
	return buf[:n], tagFrom(s.oob[:oobn]), nil
}

// auxSize is the size of struct tpacket_auxdata, and its fields' places.
const (
	auxStatus = 0
	auxTCI    = 16
	auxTPID   = 18
	auxSize   = 20
)

// tagFrom returns the tag that the kernel took from the frame that came with
// these control messages.
func tagFrom(oob []byte) tag {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return tag{}
	}
	for _, m := range messages {
		if m.Header.Level != unix.SOL_PACKET || m.Header.Type != unix.PACKET_AUXDATA || len(m.Data) < auxSize {
			continue
		}
		status := binary.NativeEndian.Uint32(m.Data[auxStatus:])
		t := tag{header.TypeVLAN, binary.NativeEndian.Uint16(m.Data[auxTCI:])}
		if status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			t.tpid = binary.NativeEndian.Uint16(m.Data[auxTPID:])
		}
		if status&unix.TP_STATUS_VLAN_VALID != 0 {
			return t
		}
	}
	return tag{}
}

// send sends frame. That it may not is nobody's business: who has got no answer
// asks again, and an interface that is down has nobody to answer.
func (s *socket) send(frame []byte) { _, _ = s.file.Write(frame) }

// alarm has receive return at a time, and until the next alarm; the zero time
// turns it off.
func (s *socket) alarm(at time.Time) { _ = s.file.SetReadDeadline(at) }

// close ends receive and send.
func (s *socket) close() { _ = s.file.Close() }
