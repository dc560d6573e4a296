package packettest

import (
	"encoding/binary"
	"slices"

	"xlvs/dataplane/header"
)

// IPv6's fragment header: its protocol number and its size.
const (
	protoFragment = 44
	fragmentSize  = 8
)

// Fragments returns frame's packet in fragments that carry size bytes each, a
// multiple of 8, the last one what is left. They share the identification id.
// An IPv6 packet must have no extension headers yet.
func Fragments(frame []byte, size int, id uint32) [][]byte {
	t := locate(frame)
	front, data := frame[:t.start], frame[t.start:t.end]
	var out [][]byte
	for offset := 0; offset < len(data); offset += size {
		end := min(offset+size, len(data))
		out = append(out, fragment(front, data[offset:end], offset, end < len(data), id))
	}
	return out
}

// fragment returns the frame for one fragment of the packet that front heads.
func fragment(front, data []byte, offset int, more bool, id uint32) []byte {
	if etherType, _, _ := header.Network(front); etherType == header.TypeIPv6 {
		return fragment6(front, data, offset, more, id)
	}
	frame := slices.Concat(front, data)
	h := header.IPv4(Network(frame))
	h.SetTotalLen(len(h))
	h.SetID(uint16(id))
	h.SetFragment(0, offset)
	if more {
		h.SetFragment(header.IPv4MoreFragments, offset)
	}
	return finish(frame)
}

// fragment6 is fragment for IPv6 (RFC 8200, section 4.5).
func fragment6(front, data []byte, offset int, more bool, id uint32) []byte {
	ext := make([]byte, fragmentSize)
	frame := slices.Concat(front, ext, data)
	h := header.IPv6(Network(frame))
	ext = frame[len(front):]
	ext[0] = h.NextHeader()
	binary.BigEndian.PutUint16(ext[2:], uint16(offset))
	if more {
		ext[3] |= 1
	}
	binary.BigEndian.PutUint32(ext[4:], id)
	h.SetNextHeader(protoFragment)
	h.SetPayloadLen(len(h) - header.IPv6Size)
	return frame
}
