package guest_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"xlvs/bench/guest"
)

// noServices is what `ipvsadm -Ln` prints when there are none.
const noServices = "IP Virtual Server version 1.2.1 (size=4096)\n" +
	"Prot LocalAddress:Port Scheduler Flags\n" +
	"  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"

// mayBoot skips t if err says that this machine cannot have a guest, or fails
// it where privileged tests must run.
func mayBoot(t *testing.T, err error) {
	t.Helper()
	for _, missing := range []error{guest.ErrNoQEMU, guest.ErrNoApt, guest.ErrProcessor, guest.ErrNoPackage} {
		if errors.Is(err, missing) && os.Getenv("XLVS_PRIVILEGED") != "1" {
			t.Skip(err)
		}
	}
	must(t, err)
}

// boot boots a guest that ends with the test.
func boot(t *testing.T, o guest.Options) *guest.Machine {
	t.Helper()
	start := time.Now()
	m, err := guest.Boot(t.Context(), o)
	mayBoot(t, err)
	t.Logf("kernel %s by %s is up after %v", m.Kernel, m.Accelerator, time.Since(start).Round(time.Millisecond))
	t.Cleanup(m.Close)
	return m
}

// TestGuest does one thing after the other in one guest.
func TestGuest(t *testing.T) {
	note := filepath.Join(t.TempDir(), "note")
	must(t, os.WriteFile(note, []byte("from the host"), 0o644))
	m := boot(t, guest.Options{
		Modules:  []string{"ip_vs"},
		Packages: []string{"dash", "coreutils"},
		Files:    map[string]string{"/etc/note": note},
	})
	if out := run(t, m, "cat", "/etc/note"); out != "from the host" {
		t.Errorf("/etc/note = %q", out)
	}
	if out := run(t, m, "uname", "-r"); strings.TrimSpace(out) != m.Kernel {
		t.Errorf("uname -r prints %q, the machine says %q", out, m.Kernel)
	}
	t.Run("IPVS", func(t *testing.T) { testIPVS(t, m) })
	t.Run("networks", func(t *testing.T) { testNetworks(t, m) })
	t.Run("long message", func(t *testing.T) { testLongMessage(t, m) })
	t.Run("failing job", func(t *testing.T) { testFailingJob(t, m) })
	t.Run("cancelled job", func(t *testing.T) { testCancelledJob(t, m) })
	t.Run("orphan", func(t *testing.T) { testOrphan(t, m) })
	t.Run("end", func(t *testing.T) { testEnd(t, m) })
}

// testIPVS lists nothing, then a service whose scheduler is a module that the
// kernel asks for.
func testIPVS(t *testing.T, m *guest.Machine) {
	if out := run(t, m, "ipvsadm", "-Ln"); out != noServices {
		t.Errorf("ipvsadm -Ln prints\n%s\nwant\n%s", out, noServices)
	}
	run(t, m, "ipvsadm", "-A", "-t", "192.0.2.1:80", "-s", "mh")
	if out, want := run(t, m, "ipvsadm", "-Ln"), noServices+"TCP  192.0.2.1:80 mh\n"; out != want {
		t.Errorf("ipvsadm -Ln prints\n%s\nwant\n%s", out, want)
	}
}

// testNetworks makes what networks are made of.
func testNetworks(t *testing.T, m *guest.Machine) {
	if out := run(t, m, "ip", "-brief", "address", "show", "lo"); !strings.Contains(out, "127.0.0.1/8") {
		t.Errorf("interface lo: %q, want it up", out)
	}
	run(t, m, "ip", "netns", "add", "rs1")
	run(t, m, "ip", "link", "add", "rs1", "type", "veth", "peer", "eth0", "netns", "rs1")
	run(t, m, "ip", "link", "add", "vip", "type", "dummy")
	run(t, m, "ip", "link", "add", "tun1", "type", "ipip", "remote", "198.51.100.1")
	run(t, m, "nft", "add table ip t; add chain ip t c { type filter hook prerouting priority mangle; }; add rule ip t c mark set 1")
	run(t, m, "tc", "qdisc", "add", "dev", "lo", "clsact")
}

// testLongMessage sends more than any buffer on the way holds, there and back.
func testLongMessage(t *testing.T, m *guest.Machine) {
	long := strings.Repeat("0123456789abcdef", 1<<16)
	var got string
	must(t, m.Do(t.Context(), "echo", long, func(o json.RawMessage) error { return json.Unmarshal(o, &got) }))
	if got != long {
		t.Errorf("echo of %d bytes has %d", len(long), len(got))
	}
}

func testFailingJob(t *testing.T, m *guest.Machine) {
	_, err := try(t, m, "ip", "link", "show", "eth7")
	if _, ok := errors.AsType[*guest.JobError](err); !ok || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("command that fails: %v, want a JobError", err)
	}
}

func testCancelledJob(t *testing.T, m *guest.Machine) {
	ctx, cancel := context.WithCancel(t.Context())
	err := m.Do(ctx, "sleep", nil, func(json.RawMessage) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Do after cancel = %v, want %v", err, context.Canceled)
	}
}

// testOrphan leaves a process to the guest's first one, and waits until it is
// no more, not even as a zombie.
func testOrphan(t *testing.T, m *guest.Machine) {
	pid := strings.TrimSpace(run(t, m, "sh", "-c", "sleep 0.01 >/dev/null 2>&1 & echo $!"))
	for range 500 {
		if _, err := try(t, m, "test", "-e", "/proc/"+pid); err != nil {
			return
		}
	}
	t.Errorf("orphan %s is still there: %s", pid, run(t, m, "cat", "/proc/"+pid+"/status"))
}

// testEnd has the guest end by itself while a job is running.
func testEnd(t *testing.T, m *guest.Machine) {
	err := m.Do(t.Context(), "sleep", nil, func(json.RawMessage) error { return m.Do(t.Context(), "die", nil, nil) })
	if !errors.Is(err, guest.ErrEnded) || !strings.Contains(err.Error(), "panic: asked to die") {
		t.Errorf("job that dies: %v, want %v and the reason", err, guest.ErrEnded)
	}
	if err := m.Do(t.Context(), "echo", nil, nil); !errors.Is(err, guest.ErrEnded) {
		t.Errorf("job for the dead: %v, want %v", err, guest.ErrEnded)
	}
	m.Close()
	m.Close()
}

// TestBackports boots the newer kernel, and brings it down.
func TestBackports(t *testing.T) {
	m := boot(t, guest.Options{Kernel: guest.Backports, CPUs: 2, Memory: 512})
	if out := run(t, m, "ipvsadm", "-Ln"); out != noServices {
		t.Errorf("ipvsadm -Ln prints\n%s\nwant\n%s", out, noServices)
	}
	err := m.Do(t.Context(), "crash", nil, nil)
	if !errors.Is(err, guest.ErrEnded) || !strings.Contains(err.Error(), "Kernel panic - not syncing: sysrq triggered crash") {
		t.Errorf("kernel that crashes: %v, want %v and the reason", err, guest.ErrEnded)
	}
}
