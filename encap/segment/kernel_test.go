package segment

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
	"xlvs/bench/lab/labtest"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestKernelCutsTheSame has the kernel cut the same frames: they leave a device
// that can neither segment nor finish checksums, and arrive at the other end.
//
//	near eth0 (tx checksumming off) ── far eth0 (captured)
func TestKernelCutsTheSame(t *testing.T) {
	l := labtest.New(t)
	near, far := host(t, l, "near"), host(t, l, "far")
	if err := l.Wire(near, "eth0", far, "eth0", lab.WireOptions{}); err != nil {
		t.Fatal(err)
	}
	fd := sender(t, near)
	for name, s := range shapes() {
		for _, tt := range []struct {
			name          string
			size, payload int
			flags         header.TCPFlags
		}{
			{"odd segments", 333, 1000, header.FlagACK},
			{"flags", 500, 1500, everyFlag},
			{"as much as a sender gives", 1400, 46*1400 + 7, header.FlagACK | header.FlagPSH},
		} {
			t.Run(name+", "+tt.name, func(t *testing.T) {
				in := s.super(tt.size, tt.flags, text(tt.payload))
				want := cut(t, in.finished(t))
				c, err := far.Capture("eth0")
				if err != nil {
					t.Fatal(err)
				}
				defer c.Stop()
				send(t, fd, in.unfinished(t))
				wantFrames(t, untagged(want), arrive(t, c, len(want)))
			})
		}
	}
}

func host(t *testing.T, l *lab.Lab, name string) *lab.Host {
	t.Helper()
	h, err := l.Host(name)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// sender returns a socket that sends frames with a struct virtio_net_hdr from
// eth0 of h.
func sender(t *testing.T, h *lab.Host) (fd int) {
	t.Helper()
	link, err := h.Link("eth0")
	if err != nil {
		t.Fatal(err)
	}
	err = h.Do(func() (err error) {
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err == nil {
			err = noTxChecksum(fd, "eth0")
		}
		return err
	})
	if err != nil {
		t.Fatalf("open packet socket: %v", err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1); err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: link.Index}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// noTxChecksum does what `ethtool -K dev tx off` does: without checksumming the
// kernel turns segmentation off as well.
func noTxChecksum(fd int, dev string) error {
	value := struct{ cmd, data uint32 }{cmd: unix.ETHTOOL_STXCSUM}
	request := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte // the rest of union ifr_ifru
	}{data: unsafe.Pointer(&value)}
	copy(request.name[:], dev)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return errno
	}
	return nil
}

// send sends p, whose checksum is unfinished, with a struct virtio_net_hdr that
// says what p does.
func send(t *testing.T, fd int, p *packet.Packet) {
	t.Helper()
	kind := map[packet.GSOKind]byte{
		packet.GSOTCP4: unix.VIRTIO_NET_HDR_GSO_TCPV4,
		packet.GSOTCP6: unix.VIRTIO_NET_HDR_GSO_TCPV6,
		packet.GSOUDP:  unix.VIRTIO_NET_HDR_GSO_UDP_L4,
	}[p.GSO.Kind]
	if p.GSO.ECN && p.GSO.Kind != packet.GSOUDP {
		kind |= unix.VIRTIO_NET_HDR_GSO_ECN
	}
	c, _ := New(p)
	b := []byte{unix.VIRTIO_NET_HDR_F_NEEDS_CSUM, kind}
	for _, v := range []uint16{uint16(len(c.front)), p.GSO.Size, p.Sum.Start, p.Sum.Field - p.Sum.Start} {
		b = binary.NativeEndian.AppendUint16(b, v)
	}
	if _, err := unix.Write(fd, append(b, p.Bytes()...)); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// arrive returns the first n of our frames that c has captured.
func arrive(t *testing.T, c *lab.Capture, n int) (frames [][]byte) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); len(frames) < n; time.Sleep(time.Millisecond) {
		all, err := c.Frames()
		if err != nil {
			t.Fatal(err)
		}
		frames = nil
		for _, f := range all {
			if header.Ethernet(f.Data).Src() == packettest.ClientMAC() {
				frames = append(frames, f.Data)
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%d frames arrive, want %d", len(frames), n)
		}
	}
	return frames
}

// untagged returns segments without their outer VLAN tag, which the kernel takes
// off before a packet socket sees a frame.
func untagged(segments []*packet.Packet) (out []*packet.Packet) {
	for _, p := range segments {
		if p.L3 == header.EthernetSize {
			return segments
		}
		b := p.Bytes()
		out = append(out, packettest.Frame(slices.Concat(b[:12], b[12+header.VLANSize:])))
	}
	return out
}
