package sched

import (
	"net/netip"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// addr returns the address that s spells.
func addr(s string) lvs.Addr { return lvs.AddrFrom(netip.MustParseAddr(s)) }

// from returns the tuple of a TCP client at address src.
func from(src string, port uint16) *lvs.Tuple {
	return &lvs.Tuple{Src: addr(src), Dst: addr("192.0.2.1"), SrcPort: port, DstPort: 80, Proto: lvs.TCP}
}

// clients draws tuples of either family.
func clients() *rapid.Generator[lvs.Tuple] {
	return rapid.Custom(func(t *rapid.T) lvs.Tuple {
		a, b := rapid.Uint32().Draw(t, "src"), rapid.Uint32().Draw(t, "dst")
		tuple := lvs.Tuple{Src: lvs.Addr4(a), Dst: lvs.Addr4(b), SrcPort: rapid.Uint16().Draw(t, "port"), Proto: lvs.UDP}
		if rapid.Bool().Draw(t, "IPv6") {
			tuple.Src, tuple.Dst = lvs.Addr{Hi: 0x20010db8 << 32, Lo: uint64(a)}, lvs.Addr{Hi: 0x20010db8 << 32, Lo: uint64(b)}
		}
		return tuple
	})
}

// hashers are the schedulers that hash, by the name of a case.
var hashers = map[string]func(*lvs.Loads) Scheduler{
	"dh":            func(l *lvs.Loads) Scheduler { return newDH(l) },
	"sh":            func(l *lvs.Loads) Scheduler { return newSH(l, 0) },
	"sh with port":  func(l *lvs.Loads) Scheduler { return newSH(l, lvs.SchedulerPort) },
	"sh fallback":   func(l *lvs.Loads) Scheduler { return newSH(l, lvs.SchedulerFallback) },
	"mh":            func(l *lvs.Loads) Scheduler { return newMH(l, 0) },
	"mh with port":  func(l *lvs.Loads) Scheduler { return newMH(l, lvs.SchedulerPort) },
	"mh fallback":   func(l *lvs.Loads) Scheduler { return newMH(l, lvs.SchedulerFallback) },
	"mh both flags": func(l *lvs.Loads) Scheduler { return newMH(l, lvs.SchedulerFallback|lvs.SchedulerPort) },
}

// eachHasher runs test for each scheduler that hashes, on loads of its own.
func eachHasher(t *testing.T, test func(t *testing.T, s Scheduler, loads *lvs.Loads)) {
	for name, newHasher := range hashers {
		t.Run(name, func(t *testing.T) {
			loads := grown()
			test(t, newHasher(loads), loads)
		})
	}
}

// overload gives destination id as many connections as it may have.
func overload(loads *lvs.Loads, id lvs.DestID) {
	loads.At(id).SetThresholds(1, 0)
	loads.At(id).Bind()
}

func TestHash32(t *testing.T) {
	tests := map[string]struct {
		addr   string
		port   uint32
		bits   int
		wanted uint32
	}{
		"lowest":                   {"10.0.0.1", 0, 8, 39},
		"lowest with port":         {"10.0.0.1", 12345, 8, 134},
		"lowest, ten bits":         {"10.0.0.1", 0, 10, 159},
		"next":                     {"10.0.0.2", 0, 8, 137},
		"next with port":           {"10.0.0.2", 12345, 8, 232},
		"next, ten bits":           {"10.0.0.2", 0, 10, 550},
		"another network":          {"192.168.1.100", 0, 8, 89},
		"another with port":        {"192.168.1.100", 12345, 8, 184},
		"another network, ten":     {"192.168.1.100", 0, 10, 357},
		"IPv6":                     {"2001:db8::1", 0, 8, 63},
		"IPv6 with port":           {"2001:db8::1", 12345, 8, 157},
		"IPv6, ten bits":           {"2001:db8::1", 0, 10, 252},
		"sum past 32 bits is zero": {"255.255.255.255", 1, 8, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := hash32(fold(addr(tt.addr))+tt.port, tt.bits); got != tt.wanted {
				t.Errorf("hash32(%s + %d, %d) = %d, want %d", tt.addr, tt.port, tt.bits, got, tt.wanted)
			}
		})
	}
}

func TestFold(t *testing.T) {
	tests := map[string]struct {
		addr string
		want uint32
	}{
		"IPv4":                   {"192.0.2.1", 0xc0000201},
		"IPv6":                   {"2001:db8::1", 0x20010db9},
		"every word of IPv6":     {"1000:0:100:0:10:0:1:0", 0x11110000},
		"words cancel out":       {"2001:db8:2001:db8::", 0},
		"IPv4-mapped, as IPv4":   {"::ffff:192.0.2.1", 0xc0000201},
		"unspecified, no mapped": {"::", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := fold(addr(tt.addr)); got != tt.want {
				t.Errorf("fold(%s) = %#x, want %#x", tt.addr, got, tt.want)
			}
		})
	}
}

// TestClientPort checks that a port counts where there is one, and if asked.
func TestClientPort(t *testing.T) {
	const alone = 0xc6336407
	tests := map[string]struct {
		proto lvs.Protocol
		flags lvs.SchedulerFlags
		want  uint32
	}{
		"TCP":                {lvs.TCP, lvs.SchedulerPort, alone + 4242},
		"UDP":                {lvs.UDP, lvs.SchedulerPort, alone + 4242},
		"SCTP":               {lvs.SCTP, lvs.SchedulerPort, alone + 4242},
		"both flags":         {lvs.TCP, lvs.SchedulerPort | lvs.SchedulerFallback, alone + 4242},
		"ESP has no port":    {lvs.ESP, lvs.SchedulerPort, alone},
		"AH has no port":     {lvs.AH, lvs.SchedulerPort, alone},
		"not asked":          {lvs.TCP, 0, alone},
		"asked for fallback": {lvs.TCP, lvs.SchedulerFallback, alone},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tuple := from("198.51.100.7", 4242)
			tuple.Proto = tt.proto
			if got := client(tuple, tt.flags); got != tt.want {
				t.Errorf("client(%v, %#x) = %#x, want %#x", tuple, tt.flags, got, tt.want)
			}
		})
	}
}

// TestHashersWithoutDestinations checks that an empty list is nobody, and that
// a list of one is everybody's.
func TestHashersWithoutDestinations(t *testing.T) {
	eachHasher(t, func(t *testing.T, s Scheduler, _ *lvs.Loads) {
		for _, dests := range [][]Dest{nil, {}, list(0), list(0, 0)} {
			if got := picks(s, 1); got != "-" {
				t.Errorf("pick before %v = %s, want -", dests, got)
			}
			s.Set(dests)
			if got := picks(s, 1); got != "-" {
				t.Errorf("pick of %v = %s, want -", dests, got)
			}
		}
		s.Set(list(1))
		if got := picks(s, 1); got != "A" {
			t.Errorf("pick of one = %s, want A", got)
		}
		s.Set(nil)
		if got := picks(s, 1); got != "-" {
			t.Errorf("pick when all are gone = %s, want -", got)
		}
	})
}

// TestHashersAreFaithful checks that a client keeps its server, on this director
// and on another, and that nobody is sent to one that is not usable.
func TestHashersAreFaithful(t *testing.T) {
	for name, newHasher := range hashers {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				loads, dests := grown(), list(weights(8, 60).Draw(t, "weights")...)
				s, other := newHasher(loads), newHasher(loads)
				other.Set(list(1, 2, 3))
				s.Set(dests)
				other.Set(dests)
				for _, d := range dests {
					if rapid.Bool().Draw(t, "overloaded") {
						overload(loads, d.ID)
					}
				}
				for range 10 {
					c := clients().Draw(t, "client")
					id, ok := s.Pick(&c)
					if id2, ok2 := other.Pick(&c); id2 != id || ok2 != ok {
						t.Fatalf("another Pick of %v = %d, %t, want %d, %t", dests, id2, ok2, id, ok)
					}
					if ok && (dests[id-1].Weight == 0 || loads.At(id).Overloaded()) {
						t.Fatalf("Pick of %v = %d, which is not usable", dests, id)
					}
				}
			})
		})
	}
}

// TestHashersWhileTheyChange lets workers pick while destinations come, go, are
// quiesced and overloaded; the race detector is the judge.
func TestHashersWhileTheyChange(t *testing.T) {
	eachHasher(t, func(t *testing.T, s Scheduler, loads *lvs.Loads) {
		s.Set(list(1, 2, 3))
		var workers sync.WaitGroup
		for w := range uint32(4) {
			workers.Go(func() {
				for i := range uint32(2000) {
					a := lvs.Addr4(w<<16 + i)
					if id, ok := s.Pick(&lvs.Tuple{Src: a, Dst: a}); ok && (id < 1 || id > 4) {
						t.Errorf("Pick = %d, want one of four", id)
						return
					}
				}
			})
		}
		for i := range 100 {
			s.Set(list([]int32{1, 0, 3, 4}[:1+i%4]...))
			loads.At(3).SetThresholds(int32(i%2), 0)
			loads.At(3).Bind()
		}
		workers.Wait()
	})
}

// TestNewPassesFlags checks that sh and mh get theirs, and dh takes no notice.
func TestNewPassesFlags(t *testing.T) {
	for name, want := range map[string]bool{"dh": false, "sh": true, "mh": true} {
		loads := grown()
		s, err := New(name, Options{Loads: loads, Flags: lvs.SchedulerFallback})
		if err != nil {
			t.Fatal(err)
		}
		s.Set(list(1, 1))
		tuple := from("198.51.100.7", 4242)
		first, _ := s.Pick(tuple)
		overload(loads, first)
		if id, ok := s.Pick(tuple); ok != want || id == first {
			t.Errorf("%s with fallback: Pick with %d overloaded = %d, %t, want %t", name, first, id, ok, want)
		}
	}
}

func TestHashersDoNotAllocate(t *testing.T) {
	eachHasher(t, func(t *testing.T, s Scheduler, loads *lvs.Loads) {
		s.Set(list(3, 2, 1))
		tuple := from("198.51.100.7", 4242)
		first, ok := s.Pick(tuple)
		if !ok {
			t.Fatal("nobody picked")
		}
		pick := func() { s.Pick(tuple) }
		if n := testing.AllocsPerRun(100, pick); n != 0 {
			t.Errorf("Pick allocates %v times, want 0", n)
		}
		overload(loads, first)
		if n := testing.AllocsPerRun(100, pick); n != 0 {
			t.Errorf("Pick with the first choice overloaded allocates %v times, want 0", n)
		}
	})
}

func BenchmarkHashersPick(b *testing.B) {
	for name, newHasher := range hashers {
		b.Run(name+"/dests=10", func(b *testing.B) {
			s, tuple := newHasher(grown()), from("198.51.100.7", 4242)
			s.Set(list(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
			b.ReportAllocs()
			for i := uint32(0); b.Loop(); i++ {
				tuple.Src = lvs.Addr4(i)
				s.Pick(tuple)
			}
		})
	}
}
