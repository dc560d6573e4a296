package scenario

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/lvs"
)

// A rawSocket speaks a protocol that the kernel does not, below the IP header.
// While it is open its host takes that protocol's packets without complaint.
type rawSocket struct {
	t    *testing.T
	conn net.PacketConn
	name string
	next *rawPacket // has arrived, and nobody has looked at it
}

// A rawPacket is what follows the IP header of a packet, and its sender.
type rawPacket struct {
	from string
	b    []byte
}

// openRaw opens a socket for protocol on addr of h, which ends with the test.
func openRaw(t *testing.T, h *lab.Host, name string, protocol lvs.Protocol, addr netip.Addr) *rawSocket {
	t.Helper()
	network := fmt.Sprintf("ip4:%d", protocol)
	if addr.Is6() {
		network = fmt.Sprintf("ip6:%d", protocol)
	}
	c, err := h.ListenPacket(network, addr.String())
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return &rawSocket{t: t, conn: c, name: name}
}

// openRawReals opens a socket for protocol on each real server of s, where
// requests of f arrive.
func openRawReals(t *testing.T, s *site, f family, protocol lvs.Protocol) (list []*rawSocket) {
	t.Helper()
	for i, rs := range s.Real {
		list = append(list, openRaw(t, rs, fmt.Sprintf("rs%d", i+1), protocol, s.serving(f, i)))
	}
	return list
}

// serving returns the address that real server i gets requests for.
func (s *site) serving(f family, i int) netip.Addr {
	if s.method == lvs.NAT {
		return parse(f.reals[i])
	}
	return f.vip
}

// send sends b to addr.
func (r *rawSocket) send(b []byte, to netip.Addr) {
	r.t.Helper()
	_, err := r.conn.WriteTo(b, &net.IPAddr{IP: to.AsSlice()})
	must(r.t, err)
}

// arrived waits as long as that for a packet, and reports whether there is one.
func (r *rawSocket) arrived(wait time.Duration) bool {
	r.t.Helper()
	if r.next != nil {
		return true
	}
	must(r.t, r.conn.SetReadDeadline(time.Now().Add(wait)))
	b := make([]byte, 2048)
	n, from, err := r.conn.ReadFrom(b)
	if err != nil {
		return false
	}
	r.next = &rawPacket{from.String(), b[:n]}
	return true
}

// expect checks that want is the next packet that arrives, and who sent it.
func (r *rawSocket) expect(want []byte, from netip.Addr) {
	r.t.Helper()
	if !r.arrived(patience) {
		r.t.Fatalf("%s has got nothing, want % x from %v", r.name, want, from)
	}
	got := r.next
	r.next = nil
	if got.from != from.String() || !bytes.Equal(got.b, want) {
		r.t.Errorf("%s has got % x from %v, want % x from %v", r.name, got.b, got.from, want, from)
	}
}

// whoever waits until a packet has arrived at one of list, and returns that.
func whoever(t *testing.T, list []*rawSocket) (got *rawSocket) {
	t.Helper()
	eventually(t, "a packet arrives", func() bool {
		for _, r := range list {
			if r.arrived(time.Millisecond) {
				got = r
			}
		}
		return got != nil
	})
	return got
}
