package scenario

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// bulk is how many bytes a large file has.
const bulk = 200 << 20

// Large files arrive whole in both directions, by the offloads that the kernel
// sets: senders leave checksums to their devices.
func TestLargeFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "large")
	want := writeLarge(t, file, bulk)
	for _, d := range []struct {
		name string
		deployment
	}{{"masquerading", simple}, {"direct routing", s3b}} {
		t.Run(d.name, func(t *testing.T) {
			s := d.raise(t, lab.WireOptions{})
			files := serveWeb(t, s.Real[0], "rs1", s.port)
			must(t, os.Symlink(file, filepath.Join(files, "large")))
			c := s.web(config.XDP)
			for i := range c.Services {
				c.Services[i].Reals = c.Services[i].Reals[:1] // it must have the file, and keep what comes
			}
			direct(t, s, c)
			for _, f := range s.families() {
				checkDownload(t, s.Client, url(f.public, 80)+"files/large", want)
				checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
			}
		})
	}
}

// writeLarge makes a file of n bytes that do not repeat, and returns its sum.
func writeLarge(t *testing.T, path string, n int64) string {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{}), n)
	must(t, err)
	return sum(t, path)
}

// sum returns the sum of a file as sha256sum prints it.
func sum(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	must(t, err)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// checkDownload checks that h gets the file with the sum want from an address.
func checkDownload(t *testing.T, h *lab.Host, from, want string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "got")
	curl(t, h, "-o", path, from)
	if got := sum(t, path); got != want {
		t.Errorf("%s: downloaded %s, want %s", from, got, want)
	}
	must(t, os.Remove(path))
}

// checkUpload has the client upload file, and checks what the real server, which
// keeps it at path, has got.
func checkUpload(t *testing.T, s *site, f family, file, path, want string) {
	t.Helper()
	if out := curl(t, s.Client, "-T", file, url(f.public, 80)+"files/"+f.name); strings.TrimSpace(out) != "" {
		t.Errorf("%s: upload answered %q", f.name, out)
	}
	if got := sum(t, path); got != want {
		t.Errorf("%s: uploaded %s, want %s", f.name, got, want)
	}
	must(t, os.Remove(path))
}

// Many streams at once, both ways, to one real server by several workers.
func TestManyStreams(t *testing.T) {
	need(t, "iperf3")
	const port = 5201
	d := simple
	d.port = port
	s := d.raise(t, lab.WireOptions{Queues: 2})
	c := s.config(config.XDP, "rr", lvs.TCP, port)
	for i := range c.Services {
		c.Services[i].Reals = c.Services[i].Reals[:1] // control and data have one server
	}
	server, err := s.Real[0].Start(exec.Command("iperf3", "-s"))
	must(t, err)
	t.Cleanup(server.Stop)
	awaitPort(t, s.Real[0], netip.AddrPortFrom(netip.IPv6Loopback(), port))
	direct(t, s, c)
	for _, f := range s.families() {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := s.Client.Run(ctx, "iperf3", "-c", f.vip.String(), "-n", "20M", "-P", "4", "--bidir")
		cancel()
		must(t, err)
	}
}
