package header

// ARPSize is the size of an ARP packet for IPv4 over Ethernet.
const ARPSize = 28

// The operations of ARP.
const (
	ARPRequest uint16 = 1
	ARPReply   uint16 = 2
)

// arpPrefix says Ethernet, IPv4, and how long their addresses are.
const arpPrefix = "\x00\x01\x08\x00\x06\x04"

// ARP is an ARP packet for IPv4 over Ethernet, viewed in place (RFC 826).
type ARP []byte

// ParseARP views b as ARP; padding is cut off. It reports false if b is too
// short, or if it speaks of other addresses than IPv4 over Ethernet.
func ParseARP(b []byte) (ARP, bool) {
	if len(b) < ARPSize || string(b[:len(arpPrefix)]) != arpPrefix {
		return nil, false
	}
	return ARP(b[:ARPSize]), true
}

// PutARP begins an ARP packet for IPv4 over Ethernet at the front of b, which
// must have room for ARPSize bytes. The addresses are left as they are in b.
func PutARP(b []byte, op uint16) ARP {
	h := ARP(b[:ARPSize])
	copy(h, arpPrefix)
	h.SetOp(op)
	return h
}

// Op returns the operation, ARPRequest or ARPReply.
func (h ARP) Op() uint16 { return be16(h[6:]) }

// SenderMAC returns the Ethernet address of who sends the packet.
func (h ARP) SenderMAC() MAC { return MAC(h[8:14]) }

// SenderIP returns the IPv4 address of who sends the packet.
func (h ARP) SenderIP() uint32 { return be32(h[14:]) }

// TargetMAC returns the Ethernet address of the target, in a request unset.
func (h ARP) TargetMAC() MAC { return MAC(h[18:24]) }

// TargetIP returns the IPv4 address of the target.
func (h ARP) TargetIP() uint32 { return be32(h[24:]) }

// SetOp sets the operation.
func (h ARP) SetOp(op uint16) { put16(h[6:], op) }

// SetSenderMAC sets the Ethernet address of who sends the packet.
func (h ARP) SetSenderMAC(m MAC) { copy(h[8:14], m[:]) }

// SetSenderIP sets the IPv4 address of who sends the packet.
func (h ARP) SetSenderIP(a uint32) { put32(h[14:], a) }

// SetTargetMAC sets the Ethernet address of the target.
func (h ARP) SetTargetMAC(m MAC) { copy(h[18:24], m[:]) }

// SetTargetIP sets the IPv4 address of the target.
func (h ARP) SetTargetIP(a uint32) { put32(h[24:], a) }
