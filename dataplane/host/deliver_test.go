package host

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// socket returns a socket of the host at an address like "192.0.2.9:53".
func socket(t testing.TB, typ int, at string) int {
	t.Helper()
	a := netip.MustParseAddrPort(at)
	family, sa := unix.AF_INET, unix.Sockaddr(nil)
	if a.Addr().Is4() {
		sa = &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	} else {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	}
	fd, err := unix.Socket(family, typ|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	limit := unix.NsecToTimeval(int64(deadline))
	must(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit))
	must(t, unix.Bind(fd, sa))
	return fd
}

// read fails the test unless the socket has want to be read next, in one piece
// or several.
func read(t *testing.T, fd int, want string) {
	t.Helper()
	var got []byte
	b := make([]byte, 1<<16)
	for len(got) < len(want) {
		n, err := unix.Read(fd, b)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			t.Fatalf("the socket has %d bytes and then %d, %v, want %d", len(got), n, err, len(want))
		}
		got = append(got, b[:n]...)
	}
	if string(got) != want {
		t.Errorf("the socket has %d bytes that are not those sent, want %d", len(got), len(want))
	}
}

// letters returns n bytes in which no part looks like the next.
func letters(n int) string {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		b.WriteByte(byte(i*7 + i>>8))
	}
	return b.String()
}

func TestDatagram(t *testing.T) {
	tests := map[string]struct {
		to         string
		n          int
		unfinished bool
		live       Outcome
	}{
		"finished":        {"192.0.2.9:53", 100, false, Given},
		"unfinished":      {"192.0.2.9:53", 100, true, Given},
		"unfinished IPv6": {"[2001:db8::9]:53", 101, true, Given},
		"full frame":      {"192.0.2.9:53", 1472, true, Given},
		"3.3 kB":          {"192.0.2.9:53", 3258, true, Given},
		"8.9 kB":          {"192.0.2.9:53", 8900, true, Unfit},
		"longest of all":  {"192.0.2.9:53", 65507, true, Unfit},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			forKinds(t, func(t *testing.T, l *lab, d *Door) {
				fd := socket(t, unix.SOCK_DGRAM, tt.to)
				from := strings.NewReplacer("2.9:53", "2.77:4242", "::9]:53", "::77]:4242").Replace(tt.to)
				frame := packettest.UDP(from, tt.to, letters(tt.n))
				p := l.in.received(in, frame)
				if tt.unfinished {
					p = l.in.received(in, packettest.Unfinished(frame))
					p.Sum = packettest.Partial(frame)
				}
				before := bytes.Clone(p.Bytes())
				got, want := d.Give(p), Given
				if d.tap == nil {
					want = tt.live
				}
				if got != want {
					t.Fatalf("Give of %d bytes: %v, want %v", p.Len(), got, want)
				}
				if got == Given {
					read(t, fd, letters(tt.n))
				}
				if !bytes.Equal(p.Bytes(), before) {
					t.Error("Give changes the packet, which is the caller's")
				}
			})
		})
	}
}

// TestUnfinishedIsNotFinished: a frame whose unfinished checksum nobody told of
// is dropped by the host, so that those above were delivered because it was.
func TestUnfinishedIsNotFinished(t *testing.T) {
	forKinds(t, func(t *testing.T, l *lab, d *Door) {
		fd := socket(t, unix.SOCK_DGRAM, "192.0.2.9:53")
		lost := packettest.UDP("192.0.2.77:4242", "192.0.2.9:53", "lost")
		give(t, d, l.in.received(in, packettest.Unfinished(lost)))
		give(t, d, l.in.received(in, packettest.UDP("192.0.2.77:4242", "192.0.2.9:53", "kept")))
		read(t, fd, "kept")
	})
}

// TestManyWorkers: several give frames back on one port at a time, and each is
// delivered once and whole. (The live door would be asked by threads that are
// not in the lab's namespace.)
func TestManyWorkers(t *testing.T) {
	const workers, each = 4, 100
	l := newLab(t)
	d := l.open(Open)
	fd := socket(t, unix.SOCK_DGRAM, "192.0.2.9:53")
	must(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20))
	want := map[string]bool{}
	var all sync.WaitGroup
	for w := range workers {
		var ps []*packet.Packet
		for i := range each {
			text := fmt.Sprintf("%d of worker %d", i, w)
			want[text] = true
			ps = append(ps, l.in.received(in, packettest.UDP("192.0.2.77:4242", "192.0.2.9:53", text)))
		}
		all.Go(func() {
			for _, p := range ps {
				d.Give(p)
			}
		})
	}
	all.Wait()
	b := make([]byte, 64)
	for range workers * each {
		n, err := unix.Read(fd, b)
		must(t, err)
		if !want[string(b[:n])] {
			t.Fatalf("the socket has %q, which nobody sent or came before", b[:n])
		}
		delete(want, string(b[:n]))
	}
	if n := d.Stats().Given; n != workers*each {
		t.Errorf("Given counts %d, want %d", n, workers*each)
	}
}

// TestSuperFrame gives back, in one frame, what is many segments.
func TestSuperFrame(t *testing.T) {
	t.Run("TCP4", func(t *testing.T) { superTCP(t, "192.0.2.77:4242", "192.0.2.9:80", packet.GSOTCP4) })
	t.Run("TCP6", func(t *testing.T) { superTCP(t, "[2001:db8::77]:4242", "[2001:db8::9]:80", packet.GSOTCP6) })
	t.Run("UDP", func(t *testing.T) {
		l := newLab(t)
		d := l.open(Open)
		fd := socket(t, unix.SOCK_DGRAM, "192.0.2.9:53")
		data := letters(5*1000 - 1)
		give(t, d, l.super(packettest.UDP("192.0.2.77:4242", "192.0.2.9:53", data), packet.GSO{Kind: packet.GSOUDP, Size: 1000}))
		for i := 0; i < len(data); i += 1000 {
			read(t, fd, data[i:min(i+1000, len(data))])
		}
	})
	t.Run("live", func(t *testing.T) {
		l := newLab(t)
		d := l.open(OpenLive)
		p := l.super(packettest.TCP("192.0.2.77:4242", "192.0.2.9:80", header.FlagACK, letters(3000)), packet.GSO{Kind: packet.GSOTCP4, Size: 1000})
		if got := d.Give(p); got != Unfit {
			t.Errorf("Give of a super-frame without a TAP: %v, want %v", got, Unfit)
		}
	})
}

// super returns frame as a super-frame with an unfinished checksum.
func (l *lab) super(frame []byte, gso packet.GSO) *packet.Packet {
	p := l.in.received(in, packettest.Unfinished(frame))
	p.Sum, p.GSO = packettest.Partial(frame), gso
	return p
}

// superTCP shakes hands with a socket of the host, then sends it a super-frame.
func superTCP(t *testing.T, from, to string, kind packet.GSOKind) {
	l := newLab(t)
	d := l.open(Open)
	fd := socket(t, unix.SOCK_STREAM, to)
	must(t, unix.Listen(fd, 1))
	give(t, d, l.in.received(in, packettest.TCP(from, to, header.FlagSYN, "")))
	synAck := l.in.await("the SYN ACK", func(f []byte) bool {
		e, _ := header.ParseEthernet(f)
		return len(f) >= 54 && (e.Type() == header.TypeIPv4 || e.Type() == header.TypeIPv6 && f[20] == header.ProtoTCP) &&
			packettest.Transport(f)[13] == byte(header.FlagSYN|header.FlagACK)
	})
	theirs := header.TCP(packettest.Transport(synAck)).Seq()
	data := letters(20_000)
	segment := func(payload string) []byte {
		f := packettest.TCP(from, to, header.FlagACK, payload)
		h := header.TCP(packettest.Transport(f))
		h.SetSeq(2)
		h.SetAck(theirs + 1)
		return packettest.Finish(f)
	}
	give(t, d, l.in.received(in, segment("")))
	conn, _, err := unix.Accept(fd)
	must(t, err)
	defer unix.Close(conn)
	give(t, d, l.super(segment(data), packet.GSO{Kind: kind, Size: 1400}))
	read(t, conn, data)
}

func TestGiveRefuses(t *testing.T) {
	frame := packettest.UDP("192.0.2.77:4242", "192.0.2.9:53", "")
	tests := map[string]struct {
		change func(p *packet.Packet)
		want   Outcome
	}{
		"port that is not the door's": {func(p *packet.Packet) { p.In = 5 }, NoPort},
		"packet of the director":      {func(p *packet.Packet) { p.In = packet.NoPort }, NoPort},
		"empty":                       {func(p *packet.Packet) { p.Truncate(0) }, Unfit},
		"header one byte short":       {func(p *packet.Packet) { p.Truncate(13) }, Unfit},
		"checksum before its start":   {func(p *packet.Packet) { p.Sum = packet.Partial{Start: 34, Field: 33} }, Unfit},
		"checksum half outside":       {func(p *packet.Packet) { p.Sum = packet.Partial{Start: 34, Field: uint16(p.Len() - 1)} }, Unfit},
		"checksum far outside":        {func(p *packet.Packet) { p.Sum = packet.Partial{Start: 34, Field: 65535} }, Unfit},
	}
	forKinds(t, func(t *testing.T, l *lab, d *Door) {
		for name, tt := range tests {
			before := d.Stats()
			p := l.in.received(in, frame)
			tt.change(p)
			if got := d.Give(p); got != tt.want {
				t.Errorf("Give of a %s: %v, want %v", name, got, tt.want)
			}
			after := d.Stats()
			if after.Given != before.Given || after.NoPort+after.Unfit != before.NoPort+before.Unfit+1 {
				t.Errorf("Give of a %s: Stats() from %+v to %+v", name, before, after)
			}
		}
	})
}
