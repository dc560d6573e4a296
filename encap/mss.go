package encap

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// The sizes of options; the receiver passes over others (RFC 9293, section 3.2;
// RFC 7323, section 3.2).
const (
	mssSize        = 4
	timestampsSize = 10
)

// ClampMSS has a TCP SYN, or SYN+ACK, in p ask for segments of mss bytes where it
// asks for longer ones, so that there is room for what the director adds. It
// reports whether p has changed: a segment that does not ask is left alone.
func ClampMSS(p *packet.Packet, mss uint16) (changed bool) {
	s, ok := synIn(p)
	if !ok {
		return false
	}
	options := header.Options(s.Options())
	for at, end, ok := options.Next(0); ok; at, end, ok = options.Next(end) {
		if options[at] != header.OptionMSS || end-at != mssSize || binary.BigEndian.Uint16(options[at+2:]) <= mss {
			continue
		}
		overwrite(p, s, header.TCPSize+at+2, []byte{byte(mss >> 8), byte(mss)})
		changed = true
	}
	return changed
}

// StripTimestamps takes the timestamps option out of a TCP SYN in p, by padding,
// and with it out of the connection. Clients that share a local address have
// clocks of their own, and a real server would take the next client's packets
// for old ones of the last (RFC 7323, section 5). It reports whether p has
// changed.
func StripTimestamps(p *packet.Packet) (changed bool) {
	s, ok := synIn(p)
	if !ok {
		return false
	}
	return blank(p, s, header.OptionTimestamps, timestampsSize)
}

// blank overwrites the options of a kind in s, the segment in p, by padding: those
// of size bytes, or of any if that is 0. It reports whether there were any.
func blank(p *packet.Packet, s header.TCP, kind byte, size int) (changed bool) {
	const none = header.OptionNone
	padding := [...]byte{0: none, 1: none, 2: none, 3: none}
	options := header.Options(s.Options())
	for at, end, ok := options.Next(0); ok; at, end, ok = options.Next(end) {
		if options[at] != kind || size != 0 && end-at != size {
			continue
		}
		for ; at < end; at += len(padding) {
			overwrite(p, s, header.TCPSize+at, padding[:min(len(padding), end-at)])
		}
		changed = true
	}
	return changed
}

// synIn views the TCP segment in p. It reports false if there is none, or no SYN
// in its flags.
func synIn(p *packet.Packet) (header.TCP, bool) {
	if p.L4 == 0 {
		return nil, false
	}
	s, ok := header.ParseTCP(p.Bytes()[p.L4:])
	return s, ok && s.Flags()&header.FlagSYN != 0
}

// overwrite puts text over what is at offset at of the header of s, the segment
// in p, and has the checksum follow. Where text begins in the middle of a word,
// or ends there, the whole word counts.
func overwrite(p *packet.Packet, s header.TCP, at int, text []byte) {
	words := s[at&^1 : (at+len(text)+1)&^1]
	before := checksum.Fold(checksum.Add(0, words))
	copy(s[at:], text)
	after := checksum.Add(0, words)
	s.SetChecksum(corrected(p, s.Checksum(), 0, uint64(^before)+after))
}
