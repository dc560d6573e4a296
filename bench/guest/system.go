package guest

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// A mount is a file system that the kernel makes by itself.
type mount struct{ kind, on string }

// mounts are in the order in which their folders come to be.
var mounts = []mount{
	{"proc", "/proc"},
	{"sysfs", "/sys"},
	{"devtmpfs", "/dev"},
	{"devpts", "/dev/pts"},
	{"tmpfs", "/dev/shm"},
	{"tmpfs", "/run"},
	{"tmpfs", "/tmp"},
	{"bpf", "/sys/fs/bpf"},
	{"cgroup2", "/sys/fs/cgroup"},
}

// mountAll mounts what programs expect, and makes the folders that they expect
// to find.
func mountAll() error {
	for _, m := range mounts {
		if err := os.MkdirAll(m.on, 0o755); err != nil {
			return fmt.Errorf("mount %s: %w", m.on, err)
		}
		if err := unix.Mount(m.kind, m.on, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s on %s: %w", m.kind, m.on, err)
		}
	}
	for _, folder := range []string{"/root", "/var/log", "/var/tmp"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
	}
	return nil
}

// Bounds on waiting for the device of the line to the host.
const (
	portPatience = 10 * time.Second
	portLookAt   = 5 * time.Millisecond
)

// openPort opens the line to the host. The driver makes its device some time
// after it was loaded, when the host has told it of the port.
func openPort() (*os.File, error) {
	for start := time.Now(); time.Since(start) < portPatience; time.Sleep(portLookAt) {
		ports, err := filepath.Glob("/dev/vport*")
		if err != nil {
			return nil, err
		}
		if len(ports) > 0 {
			return os.OpenFile(ports[0], os.O_RDWR, 0)
		}
	}
	return nil, fmt.Errorf("wait for the line to the host: no device in %v", portPatience)
}

// serveHost runs jobs for the host until it hangs up.
func serveHost(jobs map[string]Job) error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return fmt.Errorf("ask for the kernel's release: %w", err)
	}
	port, err := openPort()
	if err != nil {
		return err
	}
	defer func() { _ = port.Close() }()
	return serve(jobs, port, welcome{Kernel: unix.ByteSliceToString(u.Release[:])})
}
