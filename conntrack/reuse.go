package conntrack

import "xlvs/lvs"

// A real server that has closed a connection first remembers it for a minute or
// two (TIME_WAIT). A SYN with the same endpoints gets through to it only if its
// sequence number comes after all that it has seen (RFC 9293, 3.10.7.4; RFC
// 6191). The client does not know of its predecessor on the local port, so the
// table does: NoteEnd remembers where a connection's numbers have ended, the
// port takes that along, and Insert moves the numbers of the next connection.

// NoteEnd notes that the client of FULLNAT connection c has ended it with a FIN
// or an RST: seq is the next sequence number that the real server expects, as
// the server sees it. For other connections it does nothing.
func (t *Table) NoteEnd(c *Conn, seq uint32) {
	if c.Method != lvs.FullNAT {
		return
	}
	_, s, e := t.lock(c.handle)
	defer s.Unlock()
	if e.generation() == c.gen {
		e.patch(wLocal, 0xffff, uint64(roundUp(seq)))
	}
}

// roundUp returns the top half of a sequence number that comes after seq by
// little: all that an entry has room for. It is never zero, which means none.
func roundUp(seq uint32) uint16 {
	return max(1, uint16((uint64(seq)+0xffff)>>16))
}

// following returns the Delta by which the numbers of a connection that begins
// with isn come after those of one that has ended at end. What makes isn hard to
// guess stays in the lower three bytes.
func following(end uint16, isn uint32) Delta {
	const guess = 1<<24 - 1
	first := uint32(end)<<16 + 1 + isn&guess
	d := int32(first - isn)
	return Delta{InitSeq: isn, Delta: d, Previous: d}
}
