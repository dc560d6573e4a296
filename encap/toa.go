package encap

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// The client's address as a TCP option, as DPVS has it and the modules of its
// real servers look for it: kind, length, port, address.
const (
	optionTOA = 254 // for experiments (RFC 4727); others of LVS's kin have 200
	toaSize4  = 2 + 2 + 4
	toaSize6  = 2 + 2 + 16

	maxTCPHeader = 60 // what its data offset can say
)

// TOASize returns by how much InsertTOA makes a packet longer.
func TOASize(client lvs.Addr) int {
	if client.Is4() {
		return toaSize4
	}
	return toaSize6
}

// InsertTOA tells a real server who its client is: p, a TCP segment on the way
// there, gets an option with the client's address and port, before its others.
// A real server looks for it in what completes the handshake.
//
// InsertTOA reports false, and leaves p as it was, if p is not a whole segment,
// has other options that leave too little of the header's 40 bytes, has no room
// for it, or is a GSO frame: that is to be cut before, as the option is for one
// segment.
func InsertTOA(p *packet.Packet, client lvs.Addr, port uint16) bool {
	s, ok := segmentIn(p)
	n := TOASize(client)
	if !ok || p.GSO.Kind != packet.GSONone || s.DataOffset()+n > maxTCPHeader {
		return false
	}
	var option [toaSize6]byte
	putTOA(&option, n, client, port)
	if !insert(p, int(p.L4)+header.TCPSize, option[:n]) {
		return false
	}
	s = header.TCP(p.Bytes()[p.L4:])
	before := binary.BigEndian.Uint32(s[12:])
	s.SetDataOffset(s.DataOffset() + n)
	rest := checksum.Delta32(before, binary.BigEndian.Uint32(s[12:])) + checksum.Add(0, option[:n])
	s.SetChecksum(corrected(p, s.Checksum(), uint64(n), rest))
	return true
}

// putTOA writes the option to b, of which it takes n bytes.
func putTOA(b *[toaSize6]byte, n int, client lvs.Addr, port uint16) {
	b[0], b[1] = optionTOA, uint8(n)
	binary.BigEndian.PutUint16(b[2:], port)
	if n == toaSize4 {
		binary.BigEndian.PutUint32(b[4:], client.V4())
		return
	}
	binary.BigEndian.PutUint64(b[4:], client.Hi)
	binary.BigEndian.PutUint64(b[12:], client.Lo)
}

// StripTOA takes out of p, a client's TCP segment, what a real server would take
// for the client's address, by padding: only the director may say that. It
// reports whether p has changed.
func StripTOA(p *packet.Packet) (changed bool) {
	if p.L4 == 0 {
		return false
	}
	s, ok := header.ParseTCP(p.Bytes()[p.L4:])
	return ok && blank(p, s, optionTOA, 0)
}
