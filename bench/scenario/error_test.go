package scenario

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// What a real server refuses is refused to the client by the service: by a reset,
// or by an ICMP error that quotes the client's own packet.
func TestRefusalReachesTheClient(t *testing.T) {
	for _, d := range []struct {
		name string
		deployment
	}{{"masquerading", simple}, {"direct routing", s3b}} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := d.raise(t, lab.WireOptions{})
			c := s.web(config.XDP)
			c.Services = append(c.Services, s.config(config.XDP, "rr", lvs.UDP, 80).Services...)
			direct(t, s, c)
			for _, f := range s.families() {
				checkRefused(t, s.Client, f.public, 80)
				checkUnreachable(t, s.Client, netip.AddrPortFrom(f.vip, 80))
			}
		})
	}
}

// checkUnreachable checks that h is told that addr has no UDP port.
func checkUnreachable(t *testing.T, h *lab.Host, addr netip.AddrPort) {
	t.Helper()
	c, err := h.Dial(t.Context(), "udp", addr.String())
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(time.Now().Add(patience)))
	_, err = c.Write([]byte("who is there?"))
	must(t, err)
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("UDP to %v: read: %v, want connection refused", addr, err)
	}
}

// A datagram to a port that no service has is the host's to answer.
func TestDatagramToNoService(t *testing.T) {
	t.Parallel()
	s := s1.raise(t, lab.WireOptions{})
	direct(t, s, s.config(config.XDP, "rr", lvs.UDP, 53))
	for _, f := range s.families() {
		checkUnreachable(t, s.Client, netip.AddrPortFrom(f.vip, 54))
	}
}

// The client of a real server that is switched off learns so.
func TestRealServerIsOff(t *testing.T) {
	t.Parallel()
	off := simple
	off.v4.reals, off.v6.reals = []string{"192.0.2.99"}, []string{"2001:db8:2::99"}
	s := off.raise(t, lab.WireOptions{})
	direct(t, s, s.web(config.XDP))
	for _, f := range s.families() {
		t.Run(f.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			c, err := s.Client.Dial(ctx, "tcp", netip.AddrPortFrom(f.public, 80).String())
			if !errors.Is(err, syscall.EHOSTUNREACH) {
				t.Errorf("dial: %v, want no route to host", err)
			}
			if err == nil {
				c.Close()
			}
		})
	}
}

// A client whose packets are too large for a link behind the director is told
// so, and its upload arrives.
func TestSmallerLinkBehindTheDirector(t *testing.T) {
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{})
	var folders []string
	for _, rs := range s.Real {
		folders = append(folders, serveWeb(t, rs, "rs", s.port))
	}
	ip(t, s.Director, "link", "set", "eth1", "mtu", "1400")
	direct(t, s, s.web(config.XDP))
	file := filepath.Join(t.TempDir(), "large")
	want := writeLarge(t, file, 1<<20)
	for _, f := range s.families() {
		curl(t, s.Client, "-T", file, url(f.public, 80)+"files/"+f.name)
		path := filepath.Join(folders[0], f.name)
		if _, err := os.Stat(path); err != nil {
			path = filepath.Join(folders[1], f.name)
		}
		if got := sum(t, path); got != want {
			t.Errorf("%s: uploaded %s, want %s", f.name, got, want)
		}
	}
}

// ip runs ip(8) in h.
func ip(t *testing.T, h *lab.Host, args ...string) {
	t.Helper()
	need(t, "ip")
	_, err := h.Run(t.Context(), "ip", args...)
	must(t, err)
}
