package guest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// Options say what a guest is like. The zero value is ready to use.
type Options struct {
	Kernel     Kernel            // which kernel
	Executable string            // what runs inside; empty means the caller's own
	Memory     int               // in MiB; 0 means 1024
	CPUs       int               // 0 means 1
	Packages   []string          // Debian packages beside those that every guest has
	Files      map[string]string // path inside to the path of a file on this machine
	Modules    []string          // to load at boot; others are loaded as the kernel asks for them
	Log        io.Writer         // gets what is written to the console; may be nil

	KernelArguments string // added to the command line of the kernel
	NoKVM           bool   // emulate even where KVM works
}

// Errors that Boot and Do wrap.
var (
	ErrBoot  = errors.New("the guest did not come up")
	ErrEnded = errors.New("the guest has ended")
)

// How long a guest may take until it answers. What runs on KVM is up within a
// second, so that a longer silence means a KVM that does not work.
const (
	kvmPatience      = 20 * time.Second
	emulatedPatience = 90 * time.Second
)

// A Machine is a virtual machine that is running.
type Machine struct {
	Kernel      string // the release of its kernel, as uname -r says it
	Accelerator string // "kvm", or "tcg" for emulation

	line    net.Conn
	channel *channel
	process *process
	console *console
}

// Boot makes a guest, boots it and waits until jobs can be run. It takes KVM if
// that works. The context is that of the boot: once Boot has returned, only
// Close ends the machine, or the end of this process.
func Boot(ctx context.Context, o Options) (*Machine, error) {
	if err := Available(); err != nil {
		return nil, fmt.Errorf("boot a guest: %w", err)
	}
	o.fillIn()
	p, err := makePlan(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("make a guest: %w", err)
	}
	defer func() { _ = p.root.Close() }()
	if !o.NoKVM && canOpenKVM() {
		m, err := p.boot(ctx, virtualization, kvmPatience)
		if err == nil || ctx.Err() != nil {
			return m, err
		}
		// There are machines that have the device and cannot use it.
		// If it is for another reason, that will show again.
	}
	return p.boot(ctx, emulation, emulatedPatience)
}

// fillIn sets what was left to default.
func (o *Options) fillIn() {
	if o.Memory == 0 {
		o.Memory = 1024
	}
	if o.CPUs == 0 {
		o.CPUs = 1
	}
}

// canOpenKVM reports whether it is worth trying.
func canOpenKVM() bool {
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}

// boot boots a guest by one accelerator.
func (p plan) boot(ctx context.Context, accelerator string, patience time.Duration) (*Machine, error) {
	line, theirs, err := newLine()
	if err != nil {
		return nil, fmt.Errorf("boot a guest: make its line: %w", err)
	}
	m := &Machine{Accelerator: accelerator, line: line, console: &console{log: p.options.Log}}
	m.process, err = startProcess(arguments(accelerator, p.kernel, p.options), m.console, theirs, p.root)
	_ = theirs.Close() // the process has its own now
	if err != nil {
		_ = line.Close()
		return nil, fmt.Errorf("boot a guest: %w", err)
	}
	var welcomed *call
	m.channel, welcomed = newChannel(line)
	go m.channel.listen(line)
	if err := m.await(ctx, patience, welcomed); err != nil {
		m.end(0)
		return nil, fmt.Errorf("boot a guest by %s: %w: %w\n%s", accelerator, ErrBoot, err, m.console.end())
	}
	return m, nil
}

// await waits for the welcome.
func (m *Machine) await(ctx context.Context, patience time.Duration, welcomed *call) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer in %v", patience))
	defer cancel()
	err := m.channel.collect(ctx, welcomed, func(output json.RawMessage) error {
		var w welcome
		err := json.Unmarshal(output, &w)
		m.Kernel = w.Kernel
		return err
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %s", err, m.ending())
	}
	return err
}

// Do runs a job with input, which becomes JSON, and calls each with its outputs
// in order, until the job has ended or each returns an error; each may be nil.
// A job that failed is a [*JobError]. When ctx ends, so does the job's context,
// but Do does not wait for it. Calls may run at the same time.
func (m *Machine) Do(ctx context.Context, job string, input any, each func(output json.RawMessage) error) error {
	err := m.channel.do(ctx, job, input, each)
	select {
	case <-m.channel.ended:
		if _, ok := errors.AsType[*JobError](err); err == nil || ok || ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("%w: %w: %s\n%s", err, ErrEnded, m.ending(), m.console.end())
	default:
		return err
	}
}

// ending waits for the end of the machine, which has hung up, and says how it
// came.
func (m *Machine) ending() string {
	m.process.stop(grace)
	if panicked := m.console.panicked(); panicked != "" {
		return panicked
	}
	return m.process.ending()
}

// Close hangs up, upon which the guest powers off, and waits for the end of the
// machine. One that does not end is killed. It may be called again.
func (m *Machine) Close() { m.end(grace) }

// end ends the machine within patience.
func (m *Machine) end(patience time.Duration) {
	_ = m.line.Close()
	m.process.stop(patience)
	<-m.channel.ended
}
