package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"
	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// large is the size of a datagram that leaves in six pieces.
const large = 8192

// Datagrams of 8 kB reach the real servers in pieces, and come back.
func TestLargeDatagrams(t *testing.T) {
	for _, d := range []struct {
		name string
		deployment
	}{{"masquerading", simple}, {"direct routing", s3b}} {
		for _, mode := range bothModes {
			t.Run(fmt.Sprintf("%s, %s", d.name, mode), func(t *testing.T) {
				t.Parallel()
				s := d.raise(t, lab.WireOptions{})
				checkLargeDatagrams(t, s, s.echoes(mode))
			})
		}
	}
}

// So they do by every tunnel, which leaves less room for each piece.
func TestLargeDatagramsInTunnels(t *testing.T) {
	forEachTunnel(t, func(t *testing.T, e encapsulation, s *site, mode config.Mode) {
		checkLargeDatagrams(t, s, e.dig(s.echoes(mode)))
	})
}

// And so they do by fullnat, also to the other family and back.
func TestLargeDatagramsOverFullNAT(t *testing.T) {
	forEachVariant(t, func(t *testing.T, v variant, mode config.Mode) {
		s := v.raise(t)
		checkLargeDatagrams(t, s, v.with(s.echoes(mode)))
	})
}

// echoes returns a configuration with an echo service over UDP.
func (s *site) echoes(mode config.Mode) *config.Config {
	s.port = echoPort
	return s.config(mode, "rr", lvs.UDP, echoPort)
}

// checkLargeDatagrams checks that every real server echoes large datagrams.
func checkLargeDatagrams(t *testing.T, s *site, c *config.Config) {
	t.Helper()
	need(t, "socat")
	for i := range s.Real {
		echoDatagrams(t, s, i)
	}
	direct(t, s, c)
	for _, f := range s.families() {
		for range 2 * len(s.Real) {
			conn := dialDatagrams(t, s.Client, f)
			echo(t, conn, bytes.Repeat([]byte("who is there? "), large)[:large])
		}
	}
}

// echoDatagrams has real server i send back every datagram.
func echoDatagrams(t *testing.T, s *site, i int) {
	t.Helper()
	for _, f := range s.families() {
		// A socket on all addresses would reply from another than was asked.
		addr, kind := f.vip.String(), "UDP4-RECVFROM"
		if s.method == lvs.NAT || s.method == lvs.FullNAT {
			addr = f.reals[i]
		}
		if f.vip.Is6() {
			addr, kind = "["+addr+"]", "UDP6-RECVFROM"
		}
		p, err := s.Real[i].Start(exec.Command("socat", "-b", "65536", fmt.Sprintf("%s:%d,bind=%s,fork", kind, s.port, addr), "EXEC:cat"))
		must(t, err)
		t.Cleanup(p.Stop)
		eventually(t, "socat listens", func() bool {
			out, err := s.Real[i].Run(t.Context(), "ss", "-Huln")
			return err == nil && strings.Contains(string(out), fmt.Sprintf("%s:%d ", addr, s.port))
		})
	}
}

// dialDatagrams opens a socket in h for datagrams to the echo service.
func dialDatagrams(t *testing.T, h *lab.Host, f family) *net.UDPConn {
	t.Helper()
	c, err := h.Dial(t.Context(), "udp", netip.AddrPortFrom(f.vip, echoPort).String())
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*net.UDPConn)
}

// echo checks that text comes back, if it has to be sent again: the first may be
// what the client learns the MTU from.
func echo(t *testing.T, c *net.UDPConn, text []byte) {
	t.Helper()
	got := make([]byte, len(text)+1)
	eventually(t, fmt.Sprintf("%v echoes %d bytes", c.RemoteAddr(), len(text)), func() bool {
		_, err := c.Write(text)
		must(t, err)
		must(t, c.SetReadDeadline(time.Now().Add(500*time.Millisecond)))
		n, err := c.Read(got)
		return err == nil && bytes.Equal(got[:n], text)
	})
}

// What is too long for a tunnel is carried in fragments if its sender allows that.
// If not, it is told the MTU in the tunnel.
func TestTunnelsAndDontFragment(t *testing.T) {
	forEachTunnel(t, func(t *testing.T, e encapsulation, s *site, mode config.Mode) {
		s.port = echoPort
		for i := range s.Real {
			echoDatagrams(t, s, i)
		}
		direct(t, s, e.dig(s.echoes(mode)))
		atServer := captureAt(t, s.Real[0])
		for range 2 {
			c := dialDatagrams(t, s.Client, s.families()[0])
			setDiscovery(t, c, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
			echo(t, c, make([]byte, 1472))
		}
		if n := countFragments(t, atServer); n == 0 || n%2 != 0 {
			t.Errorf("a real server received %d fragments, want pairs of them", n)
		}
		for _, f := range s.families() {
			e.checkTold(t, s, f)
		}
	})
}

// checkTold checks that a client which forbids fragments learns the MTU.
func (e encapsulation) checkTold(t *testing.T, s *site, f family) {
	t.Helper()
	c := dialDatagrams(t, s.Client, f)
	longest := make([]byte, 1472) // that the client's own link takes
	level, option, do, mtu := unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO, unix.IP_MTU
	if f.vip.Is6() {
		longest = longest[:1452]
		level, option, do, mtu = unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DO, unix.IPV6_MTU
	}
	setDiscovery(t, c, level, option, do)
	_, err := c.Write(longest)
	must(t, err)
	want := e.room(f, 1500)
	got := 0
	eventually(t, fmt.Sprintf("%s: the MTU is %d", f.name, want), func() bool {
		withSocket(t, c, func(fd int) (err error) {
			got, err = unix.GetsockoptInt(fd, level, mtu)
			return err
		})
		return got == want
	})
	if _, err := c.Write(longest); !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("%s: the same datagram again: %v, want %v", f.name, err, syscall.EMSGSIZE)
	}
}

// setDiscovery says how a socket's packets may be fragmented.
func setDiscovery(t *testing.T, c *net.UDPConn, level, option, value int) {
	t.Helper()
	withSocket(t, c, func(fd int) error { return unix.SetsockoptInt(fd, level, option, value) })
}

// withSocket runs f on a socket.
func withSocket(t *testing.T, c *net.UDPConn, f func(fd int) error) {
	t.Helper()
	raw, err := c.SyscallConn()
	must(t, err)
	var failed error
	must(t, raw.Control(func(fd uintptr) { failed = f(int(fd)) }))
	must(t, failed)
}

// countFragments ends a capture, and returns how many fragments it has received.
func countFragments(t *testing.T, c *lab.Capture) (n int) {
	t.Helper()
	c.Stop()
	for _, f := range frames(t, c) {
		ip, ok := decode(f).NetworkLayer().(*layers.IPv4)
		if ok && !f.Outgoing && (ip.FragOffset != 0 || ip.Flags&layers.IPv4MoreFragments != 0) {
			n++
		}
	}
	return n
}
