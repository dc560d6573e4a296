package main

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/cilium/ebpf"

	"xlvs/bench/lab/labtest"
)

// TestManyClients has the program make the first and the last frame of clients,
// and those beyond.
func TestManyClients(t *testing.T) {
	labtest.New(t)
	s := testStream(2*maxConnections+1, minSize)
	s.from = netip.MustParseAddr(clients)
	for name, syn := range map[string]bool{"UDP": false, "TCP": true} {
		t.Run(name, func(t *testing.T) {
			s := s
			s.syn = syn
			program, m := loaded(t, s)
			for _, tt := range []struct {
				number uint64
				client byte
				port   uint16
			}{
				{0, 0, firstPort}, {maxConnections - 1, 0, 65535},
				{maxConnections, 1, firstPort}, {2*maxConnections - 1, 1, 65535},
				{2 * maxConnections, 2, firstPort}, {2*maxConnections + 1, 0, firstPort},
			} {
				if err := m.tally.Put(uint32(0), tally{Sent: tt.number}); err != nil {
					t.Fatal(err)
				}
				frame := frameOf(t, s)
				if _, err := program.Run(&ebpf.RunOptions{Data: frame, DataOut: frame}); err != nil {
					t.Fatal(err)
				}
				if syn {
					checkSegment(t, frame)
				} else {
					sourcePort(t, frame) // and the checksums
				}
				if got := binary.BigEndian.Uint16(frame[udpOffset:]); got != tt.port || frame[sourceOffset+3] != tt.client {
					t.Errorf("frame %d is from client %d, port %d, want %d, %d", tt.number, frame[sourceOffset+3], got, tt.client, tt.port)
				}
			}
		})
	}
}

func TestGeneratorObeys(t *testing.T) {
	labtest.New(t)
	const frames, hour = 5, 3_600_000_000_000
	tests := map[string]struct {
		orders orders
		want   uint64 // of five frames
	}{
		"no orders":         {orders{}, frames},
		"a limit":           {orders{Limit: 3}, 3},
		"a limit not met":   {orders{Limit: frames + 1}, frames},
		"enough":            {orders{Enough: 1}, 0},
		"hardly an hour":    {orders{Interval: hour}, 1},
		"a short interval":  {orders{Interval: 1}, frames},
		"interval to limit": {orders{Interval: 1, Limit: 2}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := testStream(1, minSize)
			program, m := loaded(t, s)
			g := generator{steering: m}
			if err := g.order(tt.orders); err != nil {
				t.Fatal(err)
			}
			for range frames {
				if _, err := program.Run(&ebpf.RunOptions{Data: frameOf(t, s)}); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := g.count(); n != tt.want || err != nil {
				t.Errorf("%d frames were sent, %v, want %d", n, err, tt.want)
			}
		})
	}
}
