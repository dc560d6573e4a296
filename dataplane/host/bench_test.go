package host

import (
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet/packettest"
)

// TestGiveDoesNotAllocate holds for the TAP; the live door is slow anyway.
func TestGiveDoesNotAllocate(t *testing.T) {
	l := newLab(t)
	d := l.open(Open)
	p := l.in.received(in, experimental(""))
	if n := testing.AllocsPerRun(100, func() { give(t, d, p) }); n != 0 {
		t.Errorf("Give allocates %v times, want 0", n)
	}
}

// BenchmarkGive is a frame that the host drops for want of a listener, up to
// there.
func BenchmarkGive(b *testing.B) {
	for name, open := range kinds {
		b.Run(name, func(b *testing.B) {
			l := newLab(b)
			d, err := open(l.ports, Options{})
			must(b, err)
			defer d.Close()
			p := l.in.received(in, experimental(""))
			b.ReportAllocs()
			for b.Loop() {
				give(b, d, p)
			}
		})
	}
}

// BenchmarkGiveDatagram includes the host's way up to a socket, and reading it.
func BenchmarkGiveDatagram(b *testing.B) {
	l := newLab(b)
	d, err := Open(l.ports, Options{})
	must(b, err)
	defer d.Close()
	fd := socket(b, unix.SOCK_DGRAM, "192.0.2.9:53")
	p := l.in.received(in, packettest.UDP("192.0.2.77:4242", "192.0.2.9:53", "who is there"))
	buf := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		give(b, d, p)
		if _, err := unix.Read(fd, buf); err != nil {
			b.Fatal(err)
		}
	}
}
