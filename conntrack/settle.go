package conntrack

// Sequence numbers come round every 4 GiB, and what lies more than half of that
// behind seems to lie ahead. So a long stream must not be compared with the place
// of its last resized packet for ever: InitSeq follows it at a distance.
//
// The distance is such that nothing on its way is near InitSeq: a window is 1 GiB
// at most (RFC 7323, 2.3), and with that a sender is still less than 2 GiB ahead
// when InitSeq moves.
const (
	stride   = 1 << 26 // bytes: 64 MiB
	furthest = 12      // strides that InitSeq stays behind at most: 768 MiB
	follow   = 4       // strides that it moves then
	credible = 4       // strides that two packets may be apart
)

// Settle is told how far a connection with Deltas has come, by a packet of its
// real server that has the flag ACK and not RST: seq and ack are as the server
// wrote them, in and out what Deltas returned for it. Call it for each such
// packet; it takes a lock once in 64 MiB of either stream. After 768 MiB, when
// nothing from before the last resized packet is sent again, Previous becomes
// Delta, and InitSeq a number that no packet on its way has.
//
// The real server's word counts for both directions. A client could say that it
// has gone on when it has not, and have what it then sends take the place of what
// the director is to insert.
func (t *Table) Settle(c *Conn, in, out *Delta, seq, ack uint32) {
	if !in.lags(in.Ack(ack)) && !out.lags(seq) {
		return
	}
	f, s, e := t.lock(c.handle)
	defer s.Unlock()
	if e.generation() != c.gen {
		return
	}
	w := f.deltasOf(c.ref.number())
	nowIn, nowOut, _ := w.load()
	nowIn.settle(nowIn.Ack(ack))
	nowOut.settle(seq)
	w.store(&nowIn, &nowOut)
}

// lags reports whether the stream, which has come to seq, is a stride or more
// further than d knows. A number far from that does not count: a real server may
// still acknowledge those of an earlier connection with the same addresses, and
// one such packet would be enough for d to settle before anything has arrived.
func (d *Delta) lags(seq uint32) bool {
	ahead := int32(seq - d.InitSeq - uint32(d.strides)*stride)
	return ahead > stride && ahead <= credible*stride && *d != (Delta{})
}

// settle has d follow to seq, stride by stride.
func (d *Delta) settle(seq uint32) {
	for d.lags(seq) {
		if d.strides++; d.strides == furthest {
			d.Previous = d.Delta
			d.InitSeq += follow * stride
			d.strides -= follow
		}
	}
}
