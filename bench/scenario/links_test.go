package scenario

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// wireModes are the modes in which each scenario with changing interfaces is
// tried: they differ in what is bound to an interface.
var wireModes = []config.Mode{config.XDP, config.Packet}

// A linkChange is what happens to the interfaces of a running director, or at
// the other end of its wires.
type linkChange struct {
	name       string
	effect     effect
	begin, end func(*testing.T, *site)
}

// An effect is what a change may do to the service at worst.
type effect int

const (
	unnoticed effect = iota
	outage           // there is no way while it lasts
	// An outage, after which clients come by a new interface. Until the director
	// has that, the host answers for its address: it resets connections on which
	// something arrives.
	answeredByHost
)

var linkChanges = []linkChange{
	{"client's cable pulled", outage, setLink(theClient, "down"), setLink(theClient, "up")},
	{"switch's cable pulled", outage, setLink(theSwitch, "down"), setLink(theSwitch, "up")},
	{"client's side down", outage, setLink(clientSide, "down"), setLink(clientSide, "up")},
	{"real servers' side down", outage, setLink(realSide, "down"), setLink(realSide, "up")},
	{"client's side deleted", answeredByHost, deleteLink("eth0"), rewireClient},
	{"real servers' side deleted", outage, deleteLink("eth1"), replug},
	{"all deleted", answeredByHost, deleteBoth, rewireBoth},
	{"client's side renamed", unnoticed, rename("eth0", "wan0"), rename("wan0", "eth0")},
	{"real servers' side renamed", unnoticed, rename("eth1", "lan0"), rename("lan0", "eth1")},
	{"smaller MTU on the client's wire", unnoticed, setClientMTU("1400"), setClientMTU("1500")},
	{"smaller MTU on the real servers' subnet", unnoticed, setRealMTU("1400"), setRealMTU("1500")},
	{"another MAC on the client's side", unnoticed, setLink(clientSide, "address", "02:00:00:00:00:a0"), setLink(clientSide, "address", "02:00:00:00:00:a1")},
	{"another MAC on the real servers' side", unnoticed, setLink(realSide, "address", "02:00:00:00:00:b0"), setLink(realSide, "address", "02:00:00:00:00:b1")},
	{"another MAC of the client", unnoticed, setLink(theClient, "address", "02:00:00:00:00:c0"), setLink(theClient, "address", "02:00:00:00:00:c1")},
	{"VIP no address of the host", unnoticed, readdress("198.51.100.1/24", "198.51.100.99/24"), readdress("198.51.100.99/24", "198.51.100.1/24")},
}

// Whatever happens to its interfaces, the director serves as soon as there is a
// way again. New connections are made, and one that was made before all this
// goes on.
func TestLinksChange(t *testing.T) {
	for _, mode := range wireModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := raiseSteady(t)
			_, accepted := directAll(t, s, mode)
			streams := openStreams(t, s, accepted)
			for _, change := range linkChanges {
				t.Run(change.name, func(t *testing.T) {
					change.check(t, s, streams)
				})
			}
		})
	}
}

// check makes the change, and takes it back.
func (c *linkChange) check(t *testing.T, s *site, streams []stream) {
	t.Helper()
	var sessions []*session
	if c.effect != answeredByHost {
		sessions = openSessions(t, s)
	}
	c.begin(t, s)
	if c.effect == unnoticed {
		checkServed(t, s, streams)
	} else {
		_, _ = tryCurl(t.Context(), s.Client, "--max-time", "0.1", url(s.Public, 80)) // keeps the queues busy
	}
	c.end(t, s)
	checkServed(t, s, streams)
	for _, session := range sessions {
		session.checkAlive(t)
	}
}

// raiseSteady is a simple site whose IPv6 addresses stay when a link goes down,
// as IPv4 addresses do.
func raiseSteady(t *testing.T) *site {
	t.Helper()
	s := simple.raise(t, lab.WireOptions{})
	for _, h := range []*lab.Host{s.Client, s.Director} {
		must(t, h.Sysctl("net.ipv6.conf.all.keep_addr_on_down", "1"))
	}
	return s
}

// A stream is a connection to a service that is to outlive changes.
type stream struct{ client, server *net.TCPConn }

// The services beside the web: one of streams, and one that echoes (RFC 862).
const (
	streamPort = 8000
	echoPort   = 7
)

// directAll starts a director for the web, for streams and for echoes, and
// returns where streams arrive.
func directAll(t *testing.T, s *site, mode config.Mode, interfaces ...string) (*director, <-chan *net.TCPConn) {
	t.Helper()
	need(t, "socat")
	serveAll(t, s)
	c := s.web(mode)
	c.Dataplane.Interfaces = interfaces
	c.Dataplane.MaxConnections = 10_000 // so that memory is all in use soon
	more := *s
	for _, more.port = range []uint16{streamPort, echoPort} {
		c.Services = append(c.Services, more.config(mode, "rr", lvs.TCP, more.port).Services...)
	}
	for _, rs := range s.Real {
		serveEcho(t, rs, echoPort)
	}
	more.port = streamPort
	accepted := serveStreams(t, &more)
	return direct(t, s, c), accepted
}

// openSessions has data flow by each address family from now on.
func openSessions(t *testing.T, s *site) (sessions []*session) {
	t.Helper()
	for _, f := range s.families() {
		sessions = append(sessions, login(t, s.Client, netip.AddrPortFrom(f.vip, echoPort)))
	}
	return sessions
}

// openStreams opens a stream by each address family.
func openStreams(t *testing.T, s *site, accepted <-chan *net.TCPConn) (streams []stream) {
	t.Helper()
	for _, f := range s.families() {
		conn, err := s.Client.Dial(t.Context(), "tcp", net.JoinHostPort(f.vip.String(), fmt.Sprint(streamPort)))
		must(t, err)
		client := conn.(*net.TCPConn)
		t.Cleanup(func() { client.Close() })
		select {
		case server := <-accepted:
			t.Cleanup(func() { server.Close() })
			streams = append(streams, stream{client, server})
		case <-time.After(patience):
			t.Fatalf("%s: no real server has accepted the connection", f.name)
		}
	}
	return streams
}

// checkServed checks that the service works soon by both address families, and
// that each stream goes on.
func checkServed(t *testing.T, s *site, streams []stream) {
	t.Helper()
	awaitService(t, s)
	for _, f := range s.families() {
		checkTurns(t, s, f, 4)
	}
	checkStreams(t, s, streams)
}

// awaitService waits until every real server answers by both address families. A
// handshake whose first packet was lost takes a second: it asks anew sooner.
func awaitService(t *testing.T, s *site) {
	t.Helper()
	for _, f := range s.families() {
		eventually(t, f.name+" works", func() bool {
			_, err := tryCurl(t.Context(), s.Client, "--max-time", "0.5", "--fail-early", url(f.public, 80)+"[1-4]")
			return err == nil
		})
	}
}

// checkStreams checks that each stream goes on.
func checkStreams(t *testing.T, s *site, streams []stream) {
	t.Helper()
	for i, f := range s.families() {
		if err := streams[i].exchange(); err != nil {
			t.Fatalf("%s: the connection does not go on: %v", f.name, err)
		}
	}
}

// exchange sends more than a few segments in both directions, one after the
// other.
func (s stream) exchange() error {
	if err := carry(s.client, s.server); err != nil {
		return fmt.Errorf("to the server: %w", err)
	}
	if err := carry(s.server, s.client); err != nil {
		return fmt.Errorf("to the client: %w", err)
	}
	return nil
}

// carry writes at one end of a connection and reads the same at the other.
func carry(from, to net.Conn) error {
	want := bytes.Repeat([]byte("who is there? "), 5000)
	end := time.Now().Add(3 * patience) // the sender may wait long before it tries again
	if err := from.SetDeadline(end); err != nil {
		return err
	}
	if err := to.SetDeadline(end); err != nil {
		return err
	}
	written := make(chan error, 1)
	go func() {
		_, err := from.Write(want)
		written <- err
	}()
	got := make([]byte, len(want))
	n, err := io.ReadFull(to, got)
	if err != nil {
		_ = from.SetDeadline(time.Now()) // ends a Write that still waits
		return fmt.Errorf("read %d bytes of %d: %w; write: %w", n, len(want), err, <-written)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("what was read is not what was written")
	}
	return <-written
}
