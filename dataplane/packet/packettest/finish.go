package packettest

import (
	"encoding/binary"
	"slices"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// Finish returns a copy of frame in which the IPv4 header checksum and that of
// TCP, UDP, SCTP or ICMP are right. A packet inside another one is left as it is, and
// so is the transport of a fragment.
func Finish(frame []byte) []byte { return finish(slices.Clone(frame)) }

// Unfinished returns a copy of frame whose TCP or UDP checksum field holds only
// the sum of the pseudo header, as a Linux sender leaves it to its device, or
// whose SCTP checksum is zero.
func Unfinished(frame []byte) []byte {
	frame = slices.Clone(frame)
	t := locate(frame)
	if t.proto == header.ProtoSCTP {
		header.SCTP(frame[t.start:t.end]).SetChecksum(0)
		return frame
	}
	binary.BigEndian.PutUint16(frame[t.start+t.field():], checksum.Fold(t.pseudo))
	return frame
}

// Partial returns what packet.Packet.Sum is for frame after Unfinished.
func Partial(frame []byte) packet.Partial {
	t := locate(frame)
	return packet.Partial{Start: uint16(t.start), Field: uint16(t.start + t.field())}
}

// finish is Finish in place.
func finish(frame []byte) []byte {
	if h, ok := header.ParseIPv4(Network(frame)); ok {
		h.SetChecksum(h.ComputeChecksum())
	}
	t := locate(frame)
	if t.fragment || t.field() == 0 || t.start+t.field()+2 > t.end {
		return frame
	}
	if t.proto == header.ProtoSCTP {
		finishSCTP(frame[t.start:t.end])
		return frame
	}
	field := frame[t.start+t.field():]
	binary.BigEndian.PutUint16(field, 0)
	sum := ^checksum.Fold(checksum.Add(t.pseudo, frame[t.start:t.end]))
	if sum == 0 && t.proto == header.ProtoUDP {
		sum = 0xffff // 0 would say that there is none
	}
	binary.BigEndian.PutUint16(field, sum)
	return frame
}

// finishSCTP is finish for the SCTP packet b, if its header is all there.
func finishSCTP(b []byte) {
	if h, ok := header.ParseSCTP(b); ok {
		h.SetChecksum(h.ComputeChecksum())
	}
}

// A transport is where in a frame the transport header is, and what is known
// about it.
type transport struct {
	start, end int // the end of the IP packet; padding may follow
	proto      uint8
	fragment   bool
	pseudo     uint64 // sum of the pseudo header, if the checksum covers one
}

// field returns where the checksum field is in a transport header, 0 if the
// protocol has none that is known here.
func (t transport) field() int {
	switch t.proto {
	case header.ProtoTCP:
		return header.TCPChecksumOffset
	case header.ProtoUDP:
		return header.UDPChecksumOffset
	case header.ProtoSCTP:
		return header.SCTPChecksumOffset
	case header.ProtoICMP, header.ProtoICMPv6:
		return header.ICMPChecksumOffset
	}
	return 0
}

// locate returns where the transport header is in frame.
func locate(frame []byte) transport {
	ip := Network(frame)
	offset := len(frame) - len(ip)
	t, ok := locate4(ip)
	if !ok {
		t, ok = locate6(ip)
	}
	if !ok {
		panic("packettest: frame without an IP packet")
	}
	t.start += offset
	t.end += offset
	return t
}

// locate4 is locate for an IPv4 packet.
func locate4(b []byte) (t transport, ok bool) {
	h, ok := header.ParseIPv4(b)
	if !ok {
		return t, false
	}
	t = transport{start: h.HeaderLen(), end: len(h), proto: h.Proto(), fragment: h.IsFragment()}
	if t.proto != header.ProtoICMP {
		t.pseudo = checksum.Pseudo4(h.Src(), h.Dst(), t.proto, t.end-t.start)
	}
	return t, true
}

// locate6 is locate for an IPv6 packet.
func locate6(b []byte) (t transport, ok bool) {
	h, ok := header.ParseIPv6(b)
	if !ok {
		return t, false
	}
	ext, ok := h.Transport()
	if !ok {
		return t, false
	}
	t = transport{start: ext.Offset, end: len(h), proto: ext.Proto, fragment: ext.Fragment}
	t.pseudo = checksum.Pseudo6(h.Src(), h.Dst(), t.proto, t.end-t.start)
	return t, true
}
