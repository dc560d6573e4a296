package conformance

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// Protocols of IP that have a packet inside, or a piece of one.
const (
	protoIPv4     = 4
	protoIPv6     = 41
	protoFragment = 44
	protoGRE      = 47
)

// whole returns frames in which each datagram that came in pieces is one frame: what
// who gets them makes of them, wherever they were divided. Of one that was divided on
// its way through a tunnel, inside or outside, it is the packet inside. What lacks a
// part is left out, since it reaches nobody.
func whole(frames [][]byte) (list [][]byte) {
	if !slices.ContainsFunc(frames, isDivided) {
		return frames
	}
	for _, d := range assemble(frames) {
		inner, ok := opened(d.frame)
		if ok && (d.divided || isDivided(inner)) {
			d.frame = inner
		}
		list = append(list, d.frame)
	}
	again := assemble(list)
	list = list[:0]
	for _, d := range again {
		list = append(list, d.frame)
	}
	return list
}

// isDivided reports whether a frame is a piece, or has one inside of a tunnel.
func isDivided(frame []byte) bool {
	_, ok := pieceOf(frame)
	if inner, tunnel := opened(frame); tunnel && !ok {
		_, ok = pieceOf(inner)
	}
	return ok
}

// A datagram is a frame, which may have been put together of others.
type datagram struct {
	frame   []byte
	divided bool
}

// assemble puts pieces together. A datagram takes the place of its last piece.
func assemble(frames [][]byte) (list []datagram) {
	waiting := map[string][]piece{}
	for _, f := range frames {
		p, ok := pieceOf(f)
		if !ok {
			list = append(list, datagram{f, false})
			continue
		}
		waiting[p.key] = append(waiting[p.key], p)
		if joined, ok := join(waiting[p.key]); ok {
			list = append(list, datagram{joined, true})
			delete(waiting, p.key)
		}
	}
	return list
}

// A piece is a fragment of a datagram.
type piece struct {
	key    string // the same in all pieces: addresses, identification, TTL and the like
	head   []byte // the frame up to what was divided, as if nothing had been
	offset int
	more   bool
	data   []byte
}

// pieceOf takes a fragment apart. It reports false if frame is none, or not sound.
func pieceOf(frame []byte) (piece, bool) {
	if len(frame) < ethernet+20 {
		return piece{}, false
	}
	switch packet := frame[ethernet:]; packet[0] >> 4 {
	case 4:
		return pieceOf4(frame[:ethernet], packet)
	case 6:
		return pieceOf6(frame[:ethernet], packet)
	}
	return piece{}, false
}

func pieceOf4(link, packet []byte) (p piece, ok bool) {
	n, length := int(packet[0]&15)*4, int(binary.BigEndian.Uint16(packet[2:]))
	word := binary.BigEndian.Uint16(packet[6:])
	if n < 20 || length < n || length > len(packet) || word&0x3fff == 0 || sum(packet[:n]) != 0xffff {
		return p, false
	}
	p.offset, p.more, p.data = int(word&0x1fff)*8, word&0x2000 != 0, packet[n:length]
	p.head = slices.Concat(link, packet[:n])
	ip := p.head[ethernet:]
	ip[2], ip[3], ip[6], ip[7], ip[10], ip[11] = 0, 0, ip[6]&0x40, 0, 0, 0
	// The first piece may have more options than others.
	p.key = string(p.head[:ethernet]) + string(ip[1:20])
	return p, true
}

func pieceOf6(link, packet []byte) (p piece, ok bool) {
	if len(packet) < 48 || packet[6] != protoFragment {
		return p, false
	}
	length := 40 + int(binary.BigEndian.Uint16(packet[4:]))
	if length < 48 || length > len(packet) {
		return p, false
	}
	word := binary.BigEndian.Uint16(packet[42:])
	p.offset, p.more, p.data = int(word&^7), word&1 != 0, packet[48:length]
	p.head = slices.Concat(link, packet[:40])
	ip := p.head[ethernet:]
	ip[4], ip[5], ip[6] = 0, 0, packet[40]
	p.key = string(p.head) + string(packet[44:48])
	return p, true
}

// join returns the frame that pieces are of. It reports false if one is missing.
func join(pieces []piece) (frame []byte, ok bool) {
	pieces = slices.SortedStableFunc(slices.Values(pieces), func(x, y piece) int { return cmp.Compare(x.offset, y.offset) })
	frame = slices.Clone(pieces[0].head)
	n := 0
	for i, p := range pieces {
		if p.offset != n || p.more == (i == len(pieces)-1) {
			return nil, false
		}
		frame, n = append(frame, p.data...), n+len(p.data)
	}
	packet := frame[ethernet:]
	if packet[0]>>4 == 4 {
		binary.BigEndian.PutUint16(packet[2:], uint16(len(packet)))
		setHeaderChecksum(packet)
	} else {
		binary.BigEndian.PutUint16(packet[4:], uint16(len(packet)-40))
	}
	return frame, true
}

// opened returns the packet inside of the tunnel that a frame is of, in a frame
// between the same two. It reports false if the frame is of none of the director's.
func opened(frame []byte) (inner []byte, ok bool) {
	if len(frame) < ethernet+20 {
		return nil, false
	}
	packet, protocol, n := frame[ethernet:], frame[ethernet+9], int(frame[ethernet]&15)*4
	own := bytes.Equal(packet[12:16], ownAddress[:])
	if packet[0]>>4 == 6 && len(packet) >= 40 {
		protocol, n = packet[6], 40
		own = bytes.Equal(packet[8:24], ownAddress6[:])
	}
	if !own || n > len(packet) {
		return nil, false
	}
	inside, ok := carried(protocol, packet[n:])
	if !ok || len(inside) < 20 {
		return nil, false
	}
	return slices.Concat(frame[:12], etherType(inside), inside), true
}

// ownAddress6 is where tunnels over IPv6 begin.
var ownAddress6 = netip.MustParseAddr("2001:db8:2::1").As16()

// carried returns the packet that b, which is of a tunnel's protocol, begins with
// after the tunnel's own header.
func carried(protocol byte, b []byte) (packet []byte, ok bool) {
	n := 0
	switch {
	case protocol == protoIPv4 || protocol == protoIPv6:
	case protocol == protoGRE && len(b) >= 4:
		n = 4
		if b[0]&0x80 != 0 { // with a checksum
			n = 8
		}
	case protocol == protoUDP && len(b) >= 12 && binary.BigEndian.Uint16(b[2:]) == guePort:
		n = 12 + int(b[8]&0x1f)*4
	default:
		return nil, false
	}
	if n > len(b) {
		return nil, false
	}
	return b[n:], true
}
