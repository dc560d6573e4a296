package scenario

import (
	"net/netip"
	"path/filepath"
	"testing"

	"xlvs/lvs"

	"xlvs/config"
)

// Real servers to which no client has a way answer in turn and see the local
// address. Large files arrive whole, also by way of the other family.
func TestFullNATAcrossSubnets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 20<<20)
	forEachVariant(t, func(t *testing.T, v variant, mode config.Mode) {
		s := v.raise(t)
		serveWeb(t, s.Real[1], "rs2", s.port)
		files := serveFile(t, s, file)
		d := direct(t, s, v.with(s.web(mode)))
		for _, f := range s.families() {
			checkTurns(t, s, f, 10)
		}
		d.reload(v.with(s.onlyFirst(mode)))
		for _, f := range s.families() {
			checkDownload(t, s.Client, url(f.public, 80)+"files/file", want)
			checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
		}
	})
}

func TestNameServersBehindFullNAT(t *testing.T) {
	need(t, "dig")
	forEachVariant(t, func(t *testing.T, v variant, mode config.Mode) {
		s := v.raise(t)
		s.port = 53
		here := *s
		here.method = lvs.NAT // they listen where a masquerading director would send
		for i := range s.Real {
			serveNames(t, &here, i)
		}
		direct(t, s, v.with(s.config(mode, "rr", lvs.UDP, 53)))
		for _, f := range s.families() {
			checkNames(t, s, f, 10)
		}
	})
}

// Ports of a local address that are not the director's stay the host's: a session
// of its own goes on, and so does what the host asks real servers for. Where no
// interface holds the address nobody is there.
func TestHostBesideLocals(t *testing.T) {
	need(t, "socat", "ping")
	forEachVariant(t, func(t *testing.T, v variant, mode config.Mode) {
		s := v.raise(t)
		serveAll(t, s)
		serveEcho(t, s.Director, 22)
		held := v.ports[1] < 65535
		var sessions []*session
		for _, a := range v.locals {
			if held {
				sessions = append(sessions, login(t, s.Real[0], netip.AddrPortFrom(parse(a), 22)))
			}
		}
		d := direct(t, s, v.with(s.web(mode)))
		for i, f := range s.families() {
			checkTurns(t, s, f, 10)
			checkPing(t, s.Real[0], parse(v.locals[i]))
			checkRefused(t, s.Real[0], parse(v.locals[i]), 2000)
			if !held {
				checkRefused(t, s.Real[0], parse(v.locals[i]), 22)
			}
			curl(t, s.Director, url(parse(f.reals[0]), s.port))
		}
		d.reload(v.with(s.config(mode, "wrr", lvs.TCP, 80, 2, 1)))
		for _, session := range sessions {
			session.checkAlive(t)
		}
	})
}

// An error of a router behind the director comes to the client as one about the
// packet that it has sent, and in its own IP version.
func TestNarrowLinkBehindFullNAT(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 8<<20)
	forEachVariant(t, func(t *testing.T, v variant, mode config.Mode) {
		s := v.raise(t)
		setMTU(t, s.Router, "eth1", narrow)
		files := serveFile(t, s, file)
		direct(t, s, v.with(s.onlyFirst(mode)))
		for _, f := range s.families() {
			checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
			checkPathMTU(t, s.Client, f, v.room(f, narrow))
		}
	})
}

// The same, where the narrow link is the director's own.
func TestNarrowLinkOfFullNAT(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 8<<20)
	forEachVariant(t, func(t *testing.T, v variant, mode config.Mode) {
		s := v.raise(t)
		setMTU(t, s.Director, "eth1", narrow)
		setMTU(t, s.Router, "eth0", narrow)
		files := serveFile(t, s, file)
		direct(t, s, v.with(s.onlyFirst(mode)))
		for _, f := range s.families() {
			checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
			checkPathMTU(t, s.Client, f, v.room(f, narrow))
		}
	})
}

// room returns how long a client's packet may be that leaves by a link of mtu.
func (v variant) room(f family, mtu int) int {
	switch {
	case !v.crossed:
		return mtu
	case f.vip.Is4():
		return mtu - 20
	}
	return mtu + 20
}
