// Package lvs holds the words of the Linux Virtual Server model as types.
//
// Everything here is named as ipvsadm and the kernel name it, and everything
// here is a plain value: other packages meet in these words and need not know
// one another. Nothing here handles a packet or keeps a connection; the one
// piece of shared state is Loads, which conntrack writes and sched reads.
package lvs

import "fmt"

// A Protocol is an IP protocol number that a service can have.
type Protocol uint8

// The protocols of the model, by IANA number.
const (
	IP     Protocol = 0 // any protocol: of the templates of firewall-mark services
	ICMP   Protocol = 1
	TCP    Protocol = 6
	UDP    Protocol = 17
	ESP    Protocol = 50
	AH     Protocol = 51
	ICMPv6 Protocol = 58
	SCTP   Protocol = 132
)

// String returns the name that ipvsadm prints: "TCP", "UDP", "SCTP".
func (p Protocol) String() string {
	switch p {
	case IP:
		return "IP"
	case ICMP:
		return "ICMP"
	case TCP:
		return "TCP"
	case UDP:
		return "UDP"
	case ESP:
		return "ESP"
	case AH:
		return "AH"
	case ICMPv6:
		return "ICMPv6"
	case SCTP:
		return "SCTP"
	}
	return fmt.Sprintf("IP_%d", uint8(p))
}

// A Method is a forwarding method: how a packet reaches its real server.
type Method uint8

// The forwarding methods. The first five carry the kernel's numbers
// (IP_VS_CONN_F_MASQ and so on); FULLNAT is not in the kernel.
const (
	NAT           Method = 0 // masquerading: rewrite the destination, and the source of replies
	LocalNode     Method = 1 // the real server is the director itself
	Tunnel        Method = 2 // send the packet inside another one
	DirectRouting Method = 3 // change nothing but the MAC addresses
	Bypass        Method = 4 // to the original destination (cache_bypass)
	FullNAT       Method = 5 // rewrite source and destination both ways
)

// String returns the word that `ipvsadm -L` prints in its Forward column; fullnat is
// spelled as DPVS does.
func (m Method) String() string {
	switch m {
	case NAT:
		return "Masq"
	case LocalNode:
		return "Local"
	case Tunnel:
		return "Tunnel"
	case DirectRouting:
		return "Route"
	case Bypass:
		return "Bypass"
	case FullNAT:
		return "FullNat"
	}
	return fmt.Sprintf("Method(%d)", uint8(m))
}
