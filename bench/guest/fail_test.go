package guest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/bench/guest"
)

func TestBootFails(t *testing.T) {
	mayBoot(t, guest.Available())
	tests := map[string]struct {
		o    guest.Options
		err  error  // what it is
		want string // what it says
	}{
		"kernel of another name":    {guest.Options{Kernel: "5.10"}, nil, `kernel "5.10"`},
		"package of no archive":     {guest.Options{Packages: []string{"xlvs-no-such-package"}}, guest.ErrNoPackage, "xlvs-no-such-package"},
		"executable that is not":    {guest.Options{Executable: "/no/such/file"}, os.ErrNotExist, "/no/such/file"},
		"executable that ends":      {guest.Options{Executable: "/bin/true", NoKVM: true}, guest.ErrBoot, "Kernel panic - not syncing: Attempted to kill init!"},
		"machine that QEMU refuses": {guest.Options{CPUs: -1}, guest.ErrBoot, "qemu-system-x86_64"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := guest.Boot(t.Context(), tt.o)
			if err == nil {
				m.Close()
				t.Fatal("it came up")
			}
			if tt.err != guest.ErrNoPackage {
				skipOffline(t, err)
			}
			if tt.err != nil && !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Boot: %v, want %v that says %q", err, tt.err, tt.want)
			}
		})
	}
}

// skipOffline skips t if the packages that every guest needs are missing.
func skipOffline(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, guest.ErrNoPackage) {
		mayBoot(t, err)
	}
}

func TestBootIsCancelled(t *testing.T) {
	mayBoot(t, guest.Available())
	ctx, cancel := context.WithCancelCause(t.Context())
	impatient := errors.New("impatient")
	// The console speaks as soon as the machine runs.
	_, err := guest.Boot(ctx, guest.Options{NoKVM: true, KernelArguments: "loglevel=7", Log: onWrite(func() { cancel(impatient) })})
	skipOffline(t, err)
	if !errors.Is(err, impatient) {
		t.Errorf("Boot = %v, want %v", err, impatient)
	}
}

// onWrite is a log that calls a function.
type onWrite func()

func (f onWrite) Write(b []byte) (int, error) { f(); return len(b), nil }

func TestAvailableWithoutPrograms(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	if err := guest.Available(); !errors.Is(err, guest.ErrNoQEMU) {
		t.Errorf("Available without QEMU = %v, want %v", err, guest.ErrNoQEMU)
	}
	if _, err := guest.Boot(t.Context(), guest.Options{}); !errors.Is(err, guest.ErrNoQEMU) {
		t.Errorf("Boot without QEMU = %v, want %v", err, guest.ErrNoQEMU)
	}
	must(t, os.WriteFile(filepath.Join(folder, "qemu-system-x86_64"), nil, 0o755))
	if err := guest.Available(); !errors.Is(err, guest.ErrNoApt) {
		t.Errorf("Available without apt = %v, want %v", err, guest.ErrNoApt)
	}
}

// TestMachineEndsWithItsMaker kills a process that boots a guest, and waits for
// the end of the virtual machine that it leaves, to this process here.
func TestMachineEndsWithItsMaker(t *testing.T) {
	mayBoot(t, guest.Available())
	must(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
	defer func() { must(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)) }()
	maker := exec.Command("/proc/self/exe")
	maker.Env = append(os.Environ(), makerVar+"=1")
	maker.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := maker.StdoutPipe()
	must(t, err)
	must(t, maker.Start())
	defer func() { _ = maker.Wait() }()
	defer func() { _ = maker.Process.Kill() }()
	said := make([]byte, 512)
	n, err := out.Read(said)
	must(t, err)
	children := childrenOf(t, maker.Process.Pid)
	if len(children) != 1 {
		mayBoot(t, fmt.Errorf("%w: it has children %v and says %s", guest.ErrNoPackage, children, said[:n]))
	}
	machine, err := unix.PidfdOpen(children[0], 0)
	must(t, err)
	defer func() { _ = unix.Close(machine) }()
	must(t, maker.Process.Kill())
	if ready, err := retry(func() (int, error) {
		return unix.Poll([]unix.PollFd{{Fd: int32(machine), Events: unix.POLLIN}}, 10_000)
	}); err != nil || ready != 1 {
		t.Fatalf("the machine has not ended: %v", err)
	}
	_, err = retry(func() (int, error) { return unix.Wait4(children[0], nil, 0, nil) })
	must(t, err)
}

// retry makes a system call until no signal interrupts it.
func retry(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// childrenOf returns the children of all threads of a process.
func childrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	lists, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	must(t, err)
	for _, list := range lists {
		text, err := os.ReadFile(list)
		must(t, err)
		for _, word := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(word)
			must(t, err)
			children = append(children, child)
		}
	}
	return children
}
