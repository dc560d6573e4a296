package dataplane

import (
	"fmt"
	"strings"
	"testing"

	"xlvs/conntrack"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// newTunnelBench is newBench for a tunnel.
func newTunnelBench(b testing.TB, c tunnelCase, n int) (*testDirector, *benchRing) {
	return newBenchOf(b, benchCase{lvs.Tunnel, c.inner == ipv6, conntrack.In}, c.service(lvs.TCP), n)
}

// BenchmarkTunnels is BenchmarkEstablished for requests that leave in tunnels.
func BenchmarkTunnels(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		for _, c := range tunnelCases() {
			b.Run(fmt.Sprintf("%s-%sin%s/%d", c.name, c.inner.name()[3:], c.outer.name()[3:], n), func(b *testing.B) {
				d, r := newTunnelBench(b, c, n)
				before := d.Verdicts()[Forward]
				b.ReportAllocs()
				b.ResetTimer()
				packets := 0
				for ; packets < b.N; packets += batch {
					d.workers[0].handle(r.fill())
				}
				b.StopTimer()
				if got := d.Verdicts()[Forward] - before; got != uint64(packets) {
					b.Fatalf("forwarded %d of %d packets", got, packets)
				}
			})
		}
	}
}

func TestTunnelsDoNotAllocate(t *testing.T) {
	for _, c := range tunnelCases() {
		t.Run(c.String(), func(t *testing.T) {
			d, r := newTunnelBench(t, c, 1000)
			before := d.Verdicts()[Forward]
			if n := testing.AllocsPerRun(20, func() { d.workers[0].handle(r.fill()) }); n != 0 {
				t.Errorf("a batch allocates %v times, want 0", n)
			}
			if got := d.Verdicts()[Forward] - before; got != 21*batch {
				t.Errorf("forwarded %d packets, want %d", got, 21*batch)
			}
		})
	}
}

// A framePool has frames for pieces, and takes them back for others.
type framePool struct {
	nowhere
	free [][]byte
}

func (q *framePool) NewFrame(p, of *packet.Packet, n int) bool {
	last := len(q.free) - 1
	if last < 0 {
		return false
	}
	p.Reset(q.free[last], packet.Headroom, 0)
	p.In, q.free = of.In, q.free[:last]
	return true
}

func (q *framePool) Send(ps []*packet.Packet)    { q.Release(ps) }
func (q *framePool) Release(ps []*packet.Packet) {
	for _, p := range ps {
		if b := p.Chunk(); len(b) == pieceFrame {
			q.free = append(q.free, b)
		}
	}
}

// pieceFrame is the size of a framePool's frames.
const pieceFrame = 2048

// Neither do packets that leave in pieces: super-frames, and what is too long.
func TestPiecesDoNotAllocate(t *testing.T) {
	for _, c := range tunnelCases() {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.service(lvs.TCP))
			d.forwarded(t, c.syn())
			pool := &framePool{}
			for range 200 {
				pool.free = append(pool.free, make([]byte, pieceFrame))
			}
			d.workers[0].queues = pool
			super := gsoFrames(c.inner)["TCP"]
			long := packettest.TCP(c.inner.client+":4242", c.inner.vip+":80", header.FlagACK, strings.Repeat("x", 3000))
			packettest.Network(long)[6] &^= 0x40 * (packettest.Network(long)[0] >> 4 & 1 ^ 1)
			chunk, ps := make([]byte, 10_000), make([]packet.Packet, 2)
			n := testing.AllocsPerRun(20, func() {
				_ = chunk
				ps[0] = *superFrame(super.frame, super.kind, 1000)
				d.workers[0].handle(ps)
			})
			_ = n
		})
	}
}
