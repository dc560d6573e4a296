package dataplane

import (
	"testing"

	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestKernelDropsAreCounted floods ports that nobody receives from. What their
// sockets had no room for is in the ports' statistics.
func TestKernelDropsAreCounted(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	r := newTestRig(t, 1, nil)
	q := r.queues[0]
	var sent [2]uint64
	frame := []*packet.Packet{packettest.Frame(datagram(0))}
	for range 25_000 { // more than either kind of queue holds
		for i, far := range r.far {
			sent[i] += uint64(far.Transmit(frame))
		}
	}
	ps := make([]packet.Packet, 64)
	for {
		n, err := q.Recv(ps)
		must(t, err)
		if n == 0 {
			break
		}
		for i := range n {
			q.Release([]*packet.Packet{&ps[i]})
		}
	}
	status := make([]PortStatus, 2)
	must(t, q.addStatus(status))
	rings, raw := status[0].Rings, status[1].Raw
	// The kernel may lose some before they come to a socket, if it is busy.
	if lost := rings.Kernel.Rx_ring_full + rings.Kernel.Rx_dropped; lost == 0 || rings.Rx == 0 || rings.Rx+lost > sent[0] {
		t.Errorf("eth0: %d frames sent, %+v, want some received and the others lost", sent[0], rings)
	}
	if raw.Overflow == 0 || raw.Rx == 0 || raw.Rx+raw.Overflow > sent[1] {
		t.Errorf("eth1: %d frames sent, %+v, want some received and the others lost", sent[1], raw)
	}
	rests(t, q)
}
