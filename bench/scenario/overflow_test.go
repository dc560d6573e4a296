package scenario

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// What arrives while a director has no time is lost in the kernel, beyond what
// that has room for. No packet of these gets a verdict, but the log tells how
// many there were, and why.
func TestLossInTheKernelIsLogged(t *testing.T) {
	tests := map[config.Mode][]string{
		config.Packet: {"packet socket's queue full"},
		config.XDP:    {"receive ring full", "not received"},
	}
	for mode, reasons := range tests {
		t.Run(string(mode), func(t *testing.T) {
			s := simple.raise(t, lab.WireOptions{})
			d := direct(t, s, s.config(mode, "rr", lvs.UDP, 9))
			c, err := s.Client.Dial(t.Context(), "udp", net.JoinHostPort(s.VIP.String(), "9"))
			must(t, err)
			t.Cleanup(func() { c.Close() })
			d.signal(syscall.SIGSTOP)
			t.Cleanup(func() { _ = d.process.Signal(syscall.SIGCONT) }) // or it could not end
			for end := time.Now().Add(time.Second); time.Now().Before(end); {
				_, _ = c.Write([]byte("to be discarded")) // an error is one of an earlier datagram
			}
			d.signal(syscall.SIGCONT)
			d.stop() // it reports every ten seconds, and at its end
			line := ""
			for _, reason := range reasons {
				line += d.line("dropped frames", "interface=eth0", reason)
			}
			t.Log(strings.TrimSpace(line))
			if line == "" {
				t.Errorf("the log has no frames that eth0 lost for one of %q", reasons)
			}
		})
	}
}
