package encap

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
)

// The codepoints of explicit congestion notification, the low bits of a type of
// service or traffic class (RFC 3168).
const (
	ecnMask uint8 = 3
	ecnNone uint8 = 0 // not ECN-capable
	ecnECT1 uint8 = 1
	ecnECT0 uint8 = 2
	ecnCE   uint8 = 3 // congestion experienced
)

// outerClass returns the type of service, or traffic class, of the packet around
// one of class. Congestion that was met before the tunnel is told inside only
// (RFC 3168, section 9.1.1; INET_ECN_encapsulate).
func outerClass(class uint8) uint8 {
	if class&ecnMask == ecnCE {
		return class&^ecnMask | ecnECT0
	}
	return class
}

// innerClass returns the class of a packet of class inner that leaves a tunnel
// where the outer one has outer: congestion on the way goes on to the receiver.
// It reports false for a packet that has to be dropped instead, as its sender
// would not understand (RFC 6040, section 4.2).
func innerClass(outer, inner uint8) (class uint8, ok bool) {
	switch outer, ecn := outer&ecnMask, inner&ecnMask; {
	case ecn == ecnNone:
		return inner, outer != ecnCE
	case outer == ecnCE, outer == ecnECT1 && ecn == ecnECT0:
		return inner&^ecnMask | outer, true
	}
	return inner, true
}

// classOf returns the type of service, or traffic class, of the IP packet b.
func classOf(b []byte) uint8 {
	if b[0]>>4 == 6 {
		return header.IPv6(b).TrafficClass()
	}
	return header.IPv4(b).TOS()
}

// setClass sets the type of service, or traffic class, of the IP packet b.
func setClass(b []byte, class uint8) {
	if b[0]>>4 == 6 {
		h := header.IPv6(b)
		h.SetFlow(class, h.FlowLabel())
		return
	}
	h := header.IPv4(b)
	h.SetChecksum(checksum.Update(h.Checksum(), uint16(h.TOS()), uint16(class)))
	h.SetTOS(class)
}
