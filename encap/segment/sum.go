package segment

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// A sum is how a frame's segments get their transport checksums.
type sum struct {
	field      int    // where it is in the transport header, 0 if there is none
	pseudo     uint64 // sum of the pseudo header without its length
	unfinished bool   // the rest is left to whoever sends the segment
}

// sumOf returns the sum for the segments of p, whose transport header t begins.
// pseudo is that of t without its length; an unfinished field counts more, as
// it knows the final destination that a routing header speaks of (RFC 8200,
// section 8.1). It reports false if p.Sum is about something else than t.
func sumOf(p *packet.Packet, t []byte, field int, pseudo uint64) (s sum, ok bool) {
	before := binary.BigEndian.Uint16(t[field:])
	if p.Sum == (packet.Partial{}) {
		if before == 0 && field == header.UDPChecksumOffset {
			return sum{}, true
		}
		return sum{field: field, pseudo: pseudo}, true
	}
	s = sum{field: field, pseudo: uint64(before) + uint64(^uint16(len(t))), unfinished: true}
	return s, p.Sum == packet.Partial{Start: p.L4, Field: p.L4 + uint16(field)}
}

// set sets the checksum of the segment whose transport header and payload are t,
// at offset l4 in its frame. It returns what is left to be done.
func (s sum) set(t []byte, l4 int) packet.Partial {
	if s.field == 0 {
		return packet.Partial{}
	}
	at, pseudo := t[s.field:], s.pseudo+uint64(len(t))
	if s.unfinished {
		binary.BigEndian.PutUint16(at, checksum.Fold(pseudo))
		return packet.Partial{Start: uint16(l4), Field: uint16(l4 + s.field)}
	}
	binary.BigEndian.PutUint16(at, 0)
	v := ^checksum.Fold(checksum.Add(pseudo, t))
	if v == 0 && s.field == header.UDPChecksumOffset {
		v = 0xffff // 0 would say that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(at, v)
	return packet.Partial{}
}
