package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"xlvs/dataplane/packet"
)

// Names of paths, and of the commands that veth runs for them.
const (
	forwardName    = "forward"
	rawForwardName = "raw-forward"
)

// forwardCommand moves frames between two devices until ctx ends, on the
// director's AF_XDP sockets but without a director: what remains of its speed
// when it decides nothing.
func forwardCommand(ctx context.Context, args []string, stdout io.Writer) error {
	return forward(ctx, forwardName, (*forwarder).openRings, args, stdout)
}

// rawForwardCommand is forwardCommand on the sockets of packet mode.
func rawForwardCommand(ctx context.Context, args []string, stdout io.Writer) error {
	return forward(ctx, rawForwardName, (*forwarder).openRaw, args, stdout)
}

// forward moves frames between the devices of args, on the sockets that open
// opens, until ctx ends.
func forward(ctx context.Context, name string, open func(*forwarder) error, args []string, stdout io.Writer) (err error) {
	ports, err := parseLoop(args)
	if err != nil {
		return err
	}
	f := &forwarder{ports: ports}
	for i := range f.packets {
		f.list[i] = &f.packets[i]
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if err := open(f); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, f.group.Wake)()
	if err := announce(stdout, name); err != nil {
		return err
	}
	return f.run(ctx)
}

// A forwarder is two sockets on one memory, and what is open for them.
type forwarder struct {
	ports   [2]loopPort
	group   group
	sockets [2]socket
	closers []func() error
	packets [batch]packet.Packet
	list    [batch]*packet.Packet
}

// A group is the memory that sockets share. It wakes whoever waits for them.
type group interface {
	Wait(timeout time.Duration) error
	Wake()
}

// A socket receives and sends on one device. What Send is given is gone.
type socket interface {
	Recv(ps []packet.Packet) (n int, err error)
	Send(ps []*packet.Packet) (n int)
	Flush() error
}

// run forwards until ctx ends.
func (f *forwarder) run(ctx context.Context) error {
	for ctx.Err() == nil {
		moved := 0
		for from := range f.sockets {
			n, err := f.move(from, 1-from)
			if err != nil {
				return err
			}
			moved += n
		}
		if moved > 0 {
			continue
		}
		if err := f.group.Wait(time.Second); err != nil {
			return fmt.Errorf("wait for frames: %w", err)
		}
	}
	return nil
}

// move moves a batch from one port to the other.
func (f *forwarder) move(from, to int) (n int, err error) {
	n, err = f.sockets[from].Recv(f.packets[:])
	if err != nil {
		return n, fmt.Errorf("receive on %s: %w", f.ports[from].name, err)
	}
	if n == 0 {
		return 0, nil
	}
	for i := range f.packets[:n] {
		f.ports[to].address(f.packets[i].Bytes())
	}
	f.sockets[to].Send(f.list[:n])
	if err := f.sockets[to].Flush(); err != nil {
		return n, fmt.Errorf("send on %s: %w", f.ports[to].name, err)
	}
	return n, nil
}

// close takes everything away, last first.
func (f *forwarder) close() error {
	var errs []error
	for i := len(f.closers) - 1; i >= 0; i-- {
		errs = append(errs, f.closers[i]())
	}
	return errors.Join(errs...)
}
