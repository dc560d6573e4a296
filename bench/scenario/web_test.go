package scenario

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"xlvs/bench/lab"
)

// nginx is a web server that answers with its name and the client's address, has
// what is in its folder below /files/, and keeps what is put there.
const nginx = `
daemon off; user root; worker_processes 1; pid %[1]s/pid; error_log stderr;
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
	scgi_temp_path %[1]s/scgi; uwsgi_temp_path %[1]s/uwsgi;
	server {
		listen %[2]d backlog=4096; listen [::]:%[2]d backlog=4096;
		location / { return 200 "%[3]s $remote_addr\n"; }
		location /files/ { root %[1]s; dav_methods PUT; client_max_body_size 0; }
	}
}
`

// serveWeb runs nginx in h, and returns the folder behind /files/.
func serveWeb(t *testing.T, h *lab.Host, name string, port uint16) (files string) {
	t.Helper()
	need(t, "nginx", "curl")
	dir := t.TempDir()
	files = filepath.Join(dir, "files")
	must(t, os.Mkdir(files, 0o755))
	conf := filepath.Join(dir, "nginx.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, nginx, dir, port, name), 0o600))
	p, err := h.Start(exec.Command("nginx", "-c", conf))
	must(t, err)
	t.Cleanup(p.Stop)
	awaitPort(t, h, netip.AddrPortFrom(netip.IPv6Loopback(), port))
	return files
}

// serveAll runs nginx on every real server of s, called rs1, rs2, ….
func serveAll(t *testing.T, s *site) {
	t.Helper()
	for i, rs := range s.Real {
		serveWeb(t, rs, fmt.Sprintf("rs%d", i+1), s.port)
	}
}

// awaitPort waits until something listens on addr of h.
func awaitPort(t *testing.T, h *lab.Host, addr netip.AddrPort) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s listens on %v", h.Name(), addr), func() bool {
		c, err := h.Dial(t.Context(), "tcp", addr.String())
		if err != nil {
			return false
		}
		return c.Close() == nil
	})
}

// url is the address of a service on port 80, or of another.
func url(addr netip.Addr, port uint16) string {
	return "http://" + net.JoinHostPort(addr.String(), fmt.Sprint(port)) + "/"
}

// curl runs curl in h and returns what it got. Anything but success of all its
// requests ends the test.
func curl(t *testing.T, h *lab.Host, args ...string) string {
	t.Helper()
	out, err := tryCurl(t.Context(), h, args...)
	must(t, err)
	return out
}

// tryCurl runs curl in h. Each request has a connection of its own.
func tryCurl(ctx context.Context, h *lab.Host, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	args = append([]string{"-sSf", "--fail-early", "--max-time", "30", "-H", "Connection: close"}, args...)
	out, err := h.Run(ctx, "curl", args...)
	return string(out), err
}

// checkRefused checks that h is refused by addr: curl's exit status 7, not the 28
// of a timeout.
func checkRefused(t *testing.T, h *lab.Host, addr netip.Addr, port uint16) {
	t.Helper()
	_, err := tryCurl(t.Context(), h, "--max-time", "5", url(addr, port))
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("curl %s: %v, want exit status 7, connection refused", url(addr, port), err)
	}
}

// checkTurns has the client ask n times, and checks that all real servers answer
// in turn and see the client's address.
func checkTurns(t *testing.T, s *site, f family, n int) {
	t.Helper()
	answers := ask(t, s, f, n)
	round := len(s.Real)
	for i, got := range answers {
		if i >= round && got != answers[i-round] {
			t.Fatalf("answer %d is %q, the one a round before %q", i+1, got, answers[i-round])
		}
	}
	for i := range round {
		if want := fmt.Sprintf("rs%d %s", i+1, f.client); !slices.Contains(answers[:round], want) {
			t.Errorf("the first %d answers are %q, want %q among them", round, answers[:round], want)
		}
	}
}

// ask has the client ask n times, one after the other, and returns the answers.
func ask(t *testing.T, s *site, f family, n int) []string {
	t.Helper()
	out := curl(t, s.Client, fmt.Sprintf("%s[1-%d]", url(f.public, 80), n))
	answers := strings.Split(strings.TrimSpace(out), "\n")
	if len(answers) != n {
		t.Fatalf("%d answers to %d requests:\n%s", len(answers), n, out)
	}
	return answers
}
