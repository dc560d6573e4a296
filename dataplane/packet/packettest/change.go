package packettest

import (
	"slices"

	"xlvs/dataplane/header"
)

// MACs returns a copy of frame that goes from station src to station dst.
func MACs(frame []byte, src, dst header.MAC) []byte {
	h := header.Ethernet(slices.Clone(frame))
	h.SetSrc(src)
	h.SetDst(dst)
	return h
}

// VLAN returns a copy of frame with a tag for each ID, the outermost first. Of
// two tags the first is an 802.1ad one, of one an 802.1Q one.
func VLAN(frame []byte, ids ...uint16) []byte {
	for i, id := range slices.Backward(ids) {
		etherType := header.TypeVLAN
		if i < len(ids)-1 {
			etherType = header.TypeQinQ
		}
		frame = tag(frame, etherType, id)
	}
	return frame
}

// tag returns a copy of frame with one more tag in front of those it has.
func tag(frame []byte, etherType, id uint16) []byte {
	tagged := header.Ethernet(slices.Insert(slices.Clone(frame), header.EthernetSize, make([]byte, header.VLANSize)...))
	t := header.VLAN(tagged.Payload())
	t.SetTCI(id)
	t.SetType(tagged.Type())
	tagged.SetType(etherType)
	return tagged
}

// TTL returns a copy of frame with that time to live or hop limit.
func TTL(frame []byte, n uint8) []byte {
	frame = slices.Clone(frame)
	if h, ok := header.ParseIPv4(Network(frame)); ok {
		h.SetTTL(n)
		h.SetChecksum(h.ComputeChecksum())
	} else if h, ok := header.ParseIPv6(Network(frame)); ok {
		h.SetHopLimit(n)
	}
	return frame
}

// Padded returns a copy of frame with zeros after it up to n bytes, as Ethernet
// requires of short frames.
func Padded(frame []byte, n int) []byte {
	return append(slices.Clone(frame), make([]byte, max(n-len(frame), 0))...)
}
