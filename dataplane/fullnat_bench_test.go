package dataplane

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A portQueue is nowhere, but it remembers from which ports packets were sent.
type portQueue struct {
	nowhere
	ports []uint16
}

func (q *portQueue) Send(ps []*packet.Packet) {
	for _, p := range ps {
		q.ports = append(q.ports, be16(p.Bytes()[p.L4:]))
	}
}

// A replyRing is a benchRing of replies to local ports.
type replyRing struct {
	template []byte
	at       int // of the port
	ports    []uint16
	chunks   [batch][2048]byte
	packets  [batch]packet.Packet
	next     int
}

func (r *replyRing) fill() []packet.Packet {
	for i := range r.packets {
		frame := r.chunks[i][packet.Headroom:]
		copy(frame, r.template)
		binary.BigEndian.PutUint16(frame[r.at:], r.ports[r.next])
		if r.next++; r.next == len(r.ports) {
			r.next = 0
		}
		r.packets[i].Reset(r.chunks[i][:], packet.Headroom, len(r.template))
	}
	return r.packets[:]
}

// A fullNATBench is a kind of packet on a kind of fullnat connection.
type fullNATBench struct {
	crossing
	how config.ClientAddress
	dir conntrack.Dir
}

func (c fullNATBench) String() string {
	number := map[bool]string{true: "4", false: "6"}
	name := "fullnat" + number[c.client == ipv4]
	if c.client != c.real {
		name += number[c.real == ipv4]
	}
	if c.how != config.NoClientAddress {
		name += "-" + c.how.String()
	}
	return name + map[conntrack.Dir]string{conntrack.In: "-request", conntrack.Out: "-reply"}[c.dir]
}

var fullNATBenches = []fullNATBench{
	{crossings[0], config.NoClientAddress, conntrack.In}, {crossings[0], config.NoClientAddress, conntrack.Out},
	{crossings[1], config.NoClientAddress, conntrack.In}, {crossings[1], config.NoClientAddress, conntrack.Out},
	{crossings[2], config.NoClientAddress, conntrack.In}, {crossings[2], config.NoClientAddress, conntrack.Out},
	{crossings[3], config.NoClientAddress, conntrack.In}, {crossings[3], config.NoClientAddress, conntrack.Out},
	{crossings[0], config.ProxyV2, conntrack.In}, {crossings[0], config.ProxyV2, conntrack.Out},
	{crossings[0], config.TOA, conntrack.In},
}

// ring returns packets of n clients, in the middle of their connections if they
// are no SYNs.
func (c fullNATBench) ring(flags header.TCPFlags, n int) *benchRing {
	seq := uint32(isn)
	if flags&header.FlagSYN == 0 {
		seq += 1000
	}
	return ring(segmentOf(c.client.client+":1", c.client.vip+":80", flags, seq, risn+1000, ""), c.client == ipv6, conntrack.In, n)
}

// newFullNATBench is newBench for fullnat: fill makes the packets.
func newFullNATBench(b testing.TB, c fullNATBench, n int) (d *testDirector, fill func() []packet.Packet) {
	b.Helper()
	d = newLargeDirector(b, max(n, room), c.introduced(lvs.TCP, c.how))
	q := &portQueue{}
	d.workers[0].queues = q
	everywhere(d.router)
	opening := c.ring(header.FlagSYN, n)
	for range (n + batch - 1) / batch {
		d.workers[0].handle(opening.fill())
	}
	if got := d.table.Len(); got != n {
		b.Fatalf("%d connections, want %d", got, n)
	}
	ports := q.ports[:n]
	d.workers[0].queues = &nowhere{}
	going := c.ring(header.FlagACK, n)
	for range (n + batch - 1) / batch {
		d.workers[0].handle(going.fill())
	}
	if c.dir == conntrack.In {
		rand.New(rand.NewPCG(1, 2)).Shuffle(n, func(i, j int) { going.clients[i], going.clients[j] = going.clients[j], going.clients[i] })
		return d, going.fill
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(n, func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	local := map[bool]string{true: local4, false: "[" + local6 + "]"}[c.real == ipv4]
	template := packettest.TCP(c.real.real+":8080", local+":1", header.FlagACK, "")
	r := &replyRing{template: template, at: header.EthernetSize + c.real.headerSize() + 2, ports: ports}
	return d, r.fill
}

// BenchmarkEstablishedFullNAT is BenchmarkEstablished for fullnat.
func BenchmarkEstablishedFullNAT(b *testing.B) {
	for _, c := range fullNATBenches {
		b.Run(c.String()+"/10000", func(b *testing.B) {
			d, fill := newFullNATBench(b, c, 10_000)
			benchForward(b, d.Director, fill)
		})
	}
}

// BenchmarkNewFullNATConnection is BenchmarkNewConnection for fullnat: the choice
// of a local port is part of it.
func BenchmarkNewFullNATConnection(b *testing.B) {
	for _, c := range []fullNATBench{fullNATBenches[0], fullNATBenches[2], fullNATBenches[8]} {
		b.Run(c.String(), func(b *testing.B) {
			const n = 1 << 15
			d, _ := newFullNATBench(b, c, batch)
			r := c.ring(header.FlagSYN, n)
			before := d.Verdicts()[Forward]
			b.ReportAllocs()
			b.ResetTimer()
			packets := 0
			for ; packets < b.N; packets += batch {
				if packets%n == 0 {
					b.StopTimer()
					d.now += 100 * time.Second // all of them expire
					d.table.Sweep(d.Now())
					b.StartTimer()
				}
				d.workers[0].handle(r.fill())
			}
			b.StopTimer()
			if got := d.Verdicts()[Forward] - before; got != uint64(packets) {
				b.Fatalf("forwarded %d of %d packets", got, packets)
			}
		})
	}
}

func TestFullNATDoesNotAllocate(t *testing.T) {
	for _, c := range fullNATBenches {
		t.Run(c.String(), func(t *testing.T) {
			d, fill := newFullNATBench(t, c, 1000)
			before := d.Verdicts()[Forward]
			if n := testing.AllocsPerRun(100, func() { d.workers[0].handle(fill()) }); n != 0 {
				t.Errorf("a batch allocates %v times, want 0", n)
			}
			if got := d.Verdicts()[Forward] - before; got != 101*batch {
				t.Errorf("forwarded %d packets, want %d", got, 101*batch)
			}
		})
	}
}

// A session is introduced without allocation, however often its first bytes come.
func TestIntroductionDoesNotAllocate(t *testing.T) {
	for _, how := range []config.ClientAddress{config.ProxyV2, config.TOA} {
		for _, c := range withNAT() {
			s := c.shake(t, newTestDirector(t, c.introduced(lvs.TCP, how)))
			s.workers[0].queues = &nowhere{}
			in := segmentOf(s.client, s.vip, header.FlagACK, isn+1, risn+1, "data")
			chunk, ps := make([]byte, 2048), make([]packet.Packet, 1)
			before := s.Verdicts()[Forward]
			n := testing.AllocsPerRun(100, func() {
				copy(chunk[packet.Headroom:], in)
				ps[0].Reset(chunk, packet.Headroom, len(in))
				s.workers[0].handle(ps)
			})
			if got := s.Verdicts()[Forward] - before; n != 0 || got != 101 {
				t.Errorf("%v, %v: allocates %v times, forwarded %d packets, want 0 and 101", c, how, n, got)
			}
		}
	}
}
