package scenario

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"xlvs/bench/lab"
)

// A placement is a deployment with its VIPs where a test wants them.
type placement struct {
	name  string
	raise func(*testing.T) *site
}

// unheld are deployments whose VIPs are on no interface of the director.
var unheld = []placement{
	{"masquerading, VIP on no interface", raiseSimpleUnheld},
	{"direct routing, VIP on no interface", raiseS3bUnheld},
}

// raiseSimpleUnheld builds simple with VIPs of their own on the client's subnet.
func raiseSimpleUnheld(t *testing.T) *site {
	t.Helper()
	s := simple.raise(t, lab.WireOptions{})
	s.VIP, s.VIP6 = parse("198.51.100.80"), parse("2001:db8:1::80")
	s.Public = s.VIP
	return s
}

// raiseS3bUnheld builds s3b and takes the VIPs from the director.
func raiseS3bUnheld(t *testing.T) *site {
	t.Helper()
	s := s3b.raise(t, lab.WireOptions{})
	for _, f := range s.families() {
		ip(t, s.Director, "address", "del", whole(f.vip), "dev", "eth0")
	}
	return s
}

// whole returns addr with the length of a prefix that holds nothing else.
func whole(addr netip.Addr) string { return netip.PrefixFrom(addr, addr.BitLen()).String() }

// A VIP that no interface holds behaves to its clients as if one did.
func TestVIPOnNoInterface(t *testing.T) {
	for _, p := range unheld {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%s, %s", p.name, mode), func(t *testing.T) {
				t.Parallel()
				need(t, "ping")
				s := p.raise(t)
				serveAll(t, s)
				atClient, err := s.Client.Capture("eth0")
				must(t, err)
				d := direct(t, s, s.web(mode))
				for _, f := range s.families() {
					checkTurns(t, s, f, 10)
					checkRefused(t, s.Client, f.vip, 81)
					checkUnreachable(t, s.Client, netip.AddrPortFrom(f.vip, 80))
					checkPing(t, s.Client, f.vip)
					checkAnnouncers(t, atClient, f.vip, d.host)
				}
				if log := d.log.tail(1 << 20); strings.Contains(string(log), "is claimed by") {
					t.Errorf("a conflict is logged, and there is none:\n%s", log)
				}
			})
		}
	}
}

// checkAnnouncers checks that only eth0 of the hosts has said that it has addr.
func checkAnnouncers(t *testing.T, c *lab.Capture, addr netip.Addr, hosts ...*lab.Host) {
	t.Helper()
	want := map[string]bool{}
	for _, h := range hosts {
		want[fmt.Sprintf("%x", []byte(macOf(t, h)))] = true
	}
	if got := announcers(t, c, addr); !maps.Equal(got, want) {
		t.Errorf("%q answered for %v, want %q", slices.Sorted(maps.Keys(got)), addr, slices.Sorted(maps.Keys(want)))
	}
}

// With answer_arp = false nobody answers for the VIP. Whoever has learned of it
// in another way is served.
func TestSomebodyElseAnswersARP(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := raiseSimpleUnheld(t)
			for _, version := range []string{"ipv4", "ipv6"} { // the client gives up soon
				must(t, s.Client.Sysctl("net."+version+".neigh.eth0.retrans_time_ms", "100"))
			}
			serveAll(t, s)
			atClient, err := s.Client.Capture("eth0")
			must(t, err)
			c := s.web(mode)
			c.Dataplane.AnswerARP = false
			direct(t, s, c)
			for _, f := range s.families() {
				if err := dial(t, s.Client, f.vip, 80, patience); !errors.Is(err, syscall.EHOSTUNREACH) {
					t.Errorf("dial %v: %v, want no route to host", f.vip, err)
				}
				checkAnnouncers(t, atClient, f.vip)
				ip(t, s.Client, "neighbour", "replace", f.vip.String(), "lladdr", macOf(t, s.Director).String(), "dev", "eth0", "nud", "permanent")
				checkTurns(t, s, f, 4)
			}
		})
	}
}

// The operator learns that another host claims the VIP: over IPv4 by announcing
// it, over IPv6 by asking whether it may, and it is told that it may not.
func TestConflictIsLogged(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := raiseS3bUnheld(t)
			d := direct(t, s, s.web(mode))
			must(t, s.Standby.Sysctl("net.ipv4.conf.eth0.arp_notify", "1"))
			must(t, s.Standby.Sysctl("net.ipv6.conf.eth0.accept_dad", "1"))
			ip(t, s.Standby, "address", "add", whole(s.VIP), "dev", "eth0")
			must(t, s.Standby.SetMAC("eth0", net.HardwareAddr{2, 0, 0, 0, 0, 5})) // announces
			d.awaitLog(fmt.Sprintf("VIP %v is claimed by %v on eth0", s.VIP, macOf(t, s.Standby)))
			ip(t, s.Standby, "address", "add", whole(s.VIP6), "dev", "eth0")
			d.awaitLog(fmt.Sprintf("VIP %v is claimed by %v on eth0", s.VIP6, macOf(t, s.Standby)))
			eventually(t, "the standby gives up "+s.VIP6.String(), func() bool {
				out, err := s.Standby.Run(t.Context(), "ip", "-6", "address", "show", "dev", "eth0")
				return err == nil && strings.Contains(string(out), "dadfailed")
			})
		})
	}
}

// awaitLog waits until the director has logged text.
func (d *director) awaitLog(text string) {
	d.t.Helper()
	eventually(d.t, "the director logs "+text, func() bool {
		return strings.Contains(string(d.log.since(0)), text)
	})
}

// The VIP appears on an interface of the director and vanishes. What is not the
// service's is the host's in between, and nobody's before and after.
func TestVIPComesAndGoes(t *testing.T) {
	for _, p := range unheld {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%s, %s", p.name, mode), func(t *testing.T) {
				t.Parallel()
				need(t, "socat")
				s := p.raise(t)
				serveAll(t, s)
				serveEcho(t, s.Director, 22)
				direct(t, s, s.web(mode))
				for _, f := range s.families() {
					checkRefused(t, s.Client, f.vip, 22)
					ip(t, s.Director, "address", "add", whole(f.vip), "dev", "eth0")
					awaitPort(t, s.Client, netip.AddrPortFrom(f.vip, 22))
					checkTurns(t, s, f, 4)
					checkRefused(t, s.Client, f.vip, 81)
					ip(t, s.Director, "address", "del", whole(f.vip), "dev", "eth0")
					eventually(t, "port 22 is refused again", func() bool {
						return errors.Is(dial(t, s.Client, f.vip, 22, patience/100), syscall.ECONNREFUSED)
					})
					checkTurns(t, s, f, 4)
					checkPing(t, s.Client, f.vip)
				}
			})
		}
	}
}

// dial returns why h does not reach port of addr within a timeout.
func dial(t *testing.T, h *lab.Host, addr netip.Addr, port uint16, timeout time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	c, err := h.Dial(ctx, "tcp", netip.AddrPortFrom(addr, port).String())
	if err == nil {
		_ = c.Close()
	}
	return err
}
