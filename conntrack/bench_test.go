package conntrack

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/lvs"
)

// clients returns the connections of n clients, of 64 ports each.
func clients(n int, v6 bool) []Connection {
	list := make([]Connection, n)
	for i := range list {
		c := connection(i&63+1024, v6, lvs.TCP, lvs.NAT)
		c.Tuple.Src.Lo += uint64(i >> 6)
		list[i] = c
	}
	return list
}

func fill(b *testing.B, t *Table, list []Connection) {
	b.Helper()
	for i := range list {
		var c Conn
		if !t.Insert(&c, &list[i], 0) {
			b.Fatalf("Insert() of connection %d = false", i)
		}
		t.Step(&c, In, EventSYN, 0)
	}
}

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

// BenchmarkMemory tells what a connection costs, all told, at the table's limit.
func BenchmarkMemory(b *testing.B) {
	const n = 1_000_000
	for _, v6 := range []bool{false, true} {
		b.Run(fmt.Sprintf("v6=%t/%d", v6, n), func(b *testing.B) {
			list := clients(n, v6)
			for b.Loop() {
				b.StopTimer()
				t, _ := newTable(b, n)
				b.StartTimer()
				fill(b, t, list)
				b.ReportMetric(float64(resident(b, t))/n, "B/conn")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/conn")
		})
	}
}

// BenchmarkFind is a lookup that hits, one after the other, in random order.
func BenchmarkFind(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			t, _ := newTable(b, 1_000_000)
			list := clients(n, false)
			fill(b, t, list)
			var c Conn
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i = (i*5 + 12345) % n
				var k Key
				t.Key(&k, &list[i].Tuple, In)
				t.Probe(&k)
				if !t.Find(&c, &k, &list[i].Tuple) {
					b.Fatal("not found")
				}
			}
		})
	}
}

// BenchmarkInsertAndExpire is the life of a connection that nobody uses.
func BenchmarkInsertAndExpire(b *testing.B) {
	t, _ := newTable(b, 1_000_000)
	list := clients(100_000, false)
	var c Conn
	b.ReportAllocs()
	now, i := Time(0), 0
	for b.Loop() {
		if i == len(list) {
			i, now = 0, now+10*perSecond
			t.Sweep(now)
		}
		t.Insert(&c, &list[i], now)
		i++
	}
}
