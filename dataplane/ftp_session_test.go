package dataplane

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// An ftpSession is one control connection of FTP through a director, and what
// both ends of it have sent so far, by their own count.
type ftpSession struct {
	*testDirector
	client, vip, real netip.AddrPort
	sent              [2]uint32 // by the client, by the server
	delivered         [2]uint32 // to the other end, by that end's count
}

const fromClient, fromServer = 0, 1

// newFTPSession returns an established control connection. client, vip and real
// are addresses of one family; the server listens on port.
func newFTPSession(t *testing.T, client, vip, real string, port uint16) *ftpSession {
	t.Helper()
	return newFTP(t, vip, port, real).session(t, netip.AddrPortFrom(netip.MustParseAddr(client), 4242))
}

// newFTP returns a director of an FTP service of real servers that listen on port.
func newFTP(t *testing.T, vip string, port uint16, reals ...string) *testDirector {
	t.Helper()
	d := newPair(t)
	s := toPort(onPort(testService(lvs.TCP, lvs.NAT, reals...), 21), port)
	s.VIP = netip.MustParseAddr(vip)
	for _, r := range reals {
		d.router.set(r, neigh.Hop{State: neigh.Reachable, MTU: 1500})
	}
	d.configure(t, testConfig(s))
	return d
}

// session has a client open a control connection.
func (d *testDirector) session(t *testing.T, client netip.AddrPort) *ftpSession {
	t.Helper()
	s := &ftpSession{
		testDirector: d, client: client, vip: netip.AddrPortFrom(d.Services()[0].VIP, d.Services()[0].Port),
		sent: [2]uint32{1000, 0xffffffe0}, delivered: [2]uint32{1000, 0xffffffe0},
	}
	s.real = netip.MustParseAddrPort(d.stopOf(t, s.segment(fromClient, header.FlagSYN, s.sent[0], "")))
	s.turn(t, fromClient, header.FlagSYN, "")
	s.turn(t, fromServer, header.FlagSYN|header.FlagACK, "")
	s.turn(t, fromClient, header.FlagACK, "")
	return s
}

// ftpSite4 and ftpSite6 are sessions at a testDirector's addresses.
func ftpSite4(t *testing.T) *ftpSession { return newFTPSession(t, client4, vip4, real4, 21) }
func ftpSite6(t *testing.T) *ftpSession { return newFTPSession(t, client6, vip6, real6, 21) }

// segment returns a segment of the session as its sender sends it: at seq, and
// acknowledging all that has been delivered to it.
func (s *ftpSession) segment(from int, flags header.TCPFlags, seq uint32, payload string) []byte {
	src, dst := s.client, s.vip
	if from == fromServer {
		src, dst = s.real, s.client
	}
	return numbered(packettest.TCP(src.String(), dst.String(), flags, payload), seq, s.delivered[1-from])
}

// numbered returns frame, a segment, with other numbers.
func numbered(frame []byte, seq, ack uint32) []byte {
	h := header.TCP(packettest.Transport(frame))
	h.SetSeq(seq)
	h.SetAck(ack)
	return packettest.Finish(frame)
}

// turn sends a segment, and checks that it arrives where the receiver's count is
// and acknowledges what the receiver has sent. It returns what arrives.
func (s *ftpSession) turn(t *testing.T, from int, flags header.TCPFlags, payload string) string {
	t.Helper()
	seq := s.sent[from]
	out := s.forwarded(t, s.segment(from, flags, seq, payload))
	h, got := s.arrived(t, from, out)
	if h.Seq() != s.delivered[from] {
		t.Errorf("%q arrives at %d, want %d", got, h.Seq(), s.delivered[from])
	}
	if flags&header.FlagACK != 0 && h.Ack() != s.sent[1-from] {
		t.Errorf("%q acknowledges %d, want %d", got, h.Ack(), s.sent[1-from])
	}
	s.sent[from] += uint32(len(payload))
	s.delivered[from] += uint32(len(got))
	if flags&header.FlagSYN != 0 {
		s.sent[from]++
		s.delivered[from]++
	}
	return got
}

// arrived returns the segment in frame and its payload, once it is sound and
// between the right ends.
func (s *ftpSession) arrived(t *testing.T, from int, frame []byte) (header.TCP, string) {
	t.Helper()
	if string(packettest.Finish(frame)) != string(frame) {
		t.Errorf("a checksum is wrong in % x", frame)
	}
	tu := tupleOf(frame)
	src, dst := s.client, s.real
	if from == fromServer {
		src, dst = s.vip, s.client
	}
	if got, want := fmt.Sprint(tu), fmt.Sprintf("TCP %v -> %v", src, dst); got != want {
		t.Errorf("segment goes %s, want %s", got, want)
	}
	h := header.TCP(packettest.Transport(frame))
	return h, string(h[h.DataOffset():])
}

// say is a command of the client, which arrives as it is.
func (s *ftpSession) say(t *testing.T, command string) {
	t.Helper()
	if got := s.turn(t, fromClient, header.FlagACK, command); got != command {
		t.Errorf("%q arrives as %q", command, got)
	}
}

// hear returns what the client hears when the server answers.
func (s *ftpSession) hear(t *testing.T, answer string) string {
	t.Helper()
	return s.turn(t, fromServer, header.FlagACK, answer)
}

// numbers writes an endpoint as a 227 does.
func numbers(e netip.AddrPort) string {
	return fmt.Sprintf("%s,%d,%d", strings.ReplaceAll(e.Addr().String(), ".", ","), e.Port()/256, e.Port()%256)
}
