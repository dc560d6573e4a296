package lab

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// captureBuffer is what the kernel may keep for a capture between two calls of
// Frames, in bytes: tens of thousands of small frames.
const captureBuffer = 32 << 20

// ErrFramesLost is returned by Frames when the kernel had no room for a frame.
var ErrFramesLost = errors.New("frames lost")

// A Frame is one frame as a device sent or received it, from its Ethernet
// header on. A frame of a sender that leaves segmentation or checksums to its
// device is still whole, or unfinished. An outer VLAN tag is not in Data.
type Frame struct {
	Data     []byte
	Outgoing bool // sent by the device, not received
}

// A Capture keeps the frames of one device. No goroutine reads it: the kernel
// queues frames, and Frames collects them. A device does not show what an XDP
// program takes from it or an AF_XDP socket sends: capture at the other end of
// the wire.
type Capture struct {
	host   *Host
	dev    string
	mu     sync.Mutex
	fd     int // -1 after Stop
	frames []Frame
	err    error
	buf    []byte // room for one frame
}

// Capture starts to capture on dev of the host, both directions.
func (h *Host) Capture(dev string) (*Capture, error) {
	c := &Capture{host: h, dev: dev, fd: -1, buf: make([]byte, 128<<10)}
	err := h.lab.own(c, func() error { return h.Do(c.open) })
	if err != nil {
		return nil, fmt.Errorf("capture on %s of %s: %w", dev, h.name, err)
	}
	return c, nil
}

// open opens the packet socket in the calling thread's namespace. Until bind
// names the device it has no protocol, so that no other device's frame gets in.
func (c *Capture) open() error {
	ifi, err := net.InterfaceByName(c.dev)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("open packet socket: %w", err)
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, captureBuffer)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: everyProtocol(), Ifindex: ifi.Index})
	}
	if err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("set up packet socket: %w", err)
	}
	c.fd = fd
	return nil
}

// everyProtocol returns ETH_P_ALL in network byte order.
func everyProtocol() uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], unix.ETH_P_ALL)
	return binary.NativeEndian.Uint16(b[:])
}

// Frames returns every frame that passed since the capture began. It includes
// whatever passed before the call; after Stop, before Stop.
func (c *Capture) Frames() ([]Frame, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.collect()
	if c.err != nil {
		return slices.Clone(c.frames), fmt.Errorf("capture on %s of %s: %w", c.dev, c.host.name, c.err)
	}
	return slices.Clone(c.frames), nil
}

// collect takes what the kernel has queued.
func (c *Capture) collect() {
	for c.fd >= 0 {
		n, from, err := unix.Recvfrom(c.fd, c.buf, 0)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENETDOWN) { // the latter once for each time the device goes down
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil {
			c.err = errors.Join(c.err, err)
			break
		}
		ll, _ := from.(*unix.SockaddrLinklayer)
		c.frames = append(c.frames, Frame{
			Data:     bytes.Clone(c.buf[:n]),
			Outgoing: ll != nil && ll.Pkttype == unix.PACKET_OUTGOING,
		})
	}
	c.checkLoss()
}

// checkLoss notes frames that found the buffer full: a capture that is to prove
// silence must not be deaf.
func (c *Capture) checkLoss() {
	if c.fd < 0 {
		return
	}
	s, err := unix.GetsockoptTpacketStats(c.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err == nil && s.Drops > 0 {
		err = fmt.Errorf("%w: %d", ErrFramesLost, s.Drops)
	}
	c.err = errors.Join(c.err, err)
}

// Stop ends the capture. What it captured stays in Frames.
func (c *Capture) Stop() {
	c.host.lab.disown(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.collect()
	if c.fd >= 0 {
		_ = unix.Close(c.fd)
		c.fd = -1
	}
}
