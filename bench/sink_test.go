package main

import (
	"bytes"
	"testing"

	"github.com/cilium/ebpf"

	"xlvs/bench/lab/labtest"
	"xlvs/dataplane/header"
)

func TestSinkCounts(t *testing.T) {
	labtest.New(t)
	good := frameOf(t, testStream(1, minSize))
	set := func(at int, b byte) []byte {
		frame := bytes.Clone(good)
		frame[at] = b
		return frame
	}
	tests := map[string]struct {
		frame []byte
		gre   bool // the stream is to arrive in GRE
		want  uint64
	}{
		"of the stream":      {good, false, 1},
		"from another port":  {set(udpOffset, 0xff), false, 1},
		"long":               {frameOf(t, testStream(1, maxSize)), false, 1},
		"to another port":    {set(udpOffset+3, 0), false, 0},
		"to another address": {set(ipOffset+19, 99), false, 0},
		"TCP":                {set(ipOffset+9, 6), false, 0},
		"with IP options":    {set(ipOffset, 0x46), false, 0},
		"ARP":                {set(ipOffset-1, 6), false, 0},
		"cut off":            {good[:headers-1], false, 0},
		"in a tunnel":        {set(ipOffset+9, 47), true, 1},
		"not in the tunnel":  {good, true, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			to := arrival{header.ProtoUDP, "198.51.100.1", 4242}
			if tt.gre {
				to = arrival{proto: header.ProtoGRE, dst: "198.51.100.1"}
			}
			s, err := newSink(to)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.close(); err != nil {
					t.Error(err)
				}
			}()
			code, err := s.program.Run(&ebpf.RunOptions{Data: tt.frame})
			if err != nil || code != xdpDrop {
				t.Errorf("the program returns %d, %v, want %d", code, err, xdpDrop)
			}
			if n, err := s.count(); n != tt.want || err != nil {
				t.Errorf("count() = %d, %v, want %d", n, err, tt.want)
			}
		})
	}
}
