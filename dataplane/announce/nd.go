package announce

import (
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/lvs"
)

const (
	// hopLimit proves that no router has forwarded a message.
	hopLimit = 255

	addrSize = 16
	ndSize   = header.ICMPSize + addrSize // a solicitation or advertisement without options

	flagSolicited = 1 << 30 // in an advertisement: it answers
	flagOverride  = 1 << 29 // it replaces what is cached
)

// allNodes is ff02::1, and allNodesMAC the Ethernet group it is sent to.
var (
	allNodes    = lvs.Addr{Hi: 0xff02 << 48, Lo: 1}
	allNodesMAC = header.MAC{0x33, 0x33, 0, 0, 0, 1}
)

// readND returns what the IPv6 packet at the front of b says, which the station
// src has sent. Validity is that of RFC 4861, sections 7.1.1 and 7.1.2.
func readND(b []byte, src header.MAC) (message, bool) {
	ip, ok := header.ParseIPv6(b)
	if !ok || ip.NextHeader() != header.ProtoICMPv6 || ip.HopLimit() != hopLimit {
		return message{}, false
	}
	icmp, ok := header.ParseICMP(ip.Payload())
	if !ok || len(icmp) < ndSize || icmp.Code() != 0 || sumND(ip) != 0 {
		return message{}, false
	}
	target := lvs.Addr16(icmp.Payload())
	if target.Is4() || target.Netip().IsMulticast() { // IPv4-mapped is no address on a wire
		return message{}, false
	}
	options := icmp.Payload()[addrSize:]
	switch icmp.Type() {
	case header.ICMPv6NeighborSolicitation:
		return readSolicitation(ip, target, options, src)
	case header.ICMPv6NeighborAdvertisement:
		return readAdvertisement(ip, target, options, src, icmp.Rest())
	}
	return message{}, false
}

func readSolicitation(ip header.IPv6, target lvs.Addr, options []byte, src header.MAC) (message, bool) {
	mac, found, ok := linkAddr(options, optionSource)
	sender := lvs.Addr16(ip.Src())
	if !ok || sender.Is4() || sender.Netip().IsMulticast() {
		return message{}, false
	}
	if sender.IsZero() && (found || lvs.Addr16(ip.Dst()) != solicitedNode(target)) {
		return message{}, false
	}
	if !found {
		mac = src
	}
	return message{from: mac, owned: sender, wanted: target}, true
}

func readAdvertisement(ip header.IPv6, target lvs.Addr, options []byte, src header.MAC, flags uint32) (message, bool) {
	mac, found, ok := linkAddr(options, optionTarget)
	if !ok || flags&flagSolicited != 0 && lvs.Addr16(ip.Dst()).Netip().IsMulticast() {
		return message{}, false
	}
	if !found {
		mac = src
	}
	return message{from: mac, owned: target}, true
}

// answerND returns the advertisement that m solicits: to everybody if it is a
// probe, whose sender has no address yet (RFC 4861, section 7.2.4).
func answerND(m message, vip lvs.Addr, mac header.MAC, t tag) []byte {
	if m.owned.IsZero() {
		return announceND(vip, mac, t)
	}
	return advertise(m.from, m.owned, flagSolicited|flagOverride, vip, mac, t)
}

// announceND returns an unsolicited advertisement (RFC 4861, section 7.2.6).
func announceND(vip lvs.Addr, mac header.MAC, t tag) []byte {
	return advertise(allNodesMAC, allNodes, flagOverride, vip, mac, t)
}

// advertise returns a neighbour advertisement from vip, which is at mac.
func advertise(to header.MAC, dst lvs.Addr, flags uint32, vip lvs.Addr, mac header.MAC, t tag) []byte {
	const size = ndSize + optionSize
	frame, b := newFrame(to, mac, t, header.TypeIPv6, header.IPv6Size+size)
	from, dst16 := vip.As16(), dst.As16()
	ip := header.IPv6(b)
	ip.SetFlow(0, 0)
	ip.SetPayloadLen(size)
	ip.SetNextHeader(header.ProtoICMPv6)
	ip.SetHopLimit(hopLimit)
	ip.SetSrc(from[:])
	ip.SetDst(dst16[:])
	icmp := header.ICMP(ip.Payload())
	icmp.SetType(header.ICMPv6NeighborAdvertisement)
	icmp.SetRest(flags)
	copy(icmp.Payload(), from[:])
	putLinkAddr(icmp.Payload()[addrSize:], optionTarget, mac)
	icmp.SetChecksum(sumND(ip))
	return frame
}

// sumND returns the ICMPv6 checksum of ip: 0 if its field is right, and what the
// field should be if it is 0.
func sumND(ip header.IPv6) uint16 {
	b := ip.Payload()
	return ^checksum.Fold(checksum.Add(checksum.Pseudo6(ip.Src(), ip.Dst(), header.ProtoICMPv6, len(b)), b))
}
