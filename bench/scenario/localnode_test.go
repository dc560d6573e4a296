package scenario

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"xlvs/bench/lab"
	"xlvs/lvs"
)

// localNodes are deployments of direct routing that differ in where the director
// has the VIP.
var localNodes = []placement{
	{"VIP on the interface", func(t *testing.T) *site { t.Helper(); return s3b.raise(t, lab.WireOptions{}) }},
	{"VIP on loopback", func(t *testing.T) *site {
		t.Helper()
		s := s3b.raise(t, lab.WireOptions{})
		s.VIP, s.VIP6 = parse("203.0.113.80"), parse("2001:db8:80::80")
		s.Public = s.VIP
		for _, h := range append([]*lab.Host{s.Director}, s.Real...) {
			must(t, h.AddAddr("lo", whole(s.VIP), whole(s.VIP6)))
		}
		must(t, s.Client.Route(whole(s.VIP), localNode[0]))
		must(t, s.Client.Route(whole(s.VIP6), localNode[1]))
		return s
	}},
}

// localNode are the director's own addresses in s3b.
var localNode = [2]string{"192.168.147.6", "2001:db8:3:147::6"}

// The director's host is one of its real servers. It gets what is its own as it
// would without a director, large frames too, while others get their share.
func TestLocalNode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "large")
	want := writeLarge(t, file, 4<<20)
	for _, p := range localNodes {
		for _, mode := range bothModes {
			t.Run(fmt.Sprintf("%s, %s", p.name, mode), func(t *testing.T) {
				t.Parallel()
				s := p.raise(t)
				s.Real[0] = s.Director // in the place of rs1
				s.v4.reals = []string{localNode[0], s.v4.reals[1]}
				s.v6.reals = []string{localNode[1], s.v6.reals[1]}
				files := serveWeb(t, s.Real[0], "rs1", s.port)
				serveWeb(t, s.Real[1], "rs2", s.port)
				d := direct(t, s, s.web(mode))
				for _, f := range s.families() {
					checkTurns(t, s, f, 20)
					checkCounted(t, d, f, 10)
				}
				d.reload(s.config(mode, "rr", lvs.TCP, 80, 1, 0))
				for _, f := range s.families() {
					checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
				}
			})
		}
	}
}

// checkCounted checks that each real server of f's service has n connections.
func checkCounted(t *testing.T, d *director, f family, n int) {
	t.Helper()
	list := d.table()
	for _, addr := range f.reals {
		key := "TCP " + net.JoinHostPort(f.vip.String(), "80") + " " + net.JoinHostPort(addr, "80")
		if got := list[key].active + list[key].inactive; got != n {
			t.Errorf("%s: %d connections, want %d", key, got, n)
		}
	}
}
