package dataplane

import (
	"fmt"
	"testing"

	"xlvs/conntrack"
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
				benchForward(b, d.Director, r.fill)
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

// A framePool has frames for pieces, by number from 1, and takes them back.
type framePool struct {
	nowhere
	chunks [200][2048]byte
	free   []uint64
	sent   int
}

func newFramePool() *framePool {
	q := new(framePool)
	for i := range q.chunks {
		q.free = append(q.free, uint64(i+1))
	}
	return q
}

func (q *framePool) NewFrame(p, of *packet.Packet, n int) bool {
	last := len(q.free) - 1
	if last < 0 || packet.Headroom+n > len(q.chunks[0]) {
		return false
	}
	p.Frame, p.In, q.free = q.free[last], of.In, q.free[:last]
	p.Reset(q.chunks[p.Frame-1][:], packet.Headroom, 0)
	return true
}

func (q *framePool) Send(ps []*packet.Packet) {
	q.sent += len(ps)
	q.Release(ps)
}

func (q *framePool) Release(ps []*packet.Packet) {
	for _, p := range ps {
		if p.Frame != 0 {
			q.free = append(q.free, p.Frame)
		}
	}
}

// Neither do packets that leave in pieces: super-frames, and what is longer than
// a tunnel takes.
func TestPiecesDoNotAllocate(t *testing.T) {
	for _, c := range tunnelCases() {
		t.Run(c.String(), func(t *testing.T) {
			d, pool := newTestDirector(t, c.service(lvs.TCP), c.service(lvs.UDP)), newFramePool()
			d.workers[0].queues = pool
			super := gsoFrames(c.inner)["TCP"]
			long := packettest.Frame(c.datagramOf(1500, false))
			from, ps := superFrame(super.frame, super.kind, 1000), make([]packet.Packet, 2)
			chunks := [2][]byte{make([]byte, 10_000), make([]byte, 2048)}
			handle := func() {
				for i, p := range []*packet.Packet{from, long} {
					ps[i] = *p
					ps[i].Reset(chunks[i], packet.Headroom, copy(chunks[i][packet.Headroom:], p.Bytes()))
					ps[i].Sum, ps[i].GSO = p.Sum, p.GSO
				}
				d.workers[0].handle(ps)
			}
			if n := testing.AllocsPerRun(20, handle); n != 0 {
				t.Errorf("pieces allocate %v times, want 0", n)
			}
			want := 8 + 2
			if c.inner == ipv6 {
				want = 8 // the other is answered, as often as the rate limit allows
			}
			if pool.sent = 0; len(pool.free) != len(pool.chunks) {
				t.Errorf("%d of %d frames are back", len(pool.free), len(pool.chunks))
			}
			if handle(); pool.sent < want {
				t.Errorf("sent %d frames, want at least %d", pool.sent, want)
			}
		})
	}
}
