package host

import (
	"fmt"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// chunkSize is what a received frame has, with its headroom.
const chunkSize = 2048

// A pool is the memory for packets from local clients. One goroutine uses it.
type pool struct {
	number uint16 // In of all packets
	mem    []byte
	free   []uint64 // chunks
}

func newPool(frames int, number uint16) pool {
	p := pool{number: number, mem: make([]byte, frames*chunkSize), free: make([]uint64, frames)}
	for i := range p.free {
		p.free[i] = uint64(frames - 1 - i)
	}
	return p
}

// chunk returns the memory of chunk i.
func (p *pool) chunk(i uint64) []byte {
	from := int(i) * chunkSize
	return p.mem[from : from+chunkSize : from+chunkSize]
}

// FD returns what to poll for reading before Recv, -1 if there is no TAP.
func (d *Door) FD() int {
	if d.tap == nil {
		return -1
	}
	return d.tap.queues[localQueue]
}

// Recv fills ps from the front with what the host has routed to the TAP, and
// never waits. Checksums are finished and no frame is longer than the TAP's MTU.
// The caller owns the packets until Release; when it owns Options.Frames of them
// there are no more.
func (d *Door) Recv(ps []packet.Packet) (n int, err error) {
	if d.tap == nil {
		return 0, nil
	}
	for n < len(ps) && len(d.local.free) > 0 {
		ok, err := d.recv(&ps[n])
		if err != nil {
			return n, fmt.Errorf("receive from tap %s: %w", d.tap.name, err)
		}
		if !ok {
			break
		}
		n++
	}
	d.n.received.Add(uint64(n))
	return n, nil
}

// recv makes p the next packet, and reports false if there is none.
func (d *Door) recv(p *packet.Packet) (ok bool, err error) {
	local := &d.local
	last := len(local.free) - 1
	chunk := local.chunk(local.free[last])
	for {
		// The virtio_net_hdr, which has nothing to say, goes into the headroom.
		n, err := unix.Read(d.tap.queues[localQueue], chunk[packet.Headroom-vnetSize:])
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return false, nil
		case err != nil:
			return false, err
		case n == chunkSize-packet.Headroom+vnetSize:
			d.n.cut.Add(1)
		case n > vnetSize && chunk[packet.Headroom]&1 != 0:
			// To a group: the host's own MLD reports, for example. No VIP is one.
		case n >= vnetSize:
			p.Frame, p.In = local.free[last], local.number
			p.Reset(chunk, packet.Headroom, n-vnetSize)
			local.free = local.free[:last]
			return true, nil
		}
	}
}

// Release gives packets of Recv back. The caller must not look at them again.
func (d *Door) Release(ps []*packet.Packet) {
	for _, p := range ps {
		d.local.free = append(d.local.free, p.Frame)
	}
}
