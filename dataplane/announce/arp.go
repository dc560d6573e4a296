package announce

import (
	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// broadcast is every station's address.
var broadcast = header.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// readARP returns what the ARP packet at the front of b says.
func readARP(b []byte) (message, bool) {
	arp, ok := header.ParseARP(b)
	if !ok {
		return message{}, false
	}
	m := message{from: arp.SenderMAC()}
	if sender := arp.SenderIP(); sender != 0 { // 0.0.0.0 is a probe's (RFC 5227, section 2.1.1)
		m.owned = lvs.Addr4(sender)
	}
	switch arp.Op() {
	case header.ARPRequest:
		m.wanted = lvs.Addr4(arp.TargetIP())
	case header.ARPReply:
	default:
		return message{}, false
	}
	return m, true
}

// answerARP returns the reply to m. A probe is replied to as any request is,
// which tells its sender that the address is in use (RFC 5227, section 2.1.1).
func answerARP(m message, vip lvs.Addr, mac header.MAC, t tag) []byte {
	frame, b := newFrame(m.from, mac, t, header.TypeARP, header.ARPSize)
	arp := header.PutARP(b, header.ARPReply)
	arp.SetSenderMAC(mac)
	arp.SetSenderIP(vip.V4())
	arp.SetTargetMAC(m.from)
	arp.SetTargetIP(m.owned.V4())
	return frame
}

// announceARP returns an ARP announcement: a request, since some stations do not
// look at replies that they have not asked for (RFC 5227, section 3).
func announceARP(vip lvs.Addr, mac header.MAC, t tag) []byte {
	frame, b := newFrame(broadcast, mac, t, header.TypeARP, header.ARPSize)
	arp := header.PutARP(b, header.ARPRequest)
	arp.SetSenderMAC(mac)
	arp.SetSenderIP(vip.V4())
	arp.SetTargetIP(vip.V4())
	return frame
}
