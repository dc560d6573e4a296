package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
	"xlvs/lvs"
)

// bareMTU is that of a tunnel over Ethernet, as WireGuard sets it.
const bareMTU = 1420

// A tunnelled site has real servers that are reached through point-to-point links
// without Ethernet, as a VPN makes them. Their replies go by the switch: straight
// to the client, or with masquerading to the director.
//
//	switch ──┬─ client 198.51.100.7
//	         ├─ 198.51.100.1 director ──┬── tun1 ── 192.0.2.11 rs1
//	         ├─ rs1                     └── tun2 ── 192.0.2.12 rs2
//	         └─ rs2
type tunnelled struct {
	*site
	cut [2]func() // takes the link of a real server away
}

func raiseTunnels(t *testing.T, method lvs.Method) *tunnelled {
	t.Helper()
	bare, l := raiseBare(t)
	bare.method = method
	s := &tunnelled{site: bare}
	var err error
	s.Switch, err = l.Switch("switch")
	must(t, err)
	for _, h := range append([]*lab.Host{s.Client, s.Director}, s.Real...) {
		must(t, s.Switch.Plug(h, "eth0", lab.WireOptions{}))
	}
	must(t, s.Client.AddAddr("eth0", "198.51.100.7/24", "2001:db8:1::7/64"))
	must(t, s.Director.AddAddr("eth0", "198.51.100.1/24", "2001:db8:1::1/64"))
	for i, rs := range s.Real {
		must(t, rs.AddAddr("eth0", fmt.Sprintf("198.51.100.%d/24", 11+i), fmt.Sprintf("2001:db8:1::%d/64", 11+i)))
		s.replyBySwitch(t, rs)
		s.dig(t, i)
	}
	return s
}

// replyBySwitch has a real server's replies find their way.
func (s *site) replyBySwitch(t *testing.T, rs *lab.Host) {
	t.Helper()
	for _, f := range s.families() {
		if s.method == lvs.NAT {
			must(t, rs.Route(whole(parse(f.client)), f.vip.String()))
			continue
		}
		must(t, rs.Sysctl("net.ipv4.conf.all.arp_ignore", "1"))
		must(t, rs.Sysctl("net.ipv4.conf.all.arp_announce", "2"))
		must(t, rs.AddAddr("lo", whole(f.vip)))
	}
}

// dig makes the link between the director and real server i, and the routes to
// it.
func (s *tunnelled) dig(t *testing.T, i int) {
	t.Helper()
	near := fmt.Sprintf("tun%d", i+1)
	s.cut[i] = connectTuns(t, s.Director, near, s.Real[i], "tun0")
	for _, f := range s.families() {
		must(t, s.Real[i].AddAddr("tun0", whole(parse(f.reals[i]))))
		ip(t, s.Director, "route", "add", whole(parse(f.reals[i])), "dev", near)
	}
}

// connectTuns makes a device in each host, and carries the packets that one sends
// to the other. Both are up, until cut is called or the test ends.
func connectTuns(t *testing.T, a *lab.Host, devA string, b *lab.Host, devB string) (cut func()) {
	t.Helper()
	tunA, tunB := openTun(t, a, devA), openTun(t, b, devB)
	carried := make(chan struct{}, 2)
	for _, way := range [][2]*os.File{{tunA, tunB}, {tunB, tunA}} {
		go func() {
			shovel(way[0], way[1])
			carried <- struct{}{}
		}()
	}
	isCut := false
	cut = func() {
		if isCut {
			return
		}
		isCut = true
		tunA.Close()
		tunB.Close()
		<-carried
		<-carried
	}
	t.Cleanup(cut)
	return cut
}

// shovel carries packets until from is closed. One that the other end does not
// take is lost, as on any link.
func shovel(from, to *os.File) {
	b := make([]byte, 1<<16)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		_, _ = to.Write(b[:n])
	}
}

// openTun makes a device without Ethernet in h, which is there until the file is
// closed. Who reads the file has what the device sends.
func openTun(t *testing.T, h *lab.Host, dev string) *os.File {
	t.Helper()
	fd := -1
	must(t, h.Do(func() (err error) {
		fd, err = newTun(dev)
		return err
	}))
	ip(t, h, "link", "set", dev, "mtu", fmt.Sprint(bareMTU), "up")
	return os.NewFile(uintptr(fd), dev)
}

func newTun(dev string) (fd int, err error) {
	fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	req, err := unix.NewIfreq(dev)
	if err == nil {
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("make tun device %s: %w", dev, err)
	}
	return fd, nil
}

// Packets for real servers leave by links that have no Ethernet. These are
// narrower than the client's, which is told so when it uploads.
func TestRealServersBehindTunnels(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 8<<20)
	for _, method := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
		for _, mode := range wireModes {
			t.Run(fmt.Sprintf("%v, %s", method, mode), func(t *testing.T) {
				t.Parallel()
				s := raiseTunnels(t, method)
				serveWeb(t, s.Real[1], "rs2", s.port)
				files := serveFile(t, s.site, file)
				c := s.web(mode)
				c.Dataplane.Interfaces = []string{"eth0", "tun1", "tun2"}
				d := direct(t, s.site, c)
				if line := d.line("driving interface", "name=tun1", "mode=packet"); !strings.Contains(line, "no Ethernet") {
					t.Errorf("the log says %q of tun1, want packet mode, and that it has no Ethernet", line)
				}
				for _, f := range s.families() {
					checkTurns(t, s.site, f, 10)
				}
				d.reload(s.onlyFirstOf(c))
				for _, f := range s.families() {
					checkUpload(t, s.site, f, file, filepath.Join(files, f.name), want)
					checkDownload(t, s.Client, url(f.public, 80)+"files/file", want)
				}
				if d.verdict("larger than the MTU") == 0 {
					t.Error("no packet was too large for a tunnel")
				}
			})
		}
	}
}

// A VPN that is restarted makes its interface anew, and the director drives that.
func TestTunnelIsReplaced(t *testing.T) {
	for _, mode := range wireModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := raiseTunnels(t, lvs.DirectRouting)
			serveAll(t, s.site)
			c := s.web(mode)
			c.Dataplane.Interfaces = []string{"eth0", "tun1", "tun2"}
			d := direct(t, s.site, c)
			for range 3 {
				logged := d.log.len()
				s.cut[0]()
				eventually(t, "the director says that tun1 is gone", d.says(logged, "tun1 is gone"))
				s.dig(t, 0)
				eventually(t, "the director says that tun1 is back", d.says(logged, "tun1 is there again"))
				awaitService(t, s.site)
				for _, f := range s.families() {
					checkTurns(t, s.site, f, 4)
				}
			}
		})
	}
}
