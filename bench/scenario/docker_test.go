package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
)

// dockerRules are what Docker sets up for a bridge, with one port of the first
// container published: the host masquerades what containers send outside,
// translates what is for the published port, and forwards nothing else to them.
// %[1]s is the family, %[2]s the containers' subnet, %[3]s the host's address,
// %[4]s the container's, and %[5]s that with its port.
const dockerRules = `
table %[1]s docker {
	chain prerouting {
		type nat hook prerouting priority dstnat
		iifname != br0 %[1]s daddr %[3]s tcp dport 8080 dnat to %[5]s
	}
	chain postrouting {
		type nat hook postrouting priority srcnat
		oifname != br0 %[1]s saddr %[2]s masquerade
	}
	chain forward {
		type filter hook forward priority filter; policy drop
		ct state established,related accept
		iifname br0 accept
		iifname != br0 oifname br0 %[1]s daddr %[4]s tcp dport 80 accept
	}
}
`

// raiseDocker is a bridge with containers whose host has Docker's rules.
func raiseDocker(t *testing.T) *site {
	t.Helper()
	s := raiseBridge(t)
	for _, key := range []string{"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"} {
		must(t, s.Director.Sysctl(key, "1"))
	}
	subnets := []string{"192.0.2.0/24", "2001:db8:2::/64"}
	var rules strings.Builder
	for i, f := range s.families() {
		nft, to := "ip", f.reals[0]+":80"
		if f.vip.Is6() {
			nft, to = "ip6", "["+f.reals[0]+"]:80"
		}
		fmt.Fprintf(&rules, dockerRules, nft, subnets[i], f.vip, f.reals[0], to)
	}
	applyRules(t, s.Director, rules.String())
	return s
}

// applyRules adds rules to those of h.
func applyRules(t *testing.T, h *lab.Host, rules string) {
	t.Helper()
	need(t, "nft")
	path := filepath.Join(t.TempDir(), "rules")
	must(t, os.WriteFile(path, []byte(rules), 0o600))
	_, err := h.Run(t.Context(), "nft", "-f", path)
	must(t, err)
}

// A director runs on a Docker host, and its real servers are containers there. They
// reach outside as ever, and what the host itself publishes of one of them is the
// host's: its connections have the same real server and port as the service's.
func TestDockerHost(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := raiseDocker(t)
			serveAll(t, s)
			serveWeb(t, s.Client, "outside", 7000)
			c := s.web(config.Packet)
			c.Dataplane.Interface = map[string]config.InterfaceSettings{"eth0": {Mode: mode}}
			direct(t, s, c)
			atClient := captureAt(t, s.Client)
			for _, f := range s.families() {
				checkTurns(t, s, f, 10)
				checkOutside(t, s, f)
				for range 3 {
					got := strings.TrimSpace(curl(t, s.Client, url(f.vip, 8080)))
					if want := "rs1 " + f.client; got != want {
						t.Errorf("%s: the published port answers %q, want %q", f.name, got, want)
					}
				}
				checkTurns(t, s, f, 4)
			}
			checkAnsweredOnce(t, segments(t, atClient))
		})
	}
}
