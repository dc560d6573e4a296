package conntrack

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/lvs"
)

// sizes are how many connections are resident. The larger ones want memory and
// minutes, and are run on purpose: -bench 'Table/.*/10000000'.
var sizes = []int{10_000, 100_000, 1_000_000, 10_000_000}

// resident returns how many bytes of the table are in memory.
func resident(b *testing.B, t *Table) int {
	b.Helper()
	page := unix.Getpagesize()
	vec := make([]byte, (len(t.memory)+page-1)/page)
	if _, _, errno := unix.Syscall(unix.SYS_MINCORE, addressOf(t.memory), uintptr(len(t.memory)), addressOf(vec)); errno != 0 {
		b.Fatal(errno)
	}
	n := 0
	for _, in := range vec {
		n += int(in&1) * page
	}
	return n
}

// client returns client i's connection: 64 ports of each address.
func client(i int, v6 bool) Connection {
	c := Connection{Dest: lvs.DestID(i%7 + 1), Port: 8080, Real: lvs.Addr4(0xcb00710b)}
	c.Tuple = lvs.Tuple{Proto: lvs.TCP, Src: lvs.Addr4(0xc6330000), Dst: lvs.Addr4(0xc0000201), SrcPort: uint16(i&63 + 1024), DstPort: 80}
	if v6 {
		c.Tuple.Src.Hi, c.Tuple.Dst.Hi, c.Real.Hi = 0x20010db8<<32, 0x20010db8<<32|1, 0x20010db8<<32|2
	}
	c.Tuple.Src.Lo += uint64(i >> 6)
	return c
}

// templateOf returns the key of client i's template.
func templateOf(i int) TemplateKey {
	k := testKey
	k.Client.Lo += uint64(i)
	return k
}

// fill enters connections first to last, each with a timeout of an hour.
func fill(b *testing.B, t *Table, first, last int, v6 bool) {
	b.Helper()
	var c Conn
	for i := first; i < last; i++ {
		n := client(i, v6)
		n.Timeout = time.Hour
		if !t.Insert(&c, &n, 0).OK() {
			b.Fatalf("Insert() of connection %d = false", i)
		}
	}
}

// scatter goes through 0 to n-1 as far apart as it can.
func scatter(i, n int) int { return int(uint64(i) * 0x9e3779b97f4a7c15 >> 11 % uint64(n)) }

// BenchmarkTable is what is asked of a table that already holds so many.
func BenchmarkTable(b *testing.B) {
	for _, n := range sizes {
		if n > 1_000_000 && !testing.Verbose() {
			continue
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			t, _ := newTable(b, n+n/8+100_000)
			fill(b, t, 0, n, false)
			perConnection := float64(resident(b, t)) / float64(n)
			b.Run("hit", func(b *testing.B) { benchmarkFind(b, t, 0, n, true); b.ReportMetric(perConnection, "B/conn") })
			b.Run("miss", func(b *testing.B) { benchmarkFind(b, t, n, n, false) })
			b.Run("insert+expire", func(b *testing.B) { benchmarkInsert(b, t, n) })
			b.Run("sweep", func(b *testing.B) { benchmarkSweep(b, t, n) })
		})
	}
}

// benchmarkFind looks for the connections of n clients in random order.
func benchmarkFind(b *testing.B, t *Table, first, n int, want bool) {
	var c Conn
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		con := client(first+scatter(i, n), false)
		var k Key
		t.Key(&k, &con.Tuple, In)
		t.Probe(&k)
		if t.Find(&c, &k, &con.Tuple) != want {
			b.Fatalf("Find() = %t", !want)
		}
	}
}

// benchmarkInsert is the life of a connection that ends at once, beside n others.
func benchmarkInsert(b *testing.B, t *Table, n int) {
	var c Conn
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		con := client(n+i, false)
		if !t.Insert(&c, &con, 0).OK() {
			b.Fatal("Insert() = false")
		}
		t.Expire(&c)
	}
}

// benchmarkSweep lets everything expire: the cost of each, and how long a shard
// was locked at most. It goes last, and fills the table again each time.
func benchmarkSweep(b *testing.B, t *Table, n int) {
	var longest time.Duration
	for b.Loop() {
		longest = max(longest, longestSweep(t, &t.conns.v4, 3602*perSecond))
		b.StopTimer()
		if t.Len() != 0 {
			b.Fatalf("Len() = %d after the sweep", t.Len())
		}
		for i := range t.conns.v4.shards { // the clock starts again
			t.conns.v4.shards[i].wheel.cursor = 0
		}
		fill(b, t, 0, n, false)
		b.StartTimer()
	}
	b.ReportMetric(float64(longest.Nanoseconds())/1e3, "longest-µs")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/conn")
}

// longestSweep sweeps a family and returns the longest that a shard was locked,
// in processor time: what else runs on the machine does not count.
func longestSweep(t *Table, f *family, now Time) (longest time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	clock := func() time.Duration {
		var ts unix.Timespec
		_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) // always there
		return time.Duration(ts.Nano())
	}
	for i := range f.shards {
		for more := true; more; {
			start := clock()
			_, more = t.sweepBatch(f, &f.shards[i], now)
			longest = max(longest, clock()-start)
		}
	}
	return longest
}

// BenchmarkTemplates is the same for templates: what a new connection of a
// persistent service costs more.
func BenchmarkTemplates(b *testing.B) {
	const n = 1_000_000
	t, _ := newTable(b, n+100_000)
	var tp Template
	for i := range n {
		k := templateOf(i)
		t.InsertTemplate(&tp, &k, fiveMinutes(1), 0)
	}
	b.Run("find", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if k := templateOf(scatter(i, n)); !t.FindTemplate(&tp, &k) {
				b.Fatal("FindTemplate() = false")
			}
			t.RefreshTemplate(&tp, Time(i>>20))
		}
		b.ReportMetric(float64(resident(b, t))/n, "B/template")
	})
	b.Run("child", func(b *testing.B) {
		var c Conn
		for i := 0; b.Loop(); i++ {
			con := client(i, false)
			con.Parent = tp.AsParent()
			t.Insert(&c, &con, 0)
			t.Expire(&c)
		}
	})
	b.Run("sweep", func(b *testing.B) { // of all of them, once
		var longest time.Duration
		for b.Loop() {
			longest = max(longest, longestSweep(t, &t.templates.v4, 302*perSecond))
		}
		b.ReportMetric(float64(longest.Nanoseconds())/1e3, "longest-µs")
	})
}

// BenchmarkMemory tells what a connection costs, all told, at the table's limit.
func BenchmarkMemory(b *testing.B) {
	const n = 1_000_000
	for _, v6 := range []bool{false, true} {
		b.Run(fmt.Sprintf("v6=%t/%d", v6, n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				t, _ := newTable(b, n)
				b.StartTimer()
				fill(b, t, 0, n, v6)
				b.ReportMetric(float64(resident(b, t))/n, "B/conn")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/conn")
		})
	}
}

// BenchmarkEdited is what a packet of a connection with deltas pays for them,
// beside one without, and when every worker has packets of it.
func BenchmarkEdited(b *testing.B) {
	t, _ := newTable(b, 10)
	con := connection(1, false, lvs.TCP, lvs.NAT)
	var c Conn
	t.Insert(&c, &con, 0)
	for _, edited := range []bool{false, true} {
		if edited {
			t.Resize(&c, Out, 1000, 3)
		}
		b.Run(fmt.Sprint(edited), func(b *testing.B) {
			var d Delta
			for b.Loop() {
				_, d, _ = t.Deltas(&c)
			}
			runtime.KeepAlive(d)
		})
	}
	b.Run("workers", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			var d Delta
			for c := c; pb.Next(); {
				_, d, _ = t.Deltas(&c)
			}
			runtime.KeepAlive(d)
		})
	})
}
