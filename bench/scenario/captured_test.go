package scenario

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/lab"
)

// What AF_XDP carries, which tcpdump on the director does not see, is seen by
// capture, and read by tcpdump.
func TestCapture(t *testing.T) {
	need(t, "tcpdump")
	for _, mode := range bothModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := simple.raise(t, lab.WireOptions{})
			serveAll(t, s)
			direct(t, s, s.web(mode))
			file := filepath.Join(t.TempDir(), "frames.pcapng")
			cmd := exec.Command(filepath.Join(programs(t), "xlvs"), "capture", "-o", file, "-service", "tcp-198.51.100.1:80", "tcp")
			p, err := s.Director.Start(cmd)
			must(t, err)
			t.Cleanup(p.Stop)
			eventually(t, "a capture goes on", func() bool {
				checkTurns(t, s, s.families()[0], 2)
				out, err := exec.Command("tcpdump", "-nr", file).CombinedOutput()
				return err == nil && strings.Contains(string(out), "> 198.51.100.1.80: Flags [S]")
			})
			checkRefused(t, s.Client, s.Public, 81) // not the service's
			p.Stop()
			must(t, p.Wait())
			out, err := exec.Command("tcpdump", "-nr", file).Output()
			must(t, err)
			for _, want := range []string{"198.51.100.7.", "> 198.51.100.1.80: ", "> 192.0.2.11.80: ", "> 192.0.2.12.80: ", "192.0.2.11.80 > 198.51.100.7.", "198.51.100.1.80 > 198.51.100.7."} {
				if !strings.Contains(string(out), want) {
					t.Errorf("nothing captured has %q:\n%s", want, out)
				}
			}
			if strings.Contains(string(out), "198.51.100.1.81") {
				t.Error("something of another port was captured")
			}
		})
	}
}
