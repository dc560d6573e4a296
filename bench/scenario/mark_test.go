package scenario

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// A shop is on two ports: whoever fills a basket on one pays on the other, at
// the same real server. A persistent service has both, either because rules give
// them one mark, or because it has every port of its VIP.
func TestShopOnTwoPorts(t *testing.T) {
	tests := map[string]func(*site, *config.Config){
		"by mark":    (*site).mark,
		"every port": func(*site, *config.Config) {},
	}
	for name, both := range tests {
		for _, mode := range bothModes {
			t.Run(fmt.Sprintf("%s, %s", name, mode), func(t *testing.T) {
				t.Parallel()
				s := simple.raise(t, lab.WireOptions{})
				s.port = 0 // the one that the client asks for
				for i, rs := range s.Real {
					serveShop(t, rs, fmt.Sprintf("rs%d", i+1))
				}
				c := persistent(s.config(mode, "rr", lvs.TCP, 0), time.Minute, 32, 128)
				both(s, c)
				direct(t, s, c)
				for _, f := range s.families() {
					seen := map[string]bool{}
					for _, client := range moreClients(t, s, f, 4) {
						seen[checkShop(t, s, f, client)] = true
					}
					if len(seen) != len(s.Real) {
						t.Errorf("%s: 4 clients went to %v, want all of %d real servers", f.name, seen, len(s.Real))
					}
					checkRefused(t, s.Client, f.vip, 8080)
				}
			})
		}
	}
}

// mark has the services of c go by a mark that the two ports of a shop get.
func (s *site) mark(c *config.Config) {
	const mark = 5
	for i, f := range s.families() {
		c.Marks = append(c.Marks, config.Mark{
			Mark: mark, Destination: netip.PrefixFrom(f.vip, f.vip.BitLen()), Protocol: lvs.TCP,
			Ports: []config.PortRange{{First: 80, Last: 80}, {First: 443, Last: 443}},
		})
		key := config.ServiceKey{VIP: netip.IPv4Unspecified(), Mark: mark}
		if f.vip.Is6() {
			key.VIP = netip.IPv6Unspecified()
		}
		c.Services[i].ServiceKey = key
	}
}

// moreClients gives the client's host n addresses beside its own, in the same
// network.
func moreClients(t *testing.T, s *site, f family, n int) (clients []string) {
	t.Helper()
	b := parse(f.client).AsSlice()
	bits := 24
	if f.vip.Is6() {
		bits = 64
	}
	for i := range n {
		b[len(b)-1] = byte(200 + i)
		addr := address(b)
		must(t, s.Client.AddAddr("eth0", netip.PrefixFrom(addr, bits).String()))
		clients = append(clients, addr.String())
	}
	return clients
}

// checkShop checks that one real server answers a client on both ports, and
// returns its name.
func checkShop(t *testing.T, s *site, f family, client string) (name string) {
	t.Helper()
	plain, secret := url(f.vip, 80), strings.Replace(url(f.vip, 443), "http", "https", 1)
	out := curl(t, s.Client, "--insecure", "--interface", client, plain, secret, secret, plain, plain, secret)
	answers := strings.Fields(out)
	if len(answers) != 2*6 {
		t.Fatalf("%s got %q, want six answers", client, out)
	}
	for i := 0; i < len(answers); i += 2 {
		if answers[i] != answers[0] || answers[i+1] != client {
			t.Errorf("%s got %q, want one real server that knows it", client, out)
		}
	}
	return answers[0]
}

// bothPorts is a web server on the ports 80 and 443 with a certificate of its own.
const bothPorts = `
daemon off; user root; worker_processes 1; pid %[1]s/pid; error_log stderr;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	scgi_temp_path %[1]s/scgi; uwsgi_temp_path %[1]s/uwsgi;
	server {
		listen 80; listen [::]:80; listen 443 ssl; listen [::]:443 ssl;
		ssl_certificate %[1]s/certificate; ssl_certificate_key %[1]s/key;
		location / { return 200 "%[2]s $remote_addr\n"; }
	}
}
`

// serveShop runs nginx in h on both ports of a shop.
func serveShop(t *testing.T, h *lab.Host, name string) {
	t.Helper()
	need(t, "nginx", "curl", "openssl")
	dir := t.TempDir()
	out, err := exec.Command("openssl", "req", "-x509", "-nodes", "-days", "1", "-subj", "/CN="+name,
		"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
		"-keyout", filepath.Join(dir, "key"), "-out", filepath.Join(dir, "certificate")).CombinedOutput()
	if err != nil {
		t.Fatalf("make a certificate: %v\n%s", err, out)
	}
	conf := filepath.Join(dir, "nginx.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, bothPorts, dir, name), 0o600))
	p, err := h.Start(exec.Command("nginx", "-c", conf))
	must(t, err)
	t.Cleanup(p.Stop)
	for _, port := range []uint16{80, 443} {
		awaitPort(t, h, netip.AddrPortFrom(netip.IPv6Loopback(), port))
	}
}
