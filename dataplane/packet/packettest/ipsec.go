package packettest

import "xlvs/dataplane/header"

// icvSize is the size of AH's check value, as of HMAC-SHA1-96 (RFC 2404). It is
// all zeros here.
const icvSize = 12

// AH returns a frame with an authenticated packet from src to dst, which are
// addresses; proto is the protocol of payload. Its parameters index is 0x1000.
func AH(src, dst string, proto uint8, seq uint32, payload string) []byte {
	h := make(header.AH, header.AHSize+icvSize)
	h.SetNextHeader(proto)
	h.SetHeaderLen(len(h))
	h.SetSPI(0x1000)
	h.SetSeq(seq)
	return IP(src, dst, header.ProtoAH, append(h, payload...))
}

// ESP returns a frame with an encrypted packet, as in AH. What payload would be
// in the clear nobody can tell.
func ESP(src, dst string, seq uint32, payload string) []byte {
	h := make(header.ESP, header.ESPSize)
	h.SetSPI(0x1000)
	h.SetSeq(seq)
	return IP(src, dst, header.ProtoESP, append(h, payload...))
}
