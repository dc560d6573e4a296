package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
)

// liveFrames is BPF_F_TEST_XDP_LIVE_FRAMES: frames that a program makes in
// BPF_PROG_RUN really go where it sends them (Linux 5.18).
const liveFrames = 1 << 1

// repeat is how often one BPF_PROG_RUN runs the program: five seconds' worth. At
// its beginning and end the call sleeps for tens of milliseconds, until no other
// processor may still see an old program, so a short one is idle half the time.
const repeat = 1 << 23

// A shared is what the generator and its program share.
type shared struct {
	Sent   uint64 // frames; the program's to write
	Enough uint64 // not zero: drop what is left of the repetitions; the generator's
}

// newControl returns the map that holds a shared, at 0.
func newControl() (*ebpf.Map, error) {
	m, err := ebpf.NewMap(&ebpf.MapSpec{
		Name: "bench_control", Type: ebpf.Array, KeySize: 4, ValueSize: uint32(binary.Size(shared{})), MaxEntries: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("make the generator's control: %w", err)
	}
	return m, nil
}

// A generator sends a stream out of a device for as long as it runs, as fast as
// one core can. No other core or queue is needed on the sender's side: the
// kernel runs an XDP program over a few frames of its own again and again, and
// hands each to the device.
type generator struct {
	host    *lab.Host
	program *ebpf.Program
	control *ebpf.Map
	frame   []byte
	enough  atomic.Bool
	ended   chan struct{}
	err     error // of the run, written before ended is closed
}

// startGenerator sends s out of the device with the given index of h. The peer
// of a veth takes these frames only while it has an XDP program.
func startGenerator(h *lab.Host, ifindex int, s stream) (*generator, error) {
	frame, err := s.frame()
	if err != nil {
		return nil, err
	}
	m, err := newControl()
	if err != nil {
		return nil, err
	}
	program, err := loadGenerator(m, ifindex, frame, s.connections)
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	g := &generator{host: h, program: program, control: m, frame: frame, ended: make(chan struct{})}
	go func() {
		defer close(g.ended)
		g.err = h.Do(g.run)
	}()
	return g, nil
}

// run makes frames until stop is called. It must be on a thread of its own.
func (g *generator) run() error {
	if err := stay(); err != nil {
		return err
	}
	for !g.enough.Load() {
		_, err := g.program.Run(&ebpf.RunOptions{Data: g.frame, Repeat: repeat, Flags: liveFrames})
		if err != nil {
			return fmt.Errorf("generate frames in %s: %w", g.host.Name(), err)
		}
	}
	return nil
}

// stay keeps the calling thread on the first of its processors. It also does
// the receiver's softirq work, so that whatever is measured, and is free to move,
// finds the other processors idle.
func stay() error {
	var allowed, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return fmt.Errorf("find the generator's processors: %w", err)
	}
	for cpu := range len(allowed) * 64 {
		if allowed.IsSet(cpu) {
			one.Set(cpu)
			break
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return fmt.Errorf("keep the generator on one processor: %w", err)
	}
	return nil
}

// count returns how many frames were made up to now.
func (g *generator) count() (uint64, error) {
	var c shared
	if err := g.control.Lookup(uint32(0), &c); err != nil {
		return 0, fmt.Errorf("read the generator's counter: %w", err)
	}
	return c.Sent, nil
}

// stop ends the stream and waits for its end. The count is lost.
func (g *generator) stop() error {
	g.enough.Store(true)
	err := g.control.Put(uint32(0), shared{Enough: 1})
	if err != nil {
		err = fmt.Errorf("tell the generator to stop: %w", err)
	}
	<-g.ended
	return errors.Join(err, g.err, g.program.Close(), g.control.Close())
}
