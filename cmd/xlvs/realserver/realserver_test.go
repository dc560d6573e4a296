package realserver

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
)

// Packets for the virtual addresses come by another interface than replies
// leave by, which strict filtering forbids. Nobody is told who has the addresses.
func TestDirectRouting(t *testing.T) {
	s := raise(t)
	s.serve(t)
	before := s.settings(t)
	p := s.start(t, "--vip", vip4, "--vip", vip6)
	do(t, s.client, "ip", "route", "add", vip4, "dev", "eth1")
	do(t, s.client, "ip", "-6", "route", "add", vip6, "dev", "eth1")
	capture, err := s.client.Capture("eth1")
	must(t, err)
	for _, vip := range []string{vip4, vip6} {
		if out, err := s.client.Run(t.Context(), "ping", "-c", "1", "-W", "0.3", vip); err == nil {
			t.Errorf("somebody says where %s is: %s", vip, out)
		}
	}
	if frames, err := capture.Frames(); err != nil || len(frames) == 0 {
		t.Errorf("nobody was asked where the addresses are: %v", err)
	}
	at, err := s.real.Link("eth1")
	must(t, err)
	for i, vip := range []string{vip4, vip6} {
		do(t, s.client, "ip", "neigh", "replace", vip, "lladdr", at.HardwareAddr.String(), "dev", "eth1")
		do(t, s.client, "ip", "route", "replace", vip, "dev", "eth1", "src", []string{cip4, cip6}[i])
		s.upload(t, vip, 10_000)
	}
	end(t, p)
	s.expectSettings(t, before)
}

// A process that is killed undoes nothing. The next one does, whatever it is for.
func TestKilled(t *testing.T) {
	args := []string{"--vip", vip4, "--vip", vip6, "--method", "tun", "--tun-type", "all"}
	tests := map[string]func(*testing.T, *site){
		"undo": func(t *testing.T, s *site) {
			if out, err := s.run(t, "--undo"); err != nil {
				t.Errorf("--undo: %v\n%s", err, out)
			}
		},
		"the same again": func(t *testing.T, s *site) { end(t, s.start(t, args...)) },
		"another address": func(t *testing.T, s *site) {
			p := s.start(t, "--vip", "203.0.113.9")
			if s.has(t, "lo", vip4) || s.has(t, "lo", vip6) || !s.has(t, "lo", "203.0.113.9") {
				t.Errorf("lo does not have the new address alone:\n%s", do(t, s.real, "ip", "address", "show", "dev", "lo"))
			}
			end(t, p)
		},
		"undo after two of them": func(t *testing.T, s *site) {
			kill(t, s.start(t, "--vip", "203.0.113.9"))
			if out, err := s.run(t, "--undo"); err != nil {
				t.Errorf("--undo: %v\n%s", err, out)
			}
		},
	}
	for name, next := range tests {
		t.Run(name, func(t *testing.T) {
			s := raise(t)
			before := s.settings(t)
			kill(t, s.start(t, args...))
			if !s.has(t, "lo", vip4) {
				t.Error("the virtual address has gone with the process")
			}
			next(t, s)
			s.expectSettings(t, before)
		})
	}
}

// kill kills a process, as nobody should.
func kill(t *testing.T, p *lab.Process) {
	t.Helper()
	must(t, p.Signal(unix.SIGKILL))
	<-p.Done()
}

func TestUndoEndsWhoRuns(t *testing.T) {
	s := raise(t)
	before := s.settings(t)
	p := s.start(t, "--vip", vip4, "--method", "tun")
	if out, err := s.run(t, "--undo"); err != nil || !strings.Contains(out, "nothing is left to undo") {
		t.Errorf("--undo: %v\n%s", err, out)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("the process that was ended: %v\n%s", err, p.Output())
	}
	s.expectSettings(t, before)
}

func TestKeep(t *testing.T) {
	s := raise(t)
	before := s.settings(t)
	for range 2 { // the second one finds everything as it should be
		if out, err := s.run(t, "--vip", vip4, "--keep"); err != nil {
			t.Fatalf("--keep: %v\n%s", err, out)
		}
		if !s.has(t, "lo", vip4) {
			t.Error("the virtual address is not kept")
		}
	}
	if out, err := s.run(t, "--undo"); err != nil {
		t.Errorf("--undo: %v\n%s", err, out)
	}
	s.expectSettings(t, before)
}

// What was on the host before stays there.
func TestUndoLeavesWhatWasThere(t *testing.T) {
	s := raise(t)
	must(t, s.real.AddAddr("lo", vip4+"/32"))
	must(t, s.real.Sysctl("net.ipv4.conf.all.arp_ignore", "1"))
	before := s.settings(t)
	end(t, s.start(t, "--vip", vip4))
	s.expectSettings(t, before)
}

// The terminal that the process was started from goes away.
func TestHangup(t *testing.T) {
	s := raise(t)
	before := s.settings(t)
	p := s.start(t, "--vip", vip4)
	must(t, p.Signal(unix.SIGHUP))
	if err := p.Wait(); err != nil {
		t.Errorf("xlvs realserver: %v\n%s", err, p.Output())
	}
	s.expectSettings(t, before)
}

func TestAnotherInterface(t *testing.T) {
	s := raise(t)
	do(t, s.real, "ip", "link", "add", "vip.1", "type", "bridge")
	do(t, s.real, "ip", "link", "set", "vip.1", "addrgenmode", "none", "up")
	before := s.settings(t)
	p := s.start(t, "--vip", vip4, "--vip", vip6, "--interface", "vip.1")
	if !s.has(t, "vip.1", vip4) || !s.has(t, "vip.1", vip6) {
		t.Error("the interface does not have the virtual addresses")
	}
	if out := string(p.Output()); !strings.Contains(out, "warning: vip.1 answers its neighbours") {
		t.Errorf("it says\n%s\nwant a warning", out)
	}
	end(t, p)
	s.expectSettings(t, before)
}

// IPv6 may be off for an interface, as in containers, whose host has it.
func TestInterfaceWithoutIPv6(t *testing.T) {
	s := raise(t)
	must(t, s.real.Sysctl("net.ipv6.conf.lo.disable_ipv6", "1"))
	before := s.settings(t)
	p := s.start(t, "--vip", vip6)
	if !s.has(t, "lo", vip6) {
		t.Error("lo does not have the virtual address")
	}
	end(t, p)
	s.expectSettings(t, before)
}

func TestRefuses(t *testing.T) {
	s := raise(t)
	must(t, s.real.AddAddr("eth1", "203.0.113.8/24"))
	do(t, s.real, "ip", "link", "add", "eth1.down", "type", "bridge")
	c, err := s.real.ListenPacket("udp4", ":6080")
	must(t, err)
	defer c.Close()
	before := s.settings(t)
	tests := map[string]struct{ args, want string }{
		"no such interface":         {"--vip 203.0.113.1 --interface eth7", "find interface eth7: "},
		"an interface that is down": {"--vip 203.0.113.1 --interface eth1.down", "interface eth1.down is down"},
		"an address that is in use": {"--vip 203.0.113.8", "address 203.0.113.8 is in use on eth1: "},
		"a port that is in use":     {"--vip 203.0.113.1 --method tun --tun-type gue", "bind UDP port 6080 for gue over IPv4: address already in use"},
		"no kernel device":          {"--vip 203.0.113.1 --method tun --user-space never", "open tunnel ipip, IPv4 over IPv4: the kernel has no device for it"},
		"nobody to take packets":    {"--vip 203.0.113.1 --method tun --keep", "so that this process has to stay"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := s.run(t, strings.Fields(tt.args)...)
			if err == nil {
				t.Fatalf("xlvs realserver %s succeeds:\n%s", tt.args, out)
			}
			expectError(t, out, tt.want)
			s.expectSettings(t, before)
		})
	}
}

// expectError checks that out has one line about an error, and want in it.
func expectError(t *testing.T, out, want string) {
	t.Helper()
	_, line, _ := strings.Cut(out, "xlvs: ")
	if !strings.Contains(line, want) || strings.Count(line, "\n") != 1 {
		t.Errorf("it says\n%s\nwant one line with %q", out, want)
	}
}

func TestSecondOneIsRefused(t *testing.T) {
	s := raise(t)
	p := s.start(t, "--vip", vip4)
	out, err := s.run(t, "--vip", vip6)
	if err == nil {
		t.Error("two processes run")
	}
	expectError(t, out, "another xlvs realserver is running here")
	if !s.has(t, "lo", vip4) {
		t.Error("the second one has undone what the first one has set")
	}
	end(t, p)
}

func TestWithoutPrivilege(t *testing.T) {
	s := raise(t)
	s.state = "" // the default path is root's
	for _, args := range [][]string{{"--vip", vip4}, {"--undo"}} {
		cmd := s.command("nobody", args...)
		cmd.Args = append(cmd.Args[:1], args...)
		p, err := s.real.Start(cmd)
		must(t, err)
		if err := p.Wait(); err == nil {
			t.Errorf("xlvs realserver %q succeeds without privilege", args)
		}
		expectError(t, string(p.Output()), "permission denied: this takes root")
	}
}

// Two processes that end at once, and one that begins, leave nothing behind.
func TestUndoTwice(t *testing.T) {
	s := raise(t)
	before := s.settings(t)
	p := s.start(t, "--vip", vip4)
	var undos []*lab.Process
	for range 2 {
		u, err := s.real.Start(s.command("root", "--undo"))
		must(t, err)
		undos = append(undos, u)
	}
	deadline := time.After(5 * time.Second)
	for _, u := range append(undos, p) {
		select {
		case <-u.Done():
		case <-deadline:
			t.Fatal("it does not end")
		}
		if err := u.Wait(); err != nil {
			t.Errorf("%v\n%s", err, u.Output())
		}
	}
	s.expectSettings(t, before)
	if _, err := os.Stat(s.state); err == nil {
		t.Error("the state file is left")
	}
}
