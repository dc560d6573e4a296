package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// grace is how long Stop waits between SIGTERM and SIGKILL.
const grace = 3 * time.Second

// A Process runs inside a host. It leads a process group, and whatever is left
// of the group when the leader ends is killed. A daemon that leaves the group
// escapes: have daemons run in the foreground.
type Process struct {
	host *Host
	cmd  *exec.Cmd
	out  output
	done chan struct{}
	err  error // how the process ended, written before done is closed
}

// Start starts cmd inside the host. Standard output and error that cmd leaves
// nil are kept for Output. If the caller's process dies, however that happens,
// the new process is killed, but not what it has started itself.
//
// The process sees the host's /proc/net and /proc/sys/net, but not its
// /sys/class/net: that is the one of the namespace where /sys was mounted.
func (h *Host) Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{host: h, cmd: cmd, done: make(chan struct{})}
	p.prepare()
	err := h.lab.own(p, func() error {
		started := make(chan error, 1)
		spawn(func() { p.live(started) })
		return <-started
	})
	if err != nil {
		return nil, fmt.Errorf("start %s in %s: %w", cmd, h.name, err)
	}
	return p, nil
}

// prepare fills in what Start promises of cmd.
func (p *Process) prepare() {
	if p.cmd.Stdout == nil {
		p.cmd.Stdout = &p.out
	}
	if p.cmd.Stderr == nil {
		p.cmd.Stderr = &p.out
	}
	if p.cmd.WaitDelay == 0 {
		p.cmd.WaitDelay = time.Second // for a daemon that took the pipe along
	}
	if p.cmd.SysProcAttr == nil {
		p.cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	p.cmd.SysProcAttr.Setpgid = true
	p.cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}

// live is the life of the process, on a thread of its own: a child begins in
// the namespace of the thread that forks it, and Pdeathsig means the death of
// that thread, so the thread stays until the child has ended.
func (p *Process) live(started chan<- error) {
	err := enter(p.host.name)
	if err == nil {
		err = p.cmd.Start()
	}
	started <- err
	if err != nil {
		return
	}
	p.reap()
	p.host.lab.disown(p)
	close(p.done)
}

// reap waits for the end of the process. Until cmd.Wait the dead leader keeps
// the number of its group from being used again.
func (p *Process) reap() {
	pid := p.cmd.Process.Pid
	for errors.Is(unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
	}
	_ = unix.Kill(-pid, unix.SIGKILL)
	p.err = p.cmd.Wait()
}

// PID returns the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Signal sends sig to the process, not to its group.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("send %v to %s in %s: %w", sig, p.cmd, p.host.name, err)
	}
	return nil
}

// Wait waits for the end of the process. The error is that of exec.Cmd.Wait:
// nil for exit status 0.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stop asks the process to end with SIGTERM, kills it if it has not ended in
// three seconds, and waits for it. It is no error to stop what has ended.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(unix.SIGTERM) // fails only when it has ended
	select {
	case <-p.done:
		return
	case <-time.After(grace):
	}
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Output returns a copy of what the process has written up to now.
func (p *Process) Output() []byte { return p.out.bytes() }

// Run runs a command inside the host, to its end or to that of ctx, and returns
// what it wrote to standard output and error. The error quotes that too.
func (h *Host) Run(ctx context.Context, name string, args ...string) ([]byte, error) {
	p, err := h.Start(exec.Command(name, args...))
	if err != nil {
		return nil, err
	}
	select {
	case <-p.done:
		err = p.err
	case <-ctx.Done():
		p.Stop()
		err = context.Cause(ctx)
	}
	out := p.Output()
	if err != nil {
		return out, fmt.Errorf("run %s in %s: %w\n%s", p.cmd, h.name, err, out)
	}
	return out, nil
}

// An output collects what a process writes while others read it.
type output struct {
	mu sync.Mutex
	b  []byte
}

// Write appends b.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b = append(o.b, b...)
	return len(b), nil
}

func (o *output) bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.b)
}
