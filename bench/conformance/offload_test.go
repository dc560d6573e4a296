package conformance

import (
	"bytes"
	"testing"
)

// TestFinish leaves checksums to a device, which is to give what they would have been.
func TestFinish(t *testing.T) {
	for _, f := range families {
		for proto, word := range map[string]string{"tcp": "S", "udp": "who is there"} {
			p := f.on(proto, 80).talk(0, 4000, 0, 80).in(word)
			want := mustBuild(t, p)
			p.Unfinished = true
			got, header := mustBuild(t, p), make([]byte, offloadSize)
			if bytes.Equal(got, want) {
				t.Fatalf("%s %s: an unfinished packet is finished", proto, f.name)
			}
			finish(header, got)
			if bytes.Equal(got, want) {
				t.Errorf("%s %s: finished without a flag", proto, f.name)
			}
			leaveChecksum(header, got)
			if finish(header, got); !bytes.Equal(got, want) {
				t.Errorf("%s %s: finish() = %x, want %x", proto, f.name, got, want)
			}
		}
	}
}

// TestFinishOutside checks that a checksum which is not in the frame is left alone.
func TestFinishOutside(t *testing.T) {
	header := []byte{needsChecksum, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}
	frame := make([]byte, 60)
	if finish(header, frame); !bytes.Equal(frame, make([]byte, 60)) {
		t.Errorf("finish() = %x", frame)
	}
}
