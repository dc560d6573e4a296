package conntrack

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"xlvs/lvs"
)

// benchLocals are four local addresses of each family.
func benchLocals(b *testing.B, t *Table) *Locals {
	var ranges []LocalRange
	for i := range uint64(4) {
		four, six := everyPort("192.0.2.9"), everyPort("2001:db8::9")
		four.Addr.Lo += i
		six.Addr.Lo += i
		ranges = append(ranges, four, six)
	}
	return newLocals(b, t, ranges...)
}

// fullNATClient is client with a local endpoint, to one of ten real servers.
func fullNATClient(i int, v6 bool, l *Locals) Connection {
	n := client(i, v6)
	n.Method, n.Locals, n.Timeout = lvs.FullNAT, l, time.Hour
	n.Real.Lo += uint64(i % 10)
	return n
}

// BenchmarkFullNAT is BenchmarkTable for FULLNAT: finding one of so many
// connections by its request and by its reply, and the life of another.
func BenchmarkFullNAT(b *testing.B) {
	for _, v6 := range []bool{false, true} {
		const n = 1_000_000
		t, _ := newTable(b, n+n/8)
		l := benchLocals(b, t)
		replies := make([]lvs.Tuple, n)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range n {
			var c Conn
			con := fullNATClient(i, v6, l)
			if o := t.Insert(&c, &con, 0); o != Entered {
				b.Fatalf("Insert() of connection %d = %d", i, o)
			}
			replies[i] = lvs.Tuple{Src: con.Real, SrcPort: con.Port, Dst: c.Peer, DstPort: c.PeerPort, Proto: lvs.TCP}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		heap := float64(after.HeapAlloc) - float64(before.HeapAlloc)
		b.Run(fmt.Sprintf("v6=%t/request", v6), func(b *testing.B) {
			benchmarkRequests(b, t, n, v6)
			b.ReportMetric(float64(resident(b, t))/n, "B/conn")
			b.ReportMetric(heap/n, "heap-B/conn")
		})
		b.Run(fmt.Sprintf("v6=%t/reply", v6), func(b *testing.B) { benchmarkReplies(b, t, replies) })
		b.Run(fmt.Sprintf("v6=%t/insert+expire", v6), func(b *testing.B) { benchmarkFullNATLife(b, t, n, v6, l) })
	}
}

func benchmarkRequests(b *testing.B, t *Table, n int, v6 bool) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		con := client(scatter(i, n), v6)
		if _, ok := find(t, con.Tuple, In); !ok {
			b.Fatal("Find() = false")
		}
	}
}

func benchmarkReplies(b *testing.B, t *Table, replies []lvs.Tuple) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, ok := findLocal(t, replies[scatter(i, len(replies))]); !ok {
			b.Fatal("Find() = false")
		}
	}
}

func benchmarkFullNATLife(b *testing.B, t *Table, n int, v6 bool, l *Locals) {
	var c Conn
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		con := fullNATClient(n+i, v6, l)
		if o := t.Insert(&c, &con, Time(i>>12)); o != Entered {
			b.Fatalf("Insert() = %d", o)
		}
		t.Expire(&c)
	}
}
