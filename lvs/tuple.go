package lvs

import "net/netip"

// A Tuple is the addressing of one packet as it is on the wire: who sent it to
// whom. Ports are in host byte order, and zero for protocols that have none.
type Tuple struct {
	Src, Dst         Addr
	SrcPort, DstPort uint16
	Proto            Protocol
}

// Reverse returns the tuple of a packet that answers t.
func (t Tuple) Reverse() Tuple {
	return Tuple{Src: t.Dst, Dst: t.Src, SrcPort: t.DstPort, DstPort: t.SrcPort, Proto: t.Proto}
}

// String returns t for a log line: "TCP 198.51.100.7:4242 -> 192.0.2.1:80".
func (t Tuple) String() string {
	return t.Proto.String() + " " + netip.AddrPortFrom(t.Src.Netip(), t.SrcPort).String() +
		" -> " + netip.AddrPortFrom(t.Dst.Netip(), t.DstPort).String()
}
