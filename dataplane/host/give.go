package host

import (
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// Give makes the host receive p on the port p.In. The packet stays the
// caller's. A checksum that is not finished stays so, unless it is SCTP's, and a
// GSO frame whole, where the way is a TAP.
func (d *Door) Give(p *packet.Packet) Outcome {
	place, ok := d.places[p.In]
	if !ok {
		return d.n.count(NoPort)
	}
	if !fit(p) {
		return d.n.count(Unfit)
	}
	finishSCTP(p)
	return d.n.count(d.way.give(place, p))
}

// Send makes the host receive p on the TAP: a reply to a local client. The
// frame must go to the door's MAC. The packet stays the caller's.
func (d *Door) Send(p *packet.Packet) Outcome {
	if d.tap == nil {
		return d.n.count(NoPort)
	}
	if !fit(p) {
		return d.n.count(Unfit)
	}
	finishSCTP(p)
	return d.n.count(d.tap.write(localQueue, p))
}

// fit reports whether p has a header, and its checksum, if unfinished, a place.
func fit(p *packet.Packet) bool {
	if p.Len() < header.EthernetSize {
		return false
	}
	if p.Sum == (packet.Partial{}) {
		return true
	}
	return p.Sum.Field >= p.Sum.Start && int(p.Sum.Field)+2 <= p.Len()
}
