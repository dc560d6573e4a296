package lab_test

import (
	"bytes"
	"errors"
	"testing"

	"xlvs/bench/lab"
)

// count returns how many of frames are sent or received and contain text.
func count(frames []lab.Frame, outgoing bool, text string) (n int) {
	for _, f := range frames {
		if f.Outgoing == outgoing && bytes.Contains(f.Data, []byte(text)) {
			n++
		}
	}
	return n
}

// talk returns a function that sends a datagram from a to b and returns when it
// has passed both devices.
func talk(t *testing.T, a, b *lab.Host) func(text string) {
	t.Helper()
	server, err := b.ListenPacket("udp", "192.0.2.2:53")
	must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	client, err := a.Dial(t.Context(), "udp", "192.0.2.2:53")
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return func(text string) {
		t.Helper()
		_, err := client.Write([]byte(text))
		must(t, err)
		_, _, err = server.ReadFrom(make([]byte, 64))
		must(t, err)
	}
}

func TestCapture(t *testing.T) {
	a, b := pair(t, lab.WireOptions{})
	sent, err := a.Capture("eth0")
	must(t, err)
	received, err := b.Capture("eth0")
	must(t, err)
	say := talk(t, a, b)
	say("before the end")
	received.Stop()
	say("after the end")

	for _, tt := range []struct {
		at       string
		c        *lab.Capture
		outgoing bool
		text     string
		want     int
	}{
		{"sender", sent, true, "before the end", 1},
		{"sender", sent, false, "before the end", 0},
		{"sender", sent, true, "after the end", 1},
		{"receiver", received, false, "before the end", 1},
		{"receiver", received, true, "before the end", 0},
		{"receiver", received, false, "after the end", 0},
	} {
		frames, err := tt.c.Frames()
		must(t, err)
		if n := count(frames, tt.outgoing, tt.text); n != tt.want {
			t.Errorf("%s: %d frames with %q, outgoing %t, want %d", tt.at, n, tt.text, tt.outgoing, tt.want)
		}
	}
}

// TestCaptureSaysWhatItLost floods a capture that nobody reads.
func TestCaptureSaysWhatItLost(t *testing.T) {
	a, _ := pair(t, lab.WireOptions{})
	server, err := a.ListenPacket("udp", "192.0.2.1:9") // lest every other write be refused
	must(t, err)
	defer func() { _ = server.Close() }()
	client, err := a.Dial(t.Context(), "udp", "192.0.2.1:9") // over lo
	must(t, err)
	defer func() { _ = client.Close() }()
	c, err := a.Capture("lo")
	must(t, err)
	flood := bytes.Repeat([]byte{1}, 32<<10)
	for range 1500 {
		_, _ = client.Write(flood)
	}
	frames, err := c.Frames()
	if !errors.Is(err, lab.ErrFramesLost) {
		t.Errorf("Frames after a flood = %d frames, %v, want %v", len(frames), err, lab.ErrFramesLost)
	}
}
