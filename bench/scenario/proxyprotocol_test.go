package scenario

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// proxied is a web server that serves nobody who is not introduced by the PROXY
// protocol. Otherwise it is as nginx is; its log is of what it is told, and by whom.
const proxied = `
daemon off; user root; worker_processes 1; pid %[1]s/pid; error_log stderr;
events { worker_connections 4096; }
http {
	log_format told '$proxy_protocol_addr $proxy_protocol_port by $remote_addr for $proxy_protocol_server_addr $proxy_protocol_server_port';
	access_log %[1]s/log told;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	scgi_temp_path %[1]s/scgi; uwsgi_temp_path %[1]s/uwsgi;
	server {
		listen %[2]d proxy_protocol; listen [::]:%[2]d proxy_protocol;
		location / { return 200 "%[3]s $proxy_protocol_addr\n"; }
		location /files/ { root %[1]s; dav_methods PUT; client_max_body_size 0; }
	}
}
`

// serveProxied is serveWeb for introduced clients. It returns the folder of files,
// and the log.
func serveProxied(t *testing.T, h *lab.Host, name string, port uint16) (files, log string) {
	t.Helper()
	need(t, "nginx", "curl")
	dir := t.TempDir()
	files, log = filepath.Join(dir, "files"), filepath.Join(dir, "log")
	must(t, os.Mkdir(files, 0o755))
	conf := filepath.Join(dir, "nginx.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, proxied, dir, port, name), 0o600))
	p, err := h.Start(exec.Command("nginx", "-c", conf))
	must(t, err)
	t.Cleanup(p.Stop)
	awaitPort(t, h, netip.AddrPortFrom(netip.IPv6Loopback(), port))
	return files, log
}

// A stock web server learns by the PROXY protocol who its clients are, and large
// files arrive whole behind that, by masquerading and by all that fullnat has.
func TestProxyProtocol(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 20<<20)
	forEachVariant(t, func(t *testing.T, v variant, mode config.Mode) {
		s := s5.raise(t, lab.WireOptions{})
		checkProxied(t, s, mode, v.with, v.locals[:], file, want)
	})
	for _, mode := range bothModes {
		t.Run(fmt.Sprintf("masquerading, %s", mode), func(t *testing.T) {
			t.Parallel()
			s := s1.raise(t, lab.WireOptions{})
			checkProxied(t, s, mode, func(c *config.Config) *config.Config { return c }, []string{s.v4.client, s.v6.client}, file, want)
		})
	}
}

// checkProxied checks that real servers learn the client's address, from one of
// the addresses by.
func checkProxied(t *testing.T, s *site, mode config.Mode, with func(*config.Config) *config.Config, by []string, file, want string) {
	t.Helper()
	files, log := serveProxied(t, s.Real[0], "rs1", s.port)
	serveProxied(t, s.Real[1], "rs2", s.port)
	must(t, os.Symlink(file, filepath.Join(files, "file")))
	d := direct(t, s, introduced(with(s.web(mode)), config.ProxyV2))
	for _, f := range s.families() {
		checkTurns(t, s, f, 10)
	}
	d.reload(introduced(with(s.onlyFirst(mode)), config.ProxyV2))
	for _, f := range s.families() {
		checkDownload(t, s.Client, url(f.public, 80)+"files/file", want)
		checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
		checkLog(t, log, fmt.Sprintf("%s [0-9]+ by (%s) for %s 80\n", f.client, strings.Join(by, "|"), f.vip))
	}
}

// checkLog checks that a line of a file is as pattern wants it.
func checkLog(t *testing.T, path, pattern string) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	if !regexp.MustCompile(strings.ReplaceAll(pattern, ".", `\.`)).Match(text) {
		t.Errorf("the log says\n%s, want %s", text, pattern)
	}
}

// A client whose first segment is as long as a narrow link behind the director
// takes has it arrive with what is put before it.
func TestProxyProtocolAndANarrowLink(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 1<<20)
	for _, mode := range bothModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := s5.raise(t, lab.WireOptions{})
			setMTU(t, s.Router, "eth1", narrow)
			files, _ := serveProxied(t, s.Real[0], "rs1", s.port)
			direct(t, s, introduced(variants[0].with(s.onlyFirst(mode)), config.ProxyV2))
			long := "X-Long: " + strings.Repeat("x", 4000)
			for _, f := range s.families() {
				curl(t, s.Client, "-H", long, "-T", file, url(f.public, 80)+"files/"+f.name)
				if got := sum(t, filepath.Join(files, f.name)); got != want {
					t.Errorf("%s: uploaded %s, want %s", f.name, got, want)
				}
				checkPathMTU(t, s.Client, f, narrow-map[bool]int{true: 28, false: 52}[f.vip.Is4()])
			}
		})
	}
}

// Every datagram says who has sent it, and answers are as the server sends them.
func TestProxyProtocolOverUDP(t *testing.T) {
	forEachVariant(t, func(t *testing.T, v variant, mode config.Mode) {
		s := s5.raise(t, lab.WireOptions{})
		s.port = echoPort
		for i := range s.Real {
			listen := *s
			listen.method = lvs.NAT
			echoDatagrams(t, &listen, i)
		}
		direct(t, s, introduced(v.with(s.config(mode, "rr", lvs.UDP, echoPort)), config.ProxyV2))
		for _, f := range s.families() {
			for range 2 {
				c := dialDatagrams(t, s.Client, f)
				for _, text := range []string{"who is there?", "", "still me"} {
					_, err := c.Write([]byte(text))
					must(t, err)
					checkIntroduced(t, f, text, readDatagram(t, c))
				}
			}
		}
	})
}
