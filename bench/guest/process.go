package guest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// qemu is the program that runs virtual machines.
const qemu = "qemu-system-x86_64"

// grace is how long a guest may take to power off.
const grace = 5 * time.Second

// The accelerators, as QEMU calls them.
const (
	virtualization = "kvm"
	emulation      = "tcg"
)

// The descriptors that the virtual machine's process gets from this one.
const (
	lineFD  = 3 + iota // its end of the line
	imageFD            // the guest's root
)

// kernelArguments: a console, silent but for errors; a panic ends the machine;
// no defence against neighbours on the same processor, for there are none.
const kernelArguments = "console=ttyS0 quiet panic=-1 mitigations=off"

// forEmulation keeps the kernel, but not programs, from using CMPXCHG16B (word 4,
// bit 13 of the features). QEMU 7.2 emulates it with wrong flags now and then,
// and kernels from 6.5 on, which use it for each object allocated, crash.
const forEmulation = "clearcpuid=141"

// arguments returns the command line of a virtual machine. Nothing is in it but
// what is named here; above all no network.
func arguments(accelerator, kernel string, o Options) []string {
	line := kernelArguments
	if accelerator == emulation {
		line += " " + forEmulation
	}
	return []string{
		"-accel", accelerator, "-machine", "q35", "-cpu", "max",
		"-smp", strconv.Itoa(o.CPUs), "-m", strconv.Itoa(o.Memory),
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-serial", "stdio",
		"-device", "virtio-serial-pci",
		"-chardev", fmt.Sprintf("socket,id=line,fd=%d", lineFD),
		"-device", "virtserialport,chardev=line,name=xlvs",
		"-kernel", kernel,
		"-initrd", fmt.Sprintf("/proc/self/fd/%d", imageFD),
		"-append", strings.TrimSpace(line + " " + o.KernelArguments),
	}
}

// A process is a virtual machine as the host sees it.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // how it ended, written before done is closed
}

// startProcess starts qemu. The descriptors are those of lineFD and imageFD.
func startProcess(args []string, c *console, line, image *os.File) (*process, error) {
	p := &process{cmd: exec.Command(qemu, args...), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = c, c
	p.cmd.ExtraFiles = []*os.File{line, image}
	p.cmd.Dir = os.TempDir() // should it dump core
	p.cmd.WaitDelay = time.Second
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go p.live(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", qemu, err)
	}
	return p, nil
}

// live starts the process and waits for its end, on one thread: Pdeathsig means
// the death of the thread that started it.
func (p *process) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	close(p.done)
}

// stop waits for an end that is on its way, or else brings it about.
func (p *process) stop(patience time.Duration) {
	select {
	case <-p.done:
		return
	case <-time.After(patience):
	}
	_ = p.cmd.Process.Kill() // fails only when it has ended
	<-p.done
}

// ending describes how the process ended.
func (p *process) ending() string {
	if p.err == nil {
		return "the machine is off"
	}
	return p.err.Error()
}
