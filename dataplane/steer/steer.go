// Package steer decides which received frames are the director's.
//
// The decision is one classifier, written twice: Rules.Take in Go, to be read,
// and the body of a BPF program, to be run in front of the host's own stack.
// The body has three shells: XDP redirects to AF_XDP sockets; in packet mode
// SocketFilter keeps the host's frames out of the director's sockets, and Drop
// keeps the director's frames from the host. All look endpoints up in the same
// set, hold no state besides it, and agree on every frame, however odd. A frame
// that is taken may still turn out not to be the director's; a frame that is
// passed never comes back. Nothing here knows a connection, a scheduler or a
// socket.
package steer

import (
	"encoding/binary"
	"net/netip"

	"xlvs/lvs"
)

// Flags say what an endpoint means to the classifier.
type Flags uint32

// What an endpoint can be. Service and Reply stand under the port, or under
// port 0 for every port. The others are of whole addresses and stand under port
// 0 only: fragments, which have no ports, go by them.
const (
	Service     Flags = 1 << iota // packets to it are the director's
	Reply                         // packets from it are answers of a real server
	Local                         // the address is the director host's own (protocol 0)
	ServiceAddr                   // the address has a service of the protocol, or, under protocol 0, any
	ReplyAddr                     // the address has a Reply of the protocol
)

// An Endpoint is one side of a flow. Port 0 is every port of the address;
// port 0 and protocol 0 together are the address itself.
type Endpoint struct {
	Addr  lvs.Addr
	Port  uint16 // host byte order
	Proto lvs.Protocol
}

// String returns e for a log line: "TCP 192.0.2.1:80".
func (e Endpoint) String() string {
	return e.Proto.String() + " " + netip.AddrPortFrom(e.Addr.Netip(), e.Port).String()
}

// keySize is the size of a key of the BPF map: address, port in network byte
// order, protocol, and a byte that stays zero.
const keySize = 20

// key returns e as the BPF map spells it.
func (e Endpoint) key() (k [keySize]byte) {
	addr := e.Addr.As16()
	copy(k[:], addr[:])
	binary.BigEndian.PutUint16(k[16:], e.Port)
	k[18] = byte(e.Proto)
	return k
}

// Rules are what the classifier is to look for. A nil Rules takes nothing and
// cannot be added to; make one.
type Rules map[Endpoint]Flags

// AddService has packets to addr and port taken, or to every port of addr if
// port is 0. Packets from there count as replies: those of direct routing and
// tunneling leave the real server with the service's own address.
func (r Rules) AddService(proto lvs.Protocol, addr lvs.Addr, port uint16) {
	r[Endpoint{addr, port, proto}] |= Service
	r[Endpoint{addr, 0, proto}] |= ServiceAddr
	r[Endpoint{Addr: addr}] |= ServiceAddr
}

// AddReply has packets from addr and port taken, or from every port of addr if
// port is 0, unless the director host itself is who they are for.
func (r Rules) AddReply(proto lvs.Protocol, addr lvs.Addr, port uint16) {
	r[Endpoint{addr, port, proto}] |= Reply
	r[Endpoint{addr, 0, proto}] |= ReplyAddr
}

// AddLocal makes addr one of the director host's own: what a real server sends
// there is the host's, unless addr is a service's as well.
func (r Rules) AddLocal(addr lvs.Addr) { r[Endpoint{Addr: addr}] |= Local }

// AddUnheld has everything taken that a host would answer for addr: it is a
// service's, but on no interface, so that the host does not know it.
func (r Rules) AddUnheld(addr lvs.Addr) {
	r.AddService(lvs.TCP, addr, 0)
	r.AddService(lvs.UDP, addr, 0)
	icmp := lvs.ICMP
	if !addr.Is4() {
		icmp = lvs.ICMPv6
	}
	r.AddService(icmp, addr, 0)
}

// AddClient has packets to one port of the host's own taken: a client on the
// director itself has a connection to a service there.
func (r Rules) AddClient(proto lvs.Protocol, addr lvs.Addr, port uint16) {
	r[Endpoint{addr, port, proto}] |= Service
}
