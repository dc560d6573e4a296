package scenario

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// defended returns a configuration with a service on port 80, and an echo service
// on port 7, where all defences are on. The table has room for n connections.
func (s *site) defended(mode config.Mode, n int) *config.Config {
	c := s.web(mode)
	echo := *s
	echo.port = 7
	c.Services = append(c.Services, echo.config(mode, "rr", lvs.TCP, 7).Services...)
	c.Dataplane.MaxConnections = n
	c.Sysctl.DropEntry, c.Sysctl.DropPacket, c.Sysctl.SecureTCP = 3, 3, 3
	return c
}

// A flood of connections that nobody means to make costs a share of the others a
// second try, and no more, as long as there is room. What is established goes on
// in any case. Where the table is full it stays within its bound, and there is
// room again soon after the flood, long before its connections time out.
func TestFloodOfConnections(t *testing.T) {
	tests := map[string]struct {
		room int
		full bool
	}{
		"room for all": {200_000, false},
		"table full":   {4000, true},
	}
	for name, tt := range tests {
		for _, mode := range bothModes {
			t.Run(fmt.Sprintf("%s, %s", name, mode), func(t *testing.T) {
				t.Parallel()
				need(t, "socat")
				s := simple.raise(t, lab.WireOptions{})
				serveAll(t, s)
				for _, rs := range s.Real {
					serveEcho(t, rs, 7)
				}
				d := direct(t, s, s.defended(mode, tt.room))
				var sessions []*session
				for _, f := range s.families() {
					sessions = append(sessions, login(t, s.Client, netip.AddrPortFrom(f.vip, 7)))
				}
				stop := floodSYN(t, s)
				if tt.full {
					checkFull(t, d, tt.room)
					stop()
				}
				for _, f := range s.families() {
					eventually(t, "a client gets through", func() bool { return answered(t, s, f, 1) == 1 })
					if n := answered(t, s, f, 20); n < 18 {
						t.Errorf("%s: %d of 20 requests answered, want 18", f.name, n)
					}
				}
				stop()
				for _, session := range sessions {
					session.checkAlive(t)
				}
				if d.verdict("dropped in defence") == 0 {
					t.Error("no packet was dropped in defence")
				}
			})
		}
	}
}

// checkFull waits until the table is full, and checks that it has its bound.
func checkFull(t *testing.T, d *director, room int) {
	t.Helper()
	eventually(t, "the table is full", func() bool { return d.verdict("connection table full") > 0 })
	n := 0
	for _, r := range d.table() {
		n += r.active + r.inactive
	}
	if n > room || n < room/2 {
		t.Errorf("%d connections in a table for %d", n, room)
	}
}

// answered has the client ask n times, each time as long as it takes to try three
// times to connect, and returns how often it was answered.
func answered(t *testing.T, s *site, f family, n int) (count int) {
	t.Helper()
	for range n {
		if _, err := tryCurl(t.Context(), s.Client, "--max-time", "5", url(f.vip, 80)); err == nil {
			count++
		}
	}
	return count
}

// strangers are networks that no host of a site is in. What goes there ends at
// the client's host.
var strangers = [2]netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8:f::/64")}

// floodSYN has strangers ask for connections that they do not mean to use, until
// stop is called.
func floodSYN(t *testing.T, s *site) (stop func()) {
	t.Helper()
	const burst = 200
	var list [][]byte
	for i, f := range s.families() {
		must(t, s.Director.Route(strangers[i].String(), f.client))
		list = append(list, synFrames(t, s, f.vip, strangers[i].Addr(), 10_000)...)
	}
	fd := openPacket(t, s.Client, "eth0")
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			if _, err := unix.Write(fd, list[i%len(list)]); err != nil && !errors.Is(err, unix.ENOBUFS) {
				t.Error(fmt.Errorf("flood: %w", err))
				return
			}
			if i%burst == 0 {
				time.Sleep(10 * time.Millisecond) // leaves the machine to others
			}
		}
	})
	wait := sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		unix.Close(fd)
	})
	t.Cleanup(wait)
	return wait
}

// openPacket returns a packet socket that sends frames out of dev of h.
func openPacket(t *testing.T, h *lab.Host, dev string) (fd int) {
	t.Helper()
	link, err := h.Link(dev)
	must(t, err)
	must(t, h.Do(func() error {
		if fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return fmt.Errorf("open packet socket: %w", err)
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: link.Index})
	}))
	return fd
}

// synFrames returns n frames, each with the first segment of a connection from
// some address of network to port 80 of vip.
func synFrames(t *testing.T, s *site, vip, network netip.Addr, n int) (list [][]byte) {
	t.Helper()
	r := rand.New(rand.NewChaCha8([32]byte{}))
	ethernet := &layers.Ethernet{SrcMAC: macOf(t, s.Client), DstMAC: macOf(t, s.Director), EthernetType: layers.EthernetTypeIPv4}
	if vip.Is6() {
		ethernet.EthernetType = layers.EthernetTypeIPv6
	}
	for range n {
		src := network.AsSlice()
		src[len(src)-1] = byte(1 + r.IntN(254))
		var ip interface {
			gopacket.NetworkLayer
			gopacket.SerializableLayer
		} = &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: src, DstIP: vip.AsSlice()}
		if vip.Is6() {
			ip = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: src, DstIP: vip.AsSlice()}
		}
		tcp := &layers.TCP{SrcPort: layers.TCPPort(1024 + r.IntN(60_000)), DstPort: 80, Seq: r.Uint32(), SYN: true, Window: 65535}
		must(t, tcp.SetNetworkLayerForChecksum(ip))
		b := gopacket.NewSerializeBuffer()
		must(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ethernet, ip, tcp))
		list = append(list, b.Bytes())
	}
	return list
}
