package conntrack

// A Delta is how the sequence numbers of one direction of a TCP connection have
// moved, as its payload was made longer or shorter on the way. The fields are
// those of the kernel's ip_vs_seq, which its sync messages carry.
type Delta struct {
	InitSeq  uint32 // of the last packet that was resized, as its sender numbers it; but see Settle
	Delta    int32  // added to what comes after it
	Previous int32  // added to that packet, and to what came before

	strides uint16 // how many the stream is known to have gone on from InitSeq
}

// Seq returns the sequence number that the receiver is to see for the sender's.
func (d *Delta) Seq(seq uint32) uint32 {
	if after(seq, d.InitSeq) {
		return seq + uint32(d.Delta)
	}
	return seq + uint32(d.Previous)
}

// Ack returns the acknowledgement that the sender is to see for the receiver's.
//
// What has not arrived must not be acknowledged: an acknowledgement up to the
// resized packet is still one of what came before. The kernel compares with
// InitSeq+Delta instead, which puts it behind the packet if that has shrunk.
func (d *Delta) Ack(ack uint32) uint32 {
	if after(ack-uint32(d.Previous), d.InitSeq) {
		return ack - uint32(d.Delta)
	}
	return ack - uint32(d.Previous)
}

// resize notes that the packet with sequence number seq has become diff longer.
// One that is sent again is not counted again.
func (d *Delta) resize(seq uint32, diff int) {
	if *d != (Delta{}) && !after(seq, d.InitSeq) {
		return
	}
	*d = Delta{InitSeq: seq, Delta: d.Delta + int32(diff), Previous: d.Delta}
}

// after reports whether sequence number a comes after b (RFC 9293, 3.4).
func after(a, b uint32) bool { return int32(a-b) > 0 }
