package main

import (
	"bytes"
	"testing"

	"xlvs/dataplane/header"
)

func TestLoopPortAddress(t *testing.T) {
	p := loopPort{own: header.MAC{2, 0, 0, 0, 0, 1}, peer: header.MAC{2, 0, 0, 0, 0, 2}}
	tests := map[string]struct{ in, want string }{
		"frame":         {"ddddddssssssttpayload", "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01ttpayload"},
		"header alone":  {"ddddddsssssstt", "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01tt"},
		"one byte less": {"ddddddsssssst", "ddddddsssssst"},
		"nothing":       {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			frame := []byte(tt.in)
			p.address(frame)
			if !bytes.Equal(frame, []byte(tt.want)) {
				t.Errorf("address(%q) makes it %q, want %q", tt.in, frame, tt.want)
			}
		})
	}
}
