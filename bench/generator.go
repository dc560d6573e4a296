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

// A tally is what the generator's program keeps for itself.
type tally struct {
	Sent uint64 // frames
	Next uint64 // when the next one is due, if there is an interval
}

// Orders are what the generator's program is told. They may change at any time.
type orders struct {
	Enough   uint64 // not zero: drop what is left of the repetitions
	Interval uint64 // nanoseconds from frame to frame; 0: as fast as it goes
	Limit    uint64 // send so many frames in all; 0: any number
}

// A steering is the two maps of a generator and its program, one for each
// direction: neither writes over what the other has written.
type steering struct {
	tally, orders *ebpf.Map
}

// newSteering returns maps that hold zeros, at 0.
func newSteering() (*steering, error) {
	s := new(steering)
	for _, at := range []struct {
		m    **ebpf.Map
		name string
		size int
	}{
		{&s.tally, "bench_tally", binary.Size(tally{})},
		{&s.orders, "bench_orders", binary.Size(orders{})},
	} {
		m, err := ebpf.NewMap(&ebpf.MapSpec{Name: at.name, Type: ebpf.Array, KeySize: 4, ValueSize: uint32(at.size), MaxEntries: 1})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make the generator's map %s: %w", at.name, err), s.close())
		}
		*at.m = m
	}
	return s, nil
}

// close closes the maps; those that were not made are nil, which is no error.
func (s *steering) close() error { return errors.Join(s.tally.Close(), s.orders.Close()) }

// A generator sends a stream out of a device for as long as it runs, as fast as
// one core can. No other core or queue is needed on the sender's side: the
// kernel runs an XDP program over a few frames of its own again and again, and
// hands each to the device.
type generator struct {
	host     *lab.Host
	program  *ebpf.Program
	steering *steering
	frame    []byte
	enough   atomic.Bool
	ended    chan struct{}
	err      error // of the run, written before ended is closed
}

// startGenerator sends s out of the device with the given index of h. The peer
// of a veth takes these frames only while it has an XDP program.
func startGenerator(h *lab.Host, ifindex int, s stream) (*generator, error) {
	return startOrdered(h, ifindex, s, orders{})
}

// startOrdered is startGenerator with orders from the first frame on.
func startOrdered(h *lab.Host, ifindex int, s stream, o orders) (*generator, error) {
	frame, err := s.frame()
	if err != nil {
		return nil, err
	}
	maps, err := newSteering()
	if err != nil {
		return nil, err
	}
	program, err := loadGenerator(maps, ifindex, frame, s)
	if err != nil {
		return nil, errors.Join(err, maps.close())
	}
	g := &generator{host: h, program: program, steering: maps, frame: frame, ended: make(chan struct{})}
	if err := g.order(o); err != nil {
		return nil, errors.Join(err, program.Close(), maps.close())
	}
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

// count returns how many frames were sent up to now.
func (g *generator) count() (uint64, error) {
	var t tally
	if err := g.steering.tally.Lookup(uint32(0), &t); err != nil {
		return 0, fmt.Errorf("read the generator's counter: %w", err)
	}
	return t.Sent, nil
}

// order gives the program orders in place of those that it had.
func (g *generator) order(o orders) error {
	if err := g.steering.orders.Put(uint32(0), o); err != nil {
		return fmt.Errorf("give the generator orders: %w", err)
	}
	return nil
}

// stop ends the stream and waits for its end.
func (g *generator) stop() error {
	g.enough.Store(true)
	err := g.order(orders{Enough: 1})
	<-g.ended
	return errors.Join(err, g.err, g.program.Close(), g.steering.close())
}
