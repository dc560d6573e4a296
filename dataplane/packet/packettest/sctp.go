package packettest

import (
	"net/netip"

	"xlvs/dataplane/header"
)

// SCTP returns a frame with an SCTP packet from src to dst, as in TCP, that
// carries chunks. Its verification tag is 1.
func SCTP(src, dst string, chunks ...[]byte) []byte {
	s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	h := make(header.SCTP, header.SCTPSize)
	h.SetSrcPort(s.Port())
	h.SetDstPort(d.Port())
	h.SetVerificationTag(1)
	for _, c := range chunks {
		h = append(h, c...)
	}
	return network(s.Addr(), d.Addr(), header.ProtoSCTP, h)
}

// Chunk returns a chunk for SCTP, padded to a multiple of four bytes.
func Chunk(kind header.ChunkType, value string) []byte {
	n := header.ChunkSize + len(value)
	c := make(header.Chunk, (n+3)&^3)
	c.SetType(kind)
	c.SetLength(n)
	copy(c[header.ChunkSize:], value)
	return c
}
