// Package encap is what each forwarding method does to a packet.
//
// One file per method. Each function changes a packet whose headers have been
// found (L3 and L4 are set) and leaves every checksum that covers a change
// right, or as unfinished as it was. Where packets go, and whether they should,
// is decided elsewhere; nothing here looks up a connection or a route.
package encap

import (
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// TTL returns the time to live, or hop limit, of p.
func TTL(p *packet.Packet) uint8 {
	b := p.Bytes()[p.L3:]
	if b[0]>>4 == 4 {
		return header.IPv4(b).TTL()
	}
	return header.IPv6(b).HopLimit()
}

// DecrementTTL takes one hop off p, as every router does, in all methods. TTL
// must have been found to be above 1.
func DecrementTTL(p *packet.Packet) {
	b := p.Bytes()[p.L3:]
	if b[0]>>4 == 4 {
		header.IPv4(b).DecrementTTL()
		return
	}
	h := header.IPv6(b)
	h.SetHopLimit(h.HopLimit() - 1)
}
