package realserver

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/bench/lab/labtest"
)

// The addresses of a site. vip6 and vip4 are the virtual ones, which no client
// finds by itself.
const (
	rip4, rip6 = "192.0.2.11", "2001:db8:1::11"
	cip4, cip6 = "192.0.2.7", "2001:db8:1::7"
	vip4, vip6 = "203.0.113.1", "2001:db8:3::1"
)

// A site is a client, which is the director too, and a real server. The second
// wire is there so that packets can come by another way than replies go.
//
//	client 192.0.2.7    ── eth0 ── 192.0.2.11    real server (203.0.113.1)
//	       198.51.100.7 ── eth1 ── 198.51.100.11
//
// IPv6 has the same host numbers in 2001:db8:1::/64 and 2001:db8:2::/64.
type site struct {
	client, real *lab.Host
	state        string // file
}

// raise makes a site for a test that may run beside others.
func raise(t *testing.T) *site {
	t.Helper()
	t.Parallel()
	l := labtest.New(t)
	s := &site{state: filepath.Join(t.TempDir(), "state.json")}
	var err error
	s.client, err = l.Host("client")
	must(t, err)
	s.real, err = l.Host("real")
	must(t, err)
	for i, dev := range []string{"eth0", "eth1"} {
		must(t, l.Wire(s.client, dev, s.real, dev, lab.WireOptions{}))
		net4, net6 := []string{"192.0.2", "198.51.100"}[i], fmt.Sprintf("2001:db8:%d:", i+1)
		must(t, s.client.AddAddr(dev, net4+".7/24", net6+":7/64"))
		must(t, s.real.AddAddr(dev, net4+".11/24", net6+":11/64"))
	}
	// As distributions have it, so that a test shows what has to be changed.
	must(t, s.real.Sysctl("net.ipv4.conf.all.rp_filter", "1"))
	must(t, s.real.Sysctl("net.ipv4.conf.default.rp_filter", "1"))
	return s
}

// do runs a program in h, to its end, and returns what it prints.
func do(t *testing.T, h *lab.Host, args ...string) string {
	t.Helper()
	out, err := h.Run(t.Context(), args[0], args[1:]...)
	must(t, err)
	return string(out)
}

// command returns `xlvs realserver` with args.
func (s *site) command(user string, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, append([]string{"--state", s.state}, args...)...)
	cmd.Env = append(os.Environ(), envMain+"="+user, "GORACE=atexit_sleep_ms=0") // else a second at the end
	return cmd
}

// run runs `xlvs realserver` to its end, and returns what it prints.
func (s *site) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	p, err := s.real.Start(s.command("root", args...))
	must(t, err)
	err = p.Wait()
	return string(p.Output()), err
}

// start starts `xlvs realserver` and waits until it is ready.
func (s *site) start(t *testing.T, args ...string) *lab.Process {
	t.Helper()
	p, err := s.real.Start(s.command("root", args...))
	must(t, err)
	for !strings.Contains(string(p.Output()), "real server is ready") {
		select {
		case <-p.Done():
			t.Fatalf("xlvs realserver %q: %v\n%s", args, p.Wait(), p.Output())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return p
}

// end ends p as an operator does, and expects that to succeed.
func end(t *testing.T, p *lab.Process) {
	t.Helper()
	p.Stop()
	if err := p.Wait(); err != nil {
		t.Fatalf("xlvs realserver: %v\n%s", err, p.Output())
	}
}

// settings returns all addresses and network settings of the real server.
func (s *site) settings(t *testing.T) string {
	t.Helper()
	return do(t, s.real, "ip", "-o", "address") + do(t, s.real, "sysctl", "-a", "-r", `^net\.ipv[46]\.conf\.`)
}

// expectSettings checks that everything is as it was, and the state file gone.
func (s *site) expectSettings(t *testing.T, before string) {
	t.Helper()
	if now := s.settings(t); now != before {
		was := strings.Split(before, "\n")
		for line := range strings.SplitSeq(now, "\n") {
			if !strings.Contains(before, line+"\n") {
				t.Errorf("new: %s", line)
			}
		}
		t.Errorf("settings differ from the %d lines before", len(was))
	}
	if _, err := os.Stat(s.state); err == nil {
		t.Error("the state file is still there")
	}
}

// has reports whether the real server has an address on an interface.
func (s *site) has(t *testing.T, dev, addr string) bool {
	t.Helper()
	return strings.Contains(do(t, s.real, "ip", "-o", "address", "show", "dev", dev), " "+addr+"/")
}

// serve runs a web server on all addresses of the real server, which answers
// with the length of what it was sent and whom it sees.
func (s *site) serve(t *testing.T) {
	t.Helper()
	l, err := s.real.Listen("tcp", ":80")
	must(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		addr, _ := netip.ParseAddr(host)
		fmt.Fprintf(w, "%d bytes from %v", n, addr.Unmap())
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
}

// upload has curl send a file to vip, and checks that the real server got it
// from the client's own address.
func (s *site) upload(t *testing.T, vip string, n int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, make([]byte, n), 0o600))
	from := cip4
	if strings.Contains(vip, ":") {
		from = cip6
	}
	got := do(t, s.client, "curl", "-sS", "-g", "--max-time", "5", "--data-binary", "@"+file,
		"http://"+netip.AddrPortFrom(netip.MustParseAddr(vip), 80).String()+"/")
	if want := fmt.Sprintf("%d bytes from %s", n, from); got != want {
		t.Errorf("the web server says %q, want %q", got, want)
	}
}
