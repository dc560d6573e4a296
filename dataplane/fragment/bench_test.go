package fragment

import "testing"

// BenchmarkAdd takes pieces through a Tracker; the time is that of one piece.
func BenchmarkAdd(b *testing.B) {
	// An 8 kB datagram over Ethernet.
	var datagram []Piece
	for offset := 0; offset < 8200; offset += 1480 {
		datagram = append(datagram, Piece{Offset: offset, Len: min(1480, 8200-offset), More: offset+1480 < 8200})
	}
	b.Run("in order, IPv4", func(b *testing.B) { benchmarkFollow(b, key, datagram) })
	b.Run("in order, IPv6", func(b *testing.B) { benchmarkFollow(b, key6, datagram) })
	b.Run("flood without first", func(b *testing.B) {
		tracker := New[int](Options{})
		b.ReportAllocs()
		for id := uint32(0); b.Loop(); id++ {
			tracker.Add(key(id), second, 0)
		}
	})
}

func benchmarkFollow(b *testing.B, name func(uint32) Key, datagram []Piece) {
	tracker := New[int](Options{})
	b.ReportAllocs()
	id, i := uint32(0), 0
	for b.Loop() {
		_, tk, o := tracker.Add(name(id), datagram[i], 0)
		if o == First {
			tracker.Settle(tk, 1)
		} else if o != Follows {
			b.Fatalf("Add() = %v", o)
		}
		if i++; i == len(datagram) {
			id, i = id+1, 0
		}
	}
}
