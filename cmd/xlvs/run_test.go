package main

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
	"xlvs/bench/lab/labtest"
)

// The director's files in these tests. Its VIP is that of lab.Simple.
const (
	twoReals = `
[dataplane]
mode = "xdp"
[[service]]
protocol = "tcp"
vip = "198.51.100.1"
port = 80
scheduler = "rr"
real = [{ address = "192.0.2.11", port = 80, forward = "nat" }, { address = "192.0.2.12", port = 80, forward = "nat" }]
`
	noReals = `
[[service]]
protocol = "udp"
vip = "198.51.100.1"
port = 53
`
	oneInterface = "[dataplane]\ninterfaces = [\"eth0\"]\nmode = \"xdp\"\n"
)

// simple raises the topology of lab.Simple.
func simple(t *testing.T) *lab.Topology {
	t.Helper()
	top, err := lab.Simple(labtest.New(t), lab.WireOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// start starts xlvs as user in the director's host, and stops it with the test.
func start(t *testing.T, top *lab.Topology, user string, args ...string) *lab.Process {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), envMain+"="+user)
	p, err := top.Director.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// startDirector starts `xlvs run` and waits until it is running.
func startDirector(t *testing.T, top *lab.Topology, args ...string) *lab.Process {
	t.Helper()
	p := start(t, top, "root", append([]string{"run"}, args...)...)
	waitFor(t, p, "director is running")
	return p
}

// waitFor waits until p has written words, and returns all that it wrote.
func waitFor(t *testing.T, p *lab.Process, words string) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if out := string(p.Output()); strings.Contains(out, words) {
			return out
		}
	}
	t.Fatalf("director wrote, without %q:\n%s", words, p.Output())
	return ""
}

// send sends sig to p and waits for words.
func send(t *testing.T, p *lab.Process, sig os.Signal, words string) string {
	t.Helper()
	if err := p.Signal(sig); err != nil {
		t.Fatal(err)
	}
	return waitFor(t, p, words)
}

// end sends sig to p and checks its exit code.
func end(t *testing.T, p *lab.Process, sig os.Signal) {
	t.Helper()
	if err := p.Signal(sig); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("director ended by %v: %v\n%s", sig, err, p.Output())
	}
}

// checkProgram checks whether an XDP program is on the director's interfaces.
func checkProgram(t *testing.T, top *lab.Topology, devs []string, want bool) {
	t.Helper()
	for _, dev := range devs {
		a, err := top.Director.Link(dev)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Xdp != nil && a.Xdp.Attached; got != want {
			t.Errorf("XDP program on %s: %t, want %t", dev, got, want)
		}
	}
}

var both = []string{"eth0", "eth1"}

func TestRunFollowsItsFile(t *testing.T) {
	t.Parallel()
	top := simple(t)
	file := write(t, twoReals)
	p := startDirector(t, top, "-c", file)
	checkProgram(t, top, both, true)
	waitFor(t, p, `msg="driving interface" name=eth1 queues=1 mode=xdp memory=copy`)
	rewrite(t, file, brokenFile)
	out := send(t, p, unix.SIGHUP, "the former one stays in force")
	checkWords(t, "log", out, brokenWords)
	out = send(t, p, unix.SIGUSR1, "no room for a header") // the last line
	checkWords(t, "output", out, []string{
		"TCP  198.51.100.1:80 rr\n" +
			"  -> 192.0.2.11:80                Masq    1      0          0         \n" +
			"  -> 192.0.2.12:80                Masq    1      0          0         \n\n",
		"TCP  198.51.100.1:80                     0        0        0        0        0\n",
		"forwarded                                           0\n",
	})

	rewrite(t, file, oneInterface+noReals)
	out = send(t, p, unix.SIGHUP, "configuration reloaded")
	checkWords(t, "log", out, []string{
		"level=WARN msg=\"dataplane: interfaces", "(needs a restart)",
		`"service TCP 198.51.100.1:80: removed"`, `"service UDP 198.51.100.1:53: added, scheduler wlc"`,
	})
	checkProgram(t, top, both, true)
	send(t, p, unix.SIGUSR1, "UDP  198.51.100.1:53 wlc\n")

	// A restart is still due when nothing else is.
	if out = send(t, p, unix.SIGHUP, "changes=1\n"); strings.Count(out, "(needs a restart)") != 2 {
		t.Errorf("second reload does not warn of the restart:\n%s", out)
	}
	end(t, p, unix.SIGTERM)
	checkProgram(t, top, both, false)
}

func TestRunLogsDrops(t *testing.T) {
	t.Parallel()
	top := simple(t)
	p := startDirector(t, top, "-c", write(t, noReals))
	c, err := top.Client.Dial(t.Context(), "udp", netip.AddrPortFrom(top.VIP, 53).String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write([]byte("who is there")); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("Read = %v, want the director's port unreachable", err)
	}
	end(t, p, unix.SIGTERM)
	checkWords(t, "log", string(p.Output()), []string{
		`msg="dropped packets" verdict="no destination available" count=1 example="UDP 198.51.100.7:`,
	})
}

func TestRunWithoutFile(t *testing.T) {
	t.Parallel()
	top := simple(t)
	p := startDirector(t, top)
	send(t, p, unix.SIGHUP, "started without -c")
	end(t, p, unix.SIGINT)
	checkProgram(t, top, both, false)
}

func TestRunAfterKill(t *testing.T) {
	t.Parallel()
	top := simple(t)
	file := write(t, twoReals)
	p := startDirector(t, top, "-c", file)
	if err := p.Signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // killed
	p = startDirector(t, top, "-c", file)
	checkProgram(t, top, both, true)
	end(t, p, unix.SIGTERM)
	checkProgram(t, top, both, false)
}

// A director outlives those who read what it writes.
func TestRunOutlivesItsReader(t *testing.T) {
	t.Parallel()
	top := simple(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	defer func() { _ = w.Close() }()
	cmd := exec.Command(os.Args[0], "run")
	cmd.Env = append(os.Environ(), envMain+"=root")
	cmd.Stdout = w
	p, err := top.Director.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, p, "director is running")
	send(t, p, unix.SIGUSR1, "broken pipe")
	end(t, p, unix.SIGTERM)
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	top := simple(t)
	running := startDirector(t, top, "-c", write(t, oneInterface))
	tests := map[string]struct {
		user, file string
		want       []string
	}{
		"two interfaces that do not exist": {
			"root", "[dataplane]\ninterfaces = [\"eth7\", \"eth8\"]\n",
			[]string{"xlvs: interface eth7: ", "xlvs: interface eth8: ", "no such interface"},
		},
		"loopback":              {"root", "[dataplane]\ninterfaces = [\"lo\"]\n", []string{"xlvs: interface lo: not an Ethernet interface"}},
		"not root":              {"nobody", "", []string{"operation not permitted", "a director runs as root"}},
		"another director":      {"root", "", []string{"xlvs: a director is running in this network namespace already"}},
		"a file that is a mess": {"root", "[[[", []string{"not TOML"}},
		"a file not to be read": {"nobody", twoReals, []string{"xlvs.toml: permission denied\n"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			args := []string{"run"}
			if tt.file != "" {
				args = append(args, "-c", write(t, tt.file))
			}
			p := start(t, top, tt.user, args...)
			if exit, ok := errors.AsType[*exec.ExitError](p.Wait()); !ok || exit.ExitCode() != exitFailure {
				t.Errorf("director ended with %v, want exit code %d", exit, exitFailure)
			}
			checkWords(t, "stderr", string(p.Output()), tt.want)
		})
	}
	checkProgram(t, top, []string{"eth0"}, true)
	checkProgram(t, top, []string{"eth1"}, false)
	end(t, running, unix.SIGTERM)
}
