package announce

import (
	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// A message is what a frame of ARP or neighbour discovery says.
type message struct {
	from    header.MAC // the station that speaks
	owned   lvs.Addr   // the address that it says it has; zero: none yet
	wanted  lvs.Addr   // the address whose station it looks for; zero: it does not ask
	unicast bool       // to the port alone
}

// readMessage returns what frame, received by the station mac, says. It reports
// false if frame is neither ARP nor neighbour discovery, if it is malformed, or
// for another station.
func readMessage(frame []byte, mac header.MAC) (m message, ok bool) {
	eth, ok := header.ParseEthernet(frame)
	if !ok || !eth.Dst().IsMulticast() && eth.Dst() != mac {
		return message{}, false
	}
	switch eth.Type() {
	case header.TypeARP:
		m, ok = readARP(eth.Payload())
	case header.TypeIPv6:
		m, ok = readND(eth.Payload(), eth.Src())
	default:
		return message{}, false
	}
	m.unicast = eth.Dst() == mac
	return m, ok && !m.from.IsMulticast() && !m.from.IsZero()
}

// answer returns the frame that tells who sent m that vip, which it asks for, is
// at mac.
func answer(m message, vip lvs.Addr, mac header.MAC, t tag) []byte {
	if vip.Is4() {
		return answerARP(m, vip, mac, t)
	}
	return answerND(m, vip, mac, t)
}

// announcement returns the frame that tells everyone that vip is at mac.
func announcement(vip lvs.Addr, mac header.MAC, t tag) []byte {
	if vip.Is4() {
		return announceARP(vip, mac, t)
	}
	return announceND(vip, mac, t)
}

// A tag is a VLAN tag. The zero tag is none.
type tag struct {
	tpid uint16 // header.TypeVLAN or header.TypeQinQ
	tci  uint16
}

// newFrame returns a frame that wants its last n bytes, the payload, filled.
func newFrame(dst, src header.MAC, t tag, etherType uint16, n int) (frame, payload []byte) {
	size := header.EthernetSize
	if t.tpid != 0 {
		size += header.VLANSize
	}
	frame = make([]byte, size+n)
	eth := header.Ethernet(frame)
	eth.SetDst(dst)
	eth.SetSrc(src)
	eth.SetType(etherType)
	if t.tpid != 0 {
		eth.SetType(t.tpid)
		vlan := header.VLAN(eth.Payload())
		vlan.SetTCI(t.tci)
		vlan.SetType(etherType)
	}
	return frame, frame[size:]
}
