package scenario

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"xlvs/bench/lab"
)

// dips are the director's own addresses on the real servers' side of s1.
var dips = [2]string{"192.168.0.139", "2001:db8:1::139"}

// Real servers and the director's host talk to each other beside the service, in
// both directions and over the same pair of addresses.
func TestRealServersTalkToTheDirector(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			need(t, "socat", "ping")
			s := s1.raise(t, lab.WireOptions{})
			serveAll(t, s)
			serveEcho(t, s.Director, 22)
			direct(t, s, s.web(mode))
			atReal, err := s.Real[0].Capture("eth0")
			must(t, err)
			for i, f := range s.families() {
				checkPing(t, s.Real[0], parse(dips[i]))
				checkAsksReals(t, s, f, dips[i])
			}
			checkAnsweredOnce(t, segments(t, atReal))
			atReal.Stop()
			for i, f := range s.families() {
				session := login(t, s.Real[0], netip.AddrPortFrom(parse(dips[i]), 22))
				checkTurns(t, s, f, 10)
				checkAsksReals(t, s, f, dips[i])
				session.checkAlive(t)
			}
		})
	}
}

// checkAsksReals checks that the director's host is a client of each real server,
// by its own address and several times.
func checkAsksReals(t *testing.T, s *site, f family, dip string) {
	t.Helper()
	for i, real := range f.reals {
		got := curl(t, s.Director, url(parse(real), 80)+"[1-5]")
		if want := strings.Repeat(fmt.Sprintf("rs%d %s\n", i+1, dip), 5); got != want {
			t.Errorf("%s answers %q, want %q", real, got, want)
		}
	}
}

// A real server is a client of the director's host too, and from the port that it
// serves on: its packets look like replies, but for where they go.
func TestRealServerDialsFromItsServicePort(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := s1.raise(t, lab.WireOptions{})
			serveWeb(t, s.Director, "director", 7000)
			direct(t, s, s.web(mode))
			for i, f := range s.families() {
				got := curl(t, s.Real[i], "--local-port", "80", url(parse(dips[i]), 7000))
				if want := "director " + f.reals[i]; strings.TrimSpace(got) != want {
					t.Errorf("%s: got %q, want %q", dips[i], got, want)
				}
			}
		})
	}
}
