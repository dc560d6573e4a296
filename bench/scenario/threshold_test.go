package scenario

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// A real server that has as many connections as it may have gets no more. When
// all have, clients are told that there is no service; more is possible as soon
// as a limit is raised.
func TestThresholds(t *testing.T) {
	for _, mode := range bothModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			need(t, "socat", "curl")
			s := simple.raise(t, lab.WireOptions{})
			for i, rs := range s.Real {
				serveName(t, rs, fmt.Sprintf("rs%d", i+1), s.port)
			}
			atClient, err := s.Client.Capture("eth0")
			must(t, err)
			d := direct(t, s, s.limited(mode, 2, 1))
			for _, f := range s.families() {
				for i, want := range []string{"rs1", "rs1", "rs2"} {
					checkStays(t, s, f, i+1, want)
				}
				checkRefused(t, s.Client, f.vip, 80)
				checkToldUnreachable(t, atClient, f)
			}
			if n := d.verdict("no destination available"); n != 2 {
				t.Errorf("%d packets had no destination, want 2", n)
			}
			d.reload(s.limited(mode, 4, 1))
			for _, f := range s.families() {
				checkStays(t, s, f, 4, "rs1")
			}
		})
	}
}

// limited returns a configuration where rs1 is preferred as long as it has fewer
// than first connections, and rs2 gets no more than second. Its weights tell it
// from another.
func (s *site) limited(mode config.Mode, first, second int) *config.Config {
	c := s.config(mode, "fo", lvs.TCP, 80, 10*first, second)
	for i := range c.Services {
		c.Services[i].Reals[0].Upper = first
		c.Services[i].Reals[1].Upper = second
	}
	return c
}

// serveName runs a server in h that says its name, and then repeats what it is
// told.
func serveName(t *testing.T, h *lab.Host, name string, port uint16) {
	t.Helper()
	p, err := h.Start(exec.Command("socat", fmt.Sprintf("TCP6-LISTEN:%d,fork,reuseaddr,ipv6only=0", port),
		"SYSTEM:echo "+name+"; exec cat"))
	must(t, err)
	t.Cleanup(p.Stop)
	awaitPort(t, h, netip.AddrPortFrom(netip.IPv6Loopback(), port))
}

// checkStays makes connection number n, which stays until the end of the test,
// and checks that it is with the real server called want.
func checkStays(t *testing.T, s *site, f family, n int, want string) {
	t.Helper()
	c, err := s.Client.Dial(t.Context(), "tcp", net.JoinHostPort(f.vip.String(), "80"))
	must(t, err)
	t.Cleanup(func() { c.Close() })
	must(t, c.SetDeadline(time.Now().Add(patience)))
	name, err := bufio.NewReader(c).ReadString('\n')
	must(t, err)
	if got := strings.TrimSpace(name); got != want {
		t.Errorf("%s: connection %d is with %s, want %s", f.name, n, got, want)
	}
}

// checkToldUnreachable checks that the VIP has told the client that its port is
// unreachable (RFC 792; RFC 4443, section 3.1).
func checkToldUnreachable(t *testing.T, c *lab.Capture, f family) {
	t.Helper()
	n := 0
	for _, frame := range frames(t, c) {
		p := decode(frame)
		if p.NetworkLayer() == nil || address(p.NetworkLayer().NetworkFlow().Src().Raw()) != f.vip {
			continue
		}
		if l, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok &&
			l.TypeCode == layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodePort) {
			n++
		}
		if l, ok := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6); ok &&
			l.TypeCode == layers.CreateICMPv6TypeCode(layers.ICMPv6TypeDestinationUnreachable, layers.ICMPv6CodePortUnreachable) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%v sent port unreachable %d times, want 1", f.vip, n)
	}
}
