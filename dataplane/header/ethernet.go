package header

import "net"

// EthernetSize is the size of an Ethernet header without tags.
const EthernetSize = 14

// The EtherTypes that the director tells apart.
const (
	TypeIPv4 uint16 = 0x0800
	TypeARP  uint16 = 0x0806
	TypeVLAN uint16 = 0x8100 // 802.1Q
	TypeQinQ uint16 = 0x88a8 // 802.1ad
	TypeIPv6 uint16 = 0x86dd
)

// A MAC is an Ethernet address.
type MAC [6]byte

// String returns the address as "02:00:00:00:00:01".
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// IsMulticast reports whether m names a group; broadcast is one.
func (m MAC) IsMulticast() bool { return m[0]&1 != 0 }

// IsZero reports whether m is the zero MAC, which is no station's address.
func (m MAC) IsZero() bool { return m == MAC{} }

// Ethernet is an Ethernet header and whatever follows it, viewed in place.
type Ethernet []byte

// ParseEthernet views b as Ethernet. It reports false if b is too short to hold
// a header.
func ParseEthernet(b []byte) (Ethernet, bool) {
	if len(b) < EthernetSize {
		return nil, false
	}
	return Ethernet(b), true
}

// Dst returns the destination address.
func (h Ethernet) Dst() MAC { return MAC(h[0:6]) }

// Src returns the source address.
func (h Ethernet) Src() MAC { return MAC(h[6:12]) }

// Type returns the EtherType; a tag's, if one follows.
func (h Ethernet) Type() uint16 { return be16(h[12:]) }

// SetDst sets the destination address.
func (h Ethernet) SetDst(m MAC) { copy(h[0:6], m[:]) }

// SetSrc sets the source address.
func (h Ethernet) SetSrc(m MAC) { copy(h[6:12], m[:]) }

// SetType sets the EtherType.
func (h Ethernet) SetType(t uint16) { put16(h[12:], t) }

// Payload returns what follows the header, tags included.
func (h Ethernet) Payload() []byte { return h[EthernetSize:] }
