// Package steer decides which received frames are the director's.
//
// The decision is one classifier, written twice: Rules.Take in Go, to be read,
// and the body of a BPF program, to be run in front of the host's own stack.
// The body has three shells: XDP redirects to AF_XDP sockets; in packet mode
// SocketFilter keeps the host's frames out of the director's sockets, and Drop
// keeps the director's frames from the host. All look endpoints up in the same
// set, hold no state besides it, and agree on every frame, however odd. Packets
// whose ports are not there or not looked at (AH, ESP, requests for an echo, all
// pieces of a datagram in fragments) go by their addresses. A frame that is taken
// may still turn out not to be the director's; a frame that is passed never comes
// back. Nothing here knows a connection, a scheduler or a socket.
package steer

import (
	"net/netip"

	"xlvs/lvs"
)

// Flags say what an endpoint means to the classifier.
type Flags uint32

// What an endpoint can be. Service and Reply stand under the port, or under
// port 0 for every port. The others are of whole addresses and stand under port
// 0 only: packets without ports go by those that end in Addr.
const (
	Service     Flags = 1 << iota // packets to it are the director's
	Reply                         // packets from it are answers of a real server
	Local                         // the address is the director host's own (protocol 0)
	ServiceAddr                   // packets without ports to it are the director's; under protocol 0, the address is a service's
	ReplyAddr                     // the address has a Reply of the protocol
	Pool                          // packets to its ports from First to Last are the director's
)

// A Rule is what an endpoint means, and to which ports of it.
type Rule struct {
	Flags
	First, Last uint16 // host byte order; zero but for a Pool
}

// and returns what r and o mean together. Of two pools that is one from the first
// port of either to the last.
func (r Rule) and(o Rule) Rule {
	switch {
	case r.Flags&Pool == 0:
		r.First, r.Last = o.First, o.Last
	case o.Flags&Pool != 0:
		r.First, r.Last = min(r.First, o.First), max(r.Last, o.Last)
	}
	r.Flags |= o.Flags
	return r
}

// An Endpoint is one side of a flow. Port 0 is every port of the address;
// port 0 and protocol 0 together are the address itself. With HostBits it is
// every port of every address that differs from Addr in these bits alone.
type Endpoint struct {
	Addr     lvs.Addr
	Port     uint16 // host byte order
	Proto    lvs.Protocol
	HostBits uint8 // how many of the last bits of the address are any; zero in Addr
}

// String returns e for a log line: "TCP 192.0.2.1:80", or "TCP 192.0.2.0/24".
func (e Endpoint) String() string {
	a := e.Addr.Netip()
	if e.HostBits > 0 {
		return e.Proto.String() + " " + netip.PrefixFrom(a, a.BitLen()-int(e.HostBits)).String()
	}
	return e.Proto.String() + " " + netip.AddrPortFrom(a, e.Port).String()
}

// Rules are what the classifier is to look for. A nil Rules takes nothing and
// cannot be added to; make one.
type Rules map[Endpoint]Rule

// add gives e more flags.
func (r Rules) add(e Endpoint, flags Flags) {
	rule := r[e]
	rule.Flags |= flags
	r[e] = rule
}

// AddService has packets to addr and port taken, or to every port of addr if
// port is 0, as it is for AH and ESP, which have none. Packets from there count
// as replies: those of direct routing and tunneling leave the real server with
// the service's own address.
func (r Rules) AddService(proto lvs.Protocol, addr lvs.Addr, port uint16) {
	r.add(Endpoint{Addr: addr, Port: port, Proto: proto}, Service)
	r.add(Endpoint{Addr: addr, Proto: proto}, ServiceAddr)
	r.add(Endpoint{Addr: addr}, ServiceAddr)
}

// AddNetwork has packets to every address in prefix taken, the host's own ones
// among them, whatever their port: firewall marks are given by more than can be
// told here. Protocol 0 is any of TCP, UDP and SCTP. A network of one address is
// a service on all its ports; packets from a larger one are no replies, for few
// of its addresses may be a service's. An invalid prefix has no addresses.
func (r Rules) AddNetwork(proto lvs.Protocol, prefix netip.Prefix) {
	if !prefix.IsValid() {
		return
	}
	if proto == lvs.IP {
		r.AddNetwork(lvs.TCP, prefix)
		r.AddNetwork(lvs.UDP, prefix)
		r.AddNetwork(lvs.SCTP, prefix)
		return
	}
	addr := lvs.AddrFrom(prefix.Masked().Addr())
	if prefix.IsSingleIP() {
		r.AddService(proto, addr, 0)
		return
	}
	hostBits := uint8(prefix.Addr().BitLen() - prefix.Bits())
	r.add(Endpoint{Addr: addr, Proto: proto, HostBits: hostBits}, Service|ServiceAddr)
}

// AddReply has packets from addr and port taken, or from every port of addr if
// port is 0, unless the director host itself is who they are for.
func (r Rules) AddReply(proto lvs.Protocol, addr lvs.Addr, port uint16) {
	r.add(Endpoint{Addr: addr, Port: port, Proto: proto}, Reply)
	r.add(Endpoint{Addr: addr, Proto: proto}, ReplyAddr)
}

// AddLocal makes addr one of the director host's own: what a real server sends
// there is the host's, unless addr is a service's as well.
func (r Rules) AddLocal(addr lvs.Addr) { r.add(Endpoint{Addr: addr}, Local) }

// AddUnheld has everything taken that the director answers for addr in the
// host's place: TCP, UDP and requests for an echo, but not SCTP. The address is a
// service's or a pool's, but on no interface, so that the host does not know it.
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
// director itself has a connection to a service there. So are all fragments to
// the address, for any of them may be the client's.
func (r Rules) AddClient(proto lvs.Protocol, addr lvs.Addr, port uint16) {
	r.add(Endpoint{Addr: addr, Port: port, Proto: proto}, Service)
	r.add(Endpoint{Addr: addr, Proto: proto}, ServiceAddr)
}

// AddPool has packets taken to the ports from first to last of addr, a local
// address that the director sends from in FULLNAT, whoever they come from and
// whether or not addr is the host's own, and so are all fragments. Protocol 0 is
// both of TCP and UDP. Of several pools of one address and protocol, the ports
// between them are taken, too: the host gets back what is no connection's. A pool
// whose last port is before its first is empty.
func (r Rules) AddPool(proto lvs.Protocol, addr lvs.Addr, first, last uint16) {
	switch {
	case first > last:
		return
	case proto == lvs.IP:
		r.AddPool(lvs.TCP, addr, first, last)
		r.AddPool(lvs.UDP, addr, first, last)
		return
	}
	e := Endpoint{Addr: addr, Proto: proto}
	r[e] = r[e].and(Rule{ServiceAddr | Pool, first, last})
}
