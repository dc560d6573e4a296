package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"xlvs/config"
)

// Clients on the director's own host reach services whose VIPs no interface
// holds, as clients elsewhere do at the same time.
func TestClientsOnTheDirector(t *testing.T) {
	own := map[string][2]string{ // the director's addresses that its clients have
		unheld[0].name: {"198.51.100.1", "2001:db8:1::1"},
		unheld[1].name: {"192.168.147.6", "2001:db8:3:147::6"},
	}
	for _, p := range unheld {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%s, %s", p.name, mode), func(t *testing.T) {
				t.Parallel()
				need(t, "ping")
				s := p.raise(t)
				file := filepath.Join(t.TempDir(), "large")
				want := writeLarge(t, file, 4<<20)
				for i, rs := range s.Real {
					files := serveWeb(t, rs, fmt.Sprintf("rs%d", i+1), s.port)
					must(t, os.Symlink(file, filepath.Join(files, "large")))
				}
				direct(t, s, s.web(mode))
				local := s.onDirector(own[p.name])
				for i, f := range local.families() {
					checkTurns(t, local, f, 20)
					checkTurns(t, s, s.families()[i], 4)
					checkTurns(t, local, f, 4)
					if mode != config.XDPGeneric { // which loses the large frames of a file, and says so
						checkDownload(t, local.Client, url(f.vip, 80)+"files/large", want)
					}
					checkRefused(t, local.Client, f.vip, 81)
					checkPing(t, local.Client, f.vip)
				}
			})
		}
	}
}

// onDirector is s as a client on the director has it, with these addresses.
func (s *site) onDirector(own [2]string) *site {
	local := *s
	topology := *s.Topology
	local.Topology = &topology
	local.Client = s.Director
	local.v4.client, local.v6.client = own[0], own[1]
	return &local
}
