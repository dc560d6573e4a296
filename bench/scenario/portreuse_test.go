package scenario

import (
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/lvs"
)

// A client uses its port for one service after the other, all with the same real
// server: replies are those of the latest, though they look like those of others
// that the director still remembers.
func TestClientUsesItsPortForAnotherService(t *testing.T) {
	for _, mode := range bothModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := simple.raise(t, lab.WireOptions{})
			must(t, s.Client.Sysctl("net.ipv4.tcp_max_tw_buckets", "0")) // does not wait in TIME_WAIT
			serveAll(t, s)
			c := s.web(mode)
			c.Services = append(c.Services, s.config(mode, "rr", lvs.TCP, 8080).Services...)
			for i := range c.Services {
				c.Services[i].Reals = c.Services[i].Reals[:1]
			}
			direct(t, s, c)
			for _, f := range s.families() {
				for _, port := range []uint16{80, 8080, 80, 8080} {
					got := strings.TrimSpace(curl(t, s.Client, "--max-time", "5", "--local-port", "40000", url(f.vip, port)))
					if want := "rs1 " + f.client; got != want {
						t.Errorf("port %d answers %q, want %q", port, got, want)
					}
				}
			}
		})
	}
}
