package lvs

import "fmt"

// A TunnelType is what a tunnel puts around a packet (ipvsadm --tun-type).
type TunnelType uint8

// The types, by the kernel's numbers (IP_VS_CONN_F_TUNNEL_TYPE_IPIP and so on).
const (
	TunnelIPIP TunnelType = 0 // an IP header and nothing else
	TunnelGUE  TunnelType = 1 // generic UDP encapsulation, to a port of the destination
	TunnelGRE  TunnelType = 2 // generic routing encapsulation
)

// String returns the name that ipvsadm's --tun-type takes.
func (t TunnelType) String() string {
	switch t {
	case TunnelIPIP:
		return "ipip"
	case TunnelGUE:
		return "gue"
	case TunnelGRE:
		return "gre"
	}
	return fmt.Sprintf("TunnelType(%d)", uint8(t))
}

// TunnelFlags say which checksum the outer header of gue or gre has. The kernel
// has bits; ipvsadm takes at most one of them.
type TunnelFlags uint16

// The flags, by the kernel's numbers (IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM and so on).
const (
	TunnelNoCsum  TunnelFlags = 0 // none
	TunnelCsum    TunnelFlags = 1 // over the whole packet
	TunnelRemCsum TunnelFlags = 2 // gue: likewise, and the destination finishes the inner one that a sender has left
)

// String returns the name that ipvsadm's option has after --tun-.
func (f TunnelFlags) String() string {
	switch f {
	case TunnelNoCsum:
		return "nocsum"
	case TunnelCsum:
		return "csum"
	case TunnelRemCsum:
		return "remcsum"
	}
	return fmt.Sprintf("TunnelFlags(%#x)", uint16(f))
}
