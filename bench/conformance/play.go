package conformance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options say how a script is played. The zero value is ready to use.
type Options struct {
	// Settle is how long nothing must come any more before a step is over, beyond
	// what the fence says; 0 means 10 ms, and for the kernel, which handles a packet
	// before it is sent, 2 ms.
	Settle time.Duration
	// NoCounters leaves them out of the last look, since the kernel takes its time.
	NoCounters bool
}

func (o Options) settle() time.Duration {
	if o.Settle == 0 {
		return 10 * time.Millisecond
	}
	return o.Settle
}

// errMissing is wrapped by the error of a target that cannot play a script, since it
// was built without what the script needs.
var errMissing = errors.New("it is built without")

// A Target is a make of director.
type Target interface {
	// start starts a director in n, with the settings of s but not its commands.
	start(ctx context.Context, n *network, s *Script) (director, error)
}

// A director runs in a network.
type director interface {
	// ipvsadm runs a command of ipvsadm and returns what it prints. The error is
	// that of a program that did not run; an exit code is part of the output.
	ipvsadm(ctx context.Context, stdin string, args ...string) (output string, err error)
	sysctl(ctx context.Context, name string, value int) error
	stop() error
}

// Play plays s to a director of make t, in a network of its own.
func Play(ctx context.Context, s *Script, t Target, o Options) (obs Observation, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("play %s: %w", s.Name, err)
		}
	}()
	n, err := newNetwork(s.Links)
	if err != nil {
		return obs, err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	d, err := t.start(ctx, n, s)
	_, isKernel := t.(kernel)
	if isKernel {
		obs.Release = release()
	}
	if errors.Is(err, errMissing) {
		obs.Missing = err.Error()
		return obs, nil
	}
	if err != nil {
		return obs, err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	if isKernel && o.Settle == 0 {
		o.Settle = 2 * time.Millisecond
	}
	p := &play{network: n, director: d, options: o, connections: []string{"-Lnc"}}
	if slices.ContainsFunc(s.Commands, func(c string) bool { return strings.Contains(c, "--pe ") }) {
		p.connections = append(p.connections, "--persistent-conn")
	}
	if err := p.begin(ctx, s); err != nil {
		return obs, err
	}
	for i, step := range s.Steps {
		r, err := p.step(ctx, &step)
		if err != nil {
			return obs, fmt.Errorf("step %d, %v: %w", i, step, err)
		}
		obs.Results = append(obs.Results, r)
	}
	r, err := p.step(ctx, &Step{List: true, Stats: !o.NoCounters})
	if err != nil {
		return obs, fmt.Errorf("the last look: %w", err)
	}
	obs.Results = append(obs.Results, r)
	return obs, nil
}

// A play is a script in progress.
type play struct {
	network  *network
	director director
	options  Options
	fences   int       // how many there were
	passed   [][]byte  // fences that came out
	started  time.Time // the first step
	counted  time.Time // the last packet or command that lists may not show yet

	// connections are the words by which ipvsadm lists them: with the data of a
	// persistence engine if there is one.
	connections []string
}

// begin configures the director, and waits until packets pass.
func (p *play) begin(ctx context.Context, s *Script) error {
	commands := strings.Join(append(fenceCommands[:], s.Commands...), "\n") + "\n"
	out, err := p.director.ipvsadm(ctx, commands, "-R")
	if err == nil && out != "" {
		err = errors.New(out)
	}
	if err != nil {
		return fmt.Errorf("configure: %w", err)
	}
	if _, err := p.fence(ctx, Client); err != nil {
		return err
	}
	_, err = p.fence(ctx, Real)
	p.started, p.counted = time.Now(), time.Now()
	return err
}

// step plays one step.
func (p *play) step(ctx context.Context, s *Step) (r Result, err error) {
	switch {
	case len(s.Packets) > 0:
		p.counted = time.Now()
		r.Frames, err = p.packets(ctx, s)
	case s.Command != "":
		r.Output, err = p.command(ctx, s.Command)
	case s.Sysctl != "":
		err = p.sysctl(ctx, s.Sysctl)
	case s.Wait > 0:
		err = sleep(ctx, time.Duration(s.Wait)*time.Millisecond)
	case s.List:
		r.Lists, err = p.list(ctx, s.Stats)
	}
	r.At = time.Since(p.started)
	return r, err
}

// packets sends the packets of s and returns what comes of them.
func (p *play) packets(ctx context.Context, s *Step) (map[Side][][]byte, error) {
	for i := range s.Packets {
		b, err := s.Packets[i].build()
		if err != nil {
			return nil, err
		}
		if err := p.network.ports[s.From].send(frame(s.From, b), s.Packets[i].Unfinished); err != nil {
			return nil, err
		}
	}
	return p.fence(ctx, s.From)
}

// command runs ipvsadm. Nobody may clear the fence away.
func (p *play) command(ctx context.Context, line string) (string, error) {
	out, err := p.director.ipvsadm(ctx, "", strings.Fields(line)...)
	if err == nil && line == "-C" {
		_, err = p.director.ipvsadm(ctx, strings.Join(fenceCommands[:], "\n")+"\n", "-R")
	}
	return out, err
}

func (p *play) sysctl(ctx context.Context, setting string) error {
	name, value, ok := strings.Cut(setting, "=")
	n, err := strconv.Atoi(value)
	if !ok || err != nil {
		return fmt.Errorf("sysctl %q is not name=number", setting)
	}
	return p.director.sysctl(ctx, name, n)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
