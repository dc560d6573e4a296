package scenario

import (
	"os"
	"syscall"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
)

// A director that was killed leaves nothing on the interfaces, and the next one
// begins as if it had been the first.
func TestKilledDirectorLeavesNothing(t *testing.T) {
	t.Parallel()
	s := s1.raise(t, lab.WireOptions{})
	serveAll(t, s)
	d := direct(t, s, s.web(config.XDP))
	for range 2 {
		for _, f := range s.families() {
			checkTurns(t, s, f, 4)
		}
		d.kill()
		eventually(t, "the kernel detaches the program", func() bool { return !d.attached() })
		for _, f := range s.families() {
			checkRefused(t, s.Client, f.public, 80) // by the host, which is as it was
		}
		d.start()
	}
	for _, f := range s.families() {
		checkTurns(t, s, f, 4)
	}
}

// A configuration that is no good changes nothing.
func TestBrokenFileChangesNothing(t *testing.T) {
	t.Parallel()
	s := s1.raise(t, lab.WireOptions{})
	serveAll(t, s)
	c := s.web(config.XDP)
	d := direct(t, s, c)
	logged := d.log.len()
	must(t, os.WriteFile(d.path, []byte("[[service]]\nprotocol = \"tcp\"\n"), 0o600))
	d.signal(syscall.SIGHUP)
	eventually(t, "the director says what is wrong", func() bool { return d.log.len() > logged })
	if !d.table().has(weights(c)) {
		t.Errorf("the table has changed: %v", d.table())
	}
	for _, f := range s.families() {
		checkTurns(t, s, f, 4)
	}
}

// A cable that is pulled and put back, on either side, and an interface that is
// taken down and up, interrupt the service and no more.
func TestInterfaceFlaps(t *testing.T) {
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{})
	serveAll(t, s)
	direct(t, s, s.web(config.XDP))
	for _, h := range []*lab.Host{s.Client, s.Director} {
		must(t, h.Sysctl("net.ipv6.conf.all.keep_addr_on_down", "1"))
	}
	ends := map[string]struct {
		host *lab.Host
		dev  string
	}{
		"client's cable":   {s.Client, "eth0"},
		"switch's cable":   {s.Switch.Host, s.Switch.Port(s.Director, "eth1")},
		"client's side":    {s.Director, "eth0"},
		"real server side": {s.Director, "eth1"},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			ip(t, end.host, "link", "set", end.dev, "down")
			_, _ = tryCurl(t.Context(), s.Client, "--max-time", "0.1", url(s.Public, 80)) // keeps the queues busy
			ip(t, end.host, "link", "set", end.dev, "up")
			for _, f := range s.families() {
				eventually(t, f.name+" works again", func() bool {
					_, err := tryCurl(t.Context(), s.Client, "--max-time", "1", url(f.public, 80))
					return err == nil
				})
				checkTurns(t, s, f, 4)
			}
		})
	}
}
