package guest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// settingsFile holds the settings of a guest, and tells a guest from any other
// place where a process may have number 1.
const settingsFile = "/etc/xlvs-guest.json"

// serverName is the zeroth argument of the process that runs the jobs.
const serverName = "xlvs-guest"

// A settings is what the host tells the guest's first process.
type settings struct {
	Modules []string `json:"modules"` // to load
}

// environment is that of every process in a guest.
var environment = []string{"PATH=/usr/sbin:/usr/bin", "HOME=/root", "LC_ALL=C"}

// IsGuest reports whether this process is there to run Main: it is the first
// one of a guest, or the one which that has started. Other processes of the
// same executable, which a job may start, are not.
func IsGuest() bool {
	if os.Getpid() != 1 && os.Args[0] != serverName {
		return false
	}
	_, err := os.Stat(settingsFile)
	return err == nil
}

// Main makes this process the guest's side of a [Machine] and does not return:
// the guest ends with it. It takes two processes. The first one prepares the
// system and waits for whatever ends, as a first process must; the second one
// runs the jobs, and can wait for the programs that it starts without the first
// getting there before it. What goes wrong is written to the console, which is
// all that there is.
func Main(jobs map[string]Job) {
	if os.Getpid() != 1 {
		if err := serveHost(jobs); err != nil {
			fmt.Fprintln(os.Stderr, "guest:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if err := first(); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
	}
	unix.Sync()
	err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	fmt.Fprintln(os.Stderr, "guest: power off:", err)
	os.Exit(1) // which the kernel does not survive either
}

// first prepares the system, starts the server and waits for its end.
func first() error {
	if err := mountAll(); err != nil {
		return err
	}
	text, err := os.ReadFile(settingsFile)
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	var s settings
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	if err := prepare(s); err != nil {
		return err
	}
	server := exec.Command("/proc/self/exe")
	server.Args = []string{serverName}
	server.Env, server.Stdout, server.Stderr = environment, os.Stdout, os.Stderr
	if err := server.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	return reapUntil(server.Process.Pid)
}

// prepare does what is to be done before the first job.
func prepare(s settings) error {
	modprobe := exec.Command("/usr/sbin/modprobe", append([]string{"-a"}, s.Modules...)...)
	modprobe.Env = environment
	if out, err := modprobe.CombinedOutput(); err != nil {
		return fmt.Errorf("load %s: %w\n%s", strings.Join(s.Modules, ", "), err, out)
	}
	if err := unix.Sethostname([]byte("guest")); err != nil {
		return fmt.Errorf("set the host name: %w", err)
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find interface lo: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("set interface lo up: %w", err)
	}
	return nil
}

// reapUntil waits for every process that ends, up to the one with number pid.
func reapUntil(pid int) error {
	for {
		var status unix.WaitStatus
		ended, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("wait for processes: %w", err)
		case ended == pid && status.Signaled():
			return fmt.Errorf("the process that runs the jobs ended by signal: %v", status.Signal())
		case ended == pid && status.ExitStatus() != 0:
			return fmt.Errorf("the process that runs the jobs ended with status %d", status.ExitStatus())
		case ended == pid:
			return nil
		}
	}
}
