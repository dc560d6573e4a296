package host

import (
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// TestLocalClient: a socket of the host asks a VIP that no interface holds, and
// hears the answer that was sent through the TAP.
func TestLocalClient(t *testing.T) {
	tests := map[string]struct {
		vip, client string
		filter      string // rp_filter of all interfaces
	}{
		"IPv4":                     {"203.0.113.80", "192.0.2.9:4242", "0"},
		"IPv4 with strict routing": {"203.0.113.80", "192.0.2.9:4242", "1"},
		"IPv6":                     {"2001:db8:80::1", "[2001:db8::9]:4242", "0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			d, err := Open(l.ports, Options{Number: 9})
			must(t, err)
			defer d.Close()
			set(t, "ipv4/conf/all/rp_filter", tt.filter)
			vip := lvs.AddrFrom(netip.MustParseAddr(tt.vip))
			must(t, d.AddRoute(vip))
			fd := socket(t, unix.SOCK_DGRAM, tt.client)
			ask(t, fd, vip, "who is there")
			p := receive(t, d)
			if p.In != 9 || p.Start() != packet.Headroom || p.Sum != (packet.Partial{}) {
				t.Errorf("In %d, Start() %d, Sum %v, want 9, %d, a finished checksum", p.In, p.Start(), p.Sum, packet.Headroom)
			}
			service := netip.AddrPortFrom(vip.Netip(), 53).String()
			want := packettest.MACs(packettest.UDP(tt.client, service, "who is there"), d.MAC(), d.MAC())
			if got := string(packettest.Transport(p.Bytes())); got != string(packettest.Transport(want)) {
				t.Errorf("received % x, want % x", got, packettest.Transport(want))
			}
			d.Release([]*packet.Packet{p})
			reply := packettest.Frame(packettest.MACs(packettest.UDP(service, tt.client, "it is me"), d.MAC(), d.MAC()))
			if got := d.Send(reply); got != Given {
				t.Fatalf("Send: %v", got)
			}
			read(t, fd, "it is me")
			must(t, d.RemoveRoute(vip))
			if err := d.RemoveRoute(vip); !errors.Is(err, unix.ESRCH) {
				t.Errorf("RemoveRoute a second time: %v, want %v", err, unix.ESRCH)
			}
		})
	}
}

// ask sends a datagram to port 53 of vip.
func ask(t *testing.T, fd int, vip lvs.Addr, question string) {
	t.Helper()
	to := unix.Sockaddr(&unix.SockaddrInet6{Port: 53, Addr: vip.As16()})
	if vip.Is4() {
		to = &unix.SockaddrInet4{Port: 53, Addr: vip.Netip().As4()}
	}
	must(t, unix.Sendto(fd, []byte(question), 0, to))
}

// receive returns the next packet of the door, which must come soon, and be the
// next of all but what IPv6 has to say by itself.
func receive(t *testing.T, d *Door) *packet.Packet {
	t.Helper()
	poll := []unix.PollFd{{Fd: int32(d.FD()), Events: unix.POLLIN}}
	if n, err := unix.Poll(poll, int(deadline.Milliseconds())); n != 1 {
		t.Fatalf("poll: %d, %v: nothing comes out of the TAP", n, err)
	}
	ps := make([]packet.Packet, 2)
	n, err := d.Recv(ps)
	if n != 1 || err != nil {
		t.Fatalf("Recv: %d, %v, want 1 packet; the first is % x", n, err, ps[0].Bytes())
	}
	return &ps[0]
}

// TestRecvKeepsToItsFrames: as long as all frames are handed out nothing is
// received, and nothing that is handed out is overwritten.
func TestRecvKeepsToItsFrames(t *testing.T) {
	l := newLab(t)
	d, err := Open(l.ports, Options{Frames: 2})
	must(t, err)
	defer d.Close()
	vip := lvs.AddrFrom(netip.MustParseAddr("203.0.113.80"))
	must(t, d.AddRoute(vip))
	fd := socket(t, unix.SOCK_DGRAM, "192.0.2.9:4242")
	for _, s := range []string{"one", "two", "three"} {
		ask(t, fd, vip, s)
	}
	ps := make([]packet.Packet, 4)
	check := func(ps []packet.Packet, want ...string) {
		t.Helper()
		n, err := d.Recv(ps)
		if n != len(want) || err != nil {
			t.Fatalf("Recv: %d, %v, want %d", n, err, len(want))
		}
		for i, s := range want {
			if got := string(packettest.Transport(ps[i].Bytes())[header.UDPSize:]); got != s || ps[i].In != packet.NoPort {
				t.Errorf("packet %d says %q on port %d, want %q", i, got, ps[i].In, s)
			}
		}
	}
	check(ps, "one", "two")
	check(ps[2:])
	d.Release([]*packet.Packet{&ps[0]})
	check(ps[2:], "three")
	d.Release([]*packet.Packet{&ps[1], &ps[2]})
	check(ps)
	if st := d.Stats(); st.Received != 3 || st.Cut != 0 {
		t.Errorf("Stats() = %+v, want 3 received", st)
	}
}

// TestRecvDropsWhatIsTooLong: somebody raised the TAP's MTU.
func TestRecvDropsWhatIsTooLong(t *testing.T) {
	l := newLab(t)
	d := l.open(Open)
	setMTU(t, d.Name(), 9000)
	vip := lvs.AddrFrom(netip.MustParseAddr("203.0.113.80"))
	must(t, d.AddRoute(vip))
	fd := socket(t, unix.SOCK_DGRAM, "192.0.2.9:4242")
	ask(t, fd, vip, letters(4000))
	ask(t, fd, vip, "short")
	receive(t, d)
	if st := d.Stats(); st.Received != 1 || st.Cut != 1 {
		t.Errorf("Stats() = %+v, want 1 received and 1 cut", st)
	}
}

// TestLiveHasNoLocalClients: without a TAP everything of theirs says so.
func TestLiveHasNoLocalClients(t *testing.T) {
	l := newLab(t)
	d := l.open(OpenLive)
	if d.FD() != -1 || d.Index() != 0 || d.Name() != "" || !d.MAC().IsZero() {
		t.Errorf("FD() = %d, Index() = %d, Name() = %q, MAC() = %v", d.FD(), d.Index(), d.Name(), d.MAC())
	}
	if n, err := d.Recv(make([]packet.Packet, 1)); n != 0 || err != nil {
		t.Errorf("Recv: %d, %v, want nothing", n, err)
	}
	if got := d.Send(packettest.Frame(experimental(""))); got != NoPort {
		t.Errorf("Send: %v, want %v", got, NoPort)
	}
	vip := lvs.Addr4(0xcb007150)
	if err := errors.Join(d.AddRoute(vip), d.RemoveRoute(vip)); !errors.Is(err, ErrNoTUN) {
		t.Errorf("AddRoute and RemoveRoute: %v, want %v", err, ErrNoTUN)
	}
}
