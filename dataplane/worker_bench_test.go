package dataplane

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A benchRing feeds a worker with one template frame whose client address and
// port it varies, as a queue in memory: nothing is copied but the frame.
type benchRing struct {
	template []byte
	offsets  struct{ addr, port int }
	sum      uint64   // of the IPv4 header without that address; 0 for IPv6
	clients  []uint32 // low 32 bits of the address that a packet comes from, or goes to
	chunks   [batch][2048]byte
	packets  [batch]packet.Packet
	next     int
}

// fill makes the next batch of packets. Address and port of the client are
// derived from its number: 64 ports each.
func (r *benchRing) fill() []packet.Packet {
	for i := range r.packets {
		c := r.clients[r.next]
		if r.next++; r.next == len(r.clients) {
			r.next = 0
		}
		frame := r.chunks[i][packet.Headroom:]
		copy(frame, r.template)
		addr := 10<<24 | c>>6
		binary.BigEndian.PutUint32(frame[r.offsets.addr:], addr)
		binary.BigEndian.PutUint16(frame[r.offsets.port:], uint16(1024+c&63))
		if r.sum != 0 {
			binary.BigEndian.PutUint16(frame[24:], ^checksum.Fold(r.sum+uint64(addr)))
		}
		r.packets[i].Reset(r.chunks[i][:], packet.Headroom, len(r.template))
	}
	return r.packets[:]
}

// nowhere takes packets back and forgets them.
type nowhere struct{ memQueue }

func (nowhere) Send([]*packet.Packet)    {}
func (nowhere) Release([]*packet.Packet) {}

// A benchCase is a kind of packet on a kind of connection.
type benchCase struct {
	method lvs.Method
	v6     bool
	dir    conntrack.Dir
}

func (c benchCase) String() string {
	name := map[lvs.Method]string{lvs.NAT: "nat", lvs.DirectRouting: "dr"}[c.method]
	family := map[bool]string{false: "4", true: "6"}[c.v6]
	return name + family + map[conntrack.Dir]string{conntrack.In: "-request", conntrack.Out: "-reply"}[c.dir]
}

var benchCases = []benchCase{
	{lvs.NAT, false, conntrack.In}, {lvs.NAT, false, conntrack.Out},
	{lvs.DirectRouting, false, conntrack.In},
	{lvs.NAT, true, conntrack.In}, {lvs.NAT, true, conntrack.Out},
	{lvs.DirectRouting, true, conntrack.In},
}

// room is how many connections fit at least into a benchmark's table.
const room = 1 << 21

// newBench returns a worker that knows n connections, and a ring of packets of
// these in random order.
func newBench(b testing.TB, c benchCase, n int) (*testDirector, *benchRing) {
	rs := real4
	if c.v6 {
		rs = real6
	}
	return newBenchOf(b, c, testService(lvs.TCP, c.method, rs), n)
}

// newBenchOf is newBench for a service of one real server.
func newBenchOf(b testing.TB, c benchCase, s config.Service, n int) (*testDirector, *benchRing) {
	rs, vip, client := s.Reals[0].Addr.String(), vip4, client4
	if c.v6 {
		vip, client = "["+vip6+"]", "["+client6+"]"
	}
	d := newLargeDirector(b, max(n, room), s)
	d.workers[0].queues = &nowhere{}
	everywhere(d.router)
	open := ring(packettest.TCP(client+":1", vip+":80", header.FlagSYN, ""), c.v6, conntrack.In, n)
	for range (n + batch - 1) / batch {
		d.workers[0].handle(open.fill())
	}
	ack := ring(packettest.TCP(client+":1", vip+":80", header.FlagACK, ""), c.v6, conntrack.In, n)
	for range (n + batch - 1) / batch {
		d.workers[0].handle(ack.fill())
	}
	if got := d.table.Len(); got != n {
		b.Fatalf("%d connections, want %d", got, n)
	}
	r := ack
	if c.dir == conntrack.Out {
		source := rs
		if c.v6 {
			source = "[" + rs + "]"
		}
		r = ring(packettest.TCP(source+":8080", client+":1", header.FlagACK, ""), c.v6, conntrack.Out, n)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(n, func(i, j int) { r.clients[i], r.clients[j] = r.clients[j], r.clients[i] })
	return d, r
}

// everywhere gives the router one hop to all clients of a ring.
func everywhere(r *fakeRouter) {
	hop := *r.hops[r.number[addr(client4)]]
	r.hops[0] = &hop
}

func ring(frame []byte, v6 bool, d conntrack.Dir, n int) *benchRing {
	r := &benchRing{template: frame, clients: make([]uint32, n)}
	for i := range r.clients {
		r.clients[i] = uint32(i)
	}
	defer r.sumHeader()
	switch {
	case v6 && d == conntrack.In:
		r.offsets.addr, r.offsets.port = 14+8+12, 14+40
	case v6:
		r.offsets.addr, r.offsets.port = 14+24+12, 14+40+2
	case d == conntrack.In:
		r.offsets.addr, r.offsets.port = 14+12, 14+20
	default:
		r.offsets.addr, r.offsets.port = 14+16, 14+20+2
	}
	return r
}

// sumHeader prepares the IPv4 header checksum for addresses to come.
func (r *benchRing) sumHeader() {
	if h := header.IPv4(bytes.Clone(r.template[14:])); h[0]>>4 == 4 {
		copy(h[r.offsets.addr-14:], make([]byte, 4))
		h.SetChecksum(0)
		r.sum = checksum.Add(0, h[:header.IPv4Size])
	}
}

// BenchmarkEstablished is the whole worker on packets of connections that are
// there, in random order; the time is that of one packet. Feeding the batch is
// not part of it: BenchmarkFeed is what it costs.
func BenchmarkEstablished(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		for _, c := range benchCases {
			b.Run(fmt.Sprintf("%v/%d", c, n), func(b *testing.B) {
				d, r := newBench(b, c, n)
				benchForward(b, d.Director, r.fill)
			})
		}
	}
}

// benchForward has the worker of d forward b.N packets, in batches that fill makes.
// It fails if one of them is
// not forwarded: an early drop is fast, too.
func benchForward(b *testing.B, d *Director, fill func() []packet.Packet) {
	b.Helper()
	before := d.Verdicts()[Forward]
	b.ReportAllocs()
	b.ResetTimer()
	packets := 0
	for ; packets < b.N; packets += batch {
		d.workers[0].handle(fill())
	}
	b.StopTimer()
	if got := d.Verdicts()[Forward] - before; got != uint64(packets) {
		b.Fatalf("forwarded %d of %d packets", got, packets)
	}
}

// BenchmarkFeed is the cost of making the packets of the other benchmarks.
func BenchmarkFeed(b *testing.B) {
	for _, c := range []benchCase{benchCases[0], benchCases[3]} {
		b.Run(c.String(), func(b *testing.B) {
			r := ring(packettest.TCP(client4+":1", vip4+":80", header.FlagACK, ""), c.v6, c.dir, 10_000)
			for packets := 0; packets < b.N; packets += batch {
				r.fill()
			}
		})
	}
}

// BenchmarkNewConnection is the whole worker on SYNs of clients that it does not
// know, scheduling and insertion included.
func BenchmarkNewConnection(b *testing.B) {
	for _, c := range []benchCase{{lvs.NAT, false, conntrack.In}, {lvs.DirectRouting, false, conntrack.In}, {lvs.NAT, true, conntrack.In}} {
		b.Run(c.String(), func(b *testing.B) {
			const n = 1 << 20
			client, vip := client4, vip4
			if c.v6 {
				client, vip = "["+client6+"]", "["+vip6+"]"
			}
			d, _ := newBench(b, c, batch)
			r := ring(packettest.TCP(client+":1", vip+":80", header.FlagSYN, ""), c.v6, conntrack.In, n)
			b.ReportAllocs()
			b.ResetTimer()
			for packets := 0; packets < b.N; packets += batch {
				if packets%n == 0 {
					b.StopTimer()
					d.now += 100 * time.Second // all of them expire
					d.table.Sweep(d.Now())
					b.StartTimer()
				}
				d.workers[0].handle(r.fill())
			}
		})
	}
}

// BenchmarkWorkers is established traffic through one worker, and through two at
// once on as many cores: time per packet of all together.
func BenchmarkWorkers(b *testing.B) {
	c := benchCase{lvs.NAT, false, conntrack.In}
	for _, n := range []int{1, 2} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, r := newBench(b, c, 100_000)
			workers := []*worker{d.workers[0]}
			for len(workers) < n {
				w := newWorker(d.Director, &nowhere{})
				w.tally.grow(1)
				workers = append(workers, w)
			}
			b.ResetTimer()
			var wg sync.WaitGroup
			for i, w := range workers {
				mine := ring(r.template, false, conntrack.In, len(r.clients))
				mine.clients, mine.next = r.clients, i*len(r.clients)/n
				wg.Go(func() {
					for packets := 0; packets < b.N/n; packets += batch {
						w.handle(mine.fill())
					}
				})
			}
			wg.Wait()
		})
	}
}
