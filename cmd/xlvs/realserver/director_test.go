package realserver

import (
	"net"
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
)

// A director puts what its host sends to the virtual addresses into a tunnel to
// the real server, one of its type after the other. It knows only the kernel's
// sockets, which fragment what is too long.
type director struct {
	tun  *os.File
	mu   sync.Mutex
	wrap func(inner []byte) []byte
	conn map[byte]net.Conn // by IP version of the inner packet
}

// direct has the client send what is for the virtual addresses to a director.
func (s *site) direct(t *testing.T) *director {
	t.Helper()
	fd := -1
	must(t, s.client.Do(func() (err error) {
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
		req, err := unix.NewIfreq("vip0")
		if err != nil {
			return err
		}
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		return unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	}))
	d := &director{tun: os.NewFile(uintptr(fd), "vip0")}
	do(t, s.client, "ip", "link", "set", "vip0", "up")
	do(t, s.client, "ip", "route", "add", vip4, "dev", "vip0", "src", cip4)
	do(t, s.client, "ip", "route", "add", vip6, "dev", "vip0", "src", cip6)
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.carry()
	}()
	t.Cleanup(func() {
		_ = d.tun.Close()
		<-done
		d.hangUp()
	})
	return d
}

// carry puts packets into the tunnel, until the device is closed.
func (d *director) carry() {
	b := make([]byte, 1<<16)
	for {
		n, err := d.tun.Read(b)
		if err != nil {
			return
		}
		d.mu.Lock()
		if c := d.conn[b[0]>>4]; c != nil {
			_, _ = c.Write(d.wrap(b[:n]))
		}
		d.mu.Unlock()
	}
}

// hangUp closes the sockets of the tunnel.
func (d *director) hangUp() {
	for _, c := range d.conn {
		_ = c.Close()
	}
	d.conn = nil
}

// use makes the tunnel another one: networks are what net.Dial calls it for
// IPv4 and IPv6 inside, and wrap returns an inner packet with what goes between
// the IP headers.
func (d *director) use(t *testing.T, s *site, networks [2]string, rip string, wrap func([]byte) []byte) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hangUp()
	d.wrap, d.conn = wrap, make(map[byte]net.Conn)
	for i, version := range []byte{4, 6} {
		c, err := s.client.Dial(t.Context(), networks[i], rip)
		must(t, err)
		d.conn[version] = c
	}
}

// bare puts nothing between the IP headers.
func bare(inner []byte) []byte { return inner }

// gre puts a GRE header there.
func gre(inner []byte) []byte { return greHeader(inner, header.GRESize) }

// greWithChecksum puts one there as --tun-csum has it.
func greWithChecksum(inner []byte) []byte {
	h := header.GRE(greHeader(inner, header.GREChecksumSize))
	h.SetChecksum(h.ComputeChecksum())
	return h
}

func greHeader(inner []byte, size int) []byte {
	h := header.GRE(append(make([]byte, size), inner...))
	h.SetHeaderLen(size)
	h.SetType(header.TypeIPv4)
	if inner[0]>>4 == 6 {
		h.SetType(header.TypeIPv6)
	}
	return h
}

// gue puts a GUE header there.
func gue(inner []byte) []byte {
	h := header.GUE(append(make([]byte, header.GUESize), inner...))
	h.SetProto(header.ProtoIPIP)
	if inner[0]>>4 == 6 {
		h.SetProto(header.ProtoIPv6)
	}
	return h
}
