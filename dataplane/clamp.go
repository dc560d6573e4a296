package dataplane

import (
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/encap"
)

// clampMSS has the two ends of a connection send segments that fit the way to the
// real server, also when they have become longer by extra bytes.
func (w *worker) clampMSS(p *packet.Packet, d *destination, hop *neigh.Hop, extra int) {
	if hop.State < neigh.Pending || !d.clamp && extra == 0 {
		return
	}
	headers := header.IPv4Size + header.TCPSize
	if !d.service.VIP.Is4() || !d.addr.Is4() && d.tunnel == nil {
		headers = header.IPv6Size + header.TCPSize
	}
	mtu := min(hop.MTU, d.path.mtu(w.now)) - headers - extra
	if d.tunnel != nil {
		mtu -= d.tunnel.Overhead(p)
	}
	encap.ClampMSS(p, uint16(max(mtu, minMSS)))
}

// minMSS is what every host takes (RFC 9293, section 3.7.1, for IPv4).
const minMSS = 536

// hopOf returns the next hop towards d as it is known now.
func (d *destination) hopOf(w *worker) *neigh.Hop { return w.d.router.Hop(neigh.HopID(d.hop.Load())) }
