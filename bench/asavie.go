package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/asavie/xdp"
	"golang.org/x/sys/unix"
)

// asavieName is the name of the path, and of the command that veth runs for it.
const asavieName = "asavie"

// asavieRing is the size of each ring, that of our own. A socket has twice as
// many frames, or those waiting to receive would leave none to send.
const asavieRing = 2048

// asavieCommand is forwardCommand on github.com/asavie/xdp, in the way of that
// module's example l2fwd. Its sockets cannot share a memory, so that each frame
// is copied from one to the other.
func asavieCommand(ctx context.Context, args []string, stdout io.Writer) (err error) {
	ports, err := parseLoop(args)
	if err != nil {
		return err
	}
	a := &asavie{ports: ports}
	// The module panics when it cannot send. Its programs stay on the devices
	// until somebody takes them away, so this is deferred.
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.open(); err != nil {
		return err
	}
	if err := announce(stdout, asavieName); err != nil {
		return err
	}
	return a.run(ctx)
}

// An asavie is two sockets, each with a memory of its own.
type asavie struct {
	ports   [2]loopPort
	sockets [2]*xdp.Socket
	closers []func() error
}

func (a *asavie) open() error {
	for i, p := range a.ports {
		if err := a.openPort(i); err != nil {
			return fmt.Errorf("interface %s: %w", p.name, err)
		}
	}
	return nil
}

func (a *asavie) openPort(i int) error {
	const queue = 0
	ifindex := a.ports[i].ifindex
	program, err := xdp.NewProgram(queue + 1)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, program.Close)
	s, err := xdp.NewSocket(ifindex, queue, &xdp.SocketOptions{
		NumFrames: 2 * asavieRing, FrameSize: 2048,
		FillRingNumDescs: asavieRing, CompletionRingNumDescs: asavieRing,
		RxRingNumDescs: asavieRing, TxRingNumDescs: asavieRing,
	})
	if err != nil {
		return err
	}
	a.sockets[i] = s
	a.closers = append(a.closers, s.Close)
	if err := program.Register(queue, s.FD()); err != nil {
		return err
	}
	if err := program.Attach(ifindex); err != nil {
		return err
	}
	a.closers = append(a.closers, func() error { return program.Detach(ifindex) })
	return nil
}

// run forwards until ctx ends.
func (a *asavie) run(ctx context.Context) error {
	const lookUp = 100 * time.Millisecond // at ctx
	for ctx.Err() == nil {
		var fds [2]unix.PollFd
		for i, s := range a.sockets {
			s.Fill(s.GetDescs(s.NumFreeFillSlots()))
			fds[i] = unix.PollFd{Fd: int32(s.FD()), Events: unix.POLLIN}
			if s.NumTransmitted() > 0 {
				fds[i].Events |= unix.POLLOUT
			}
		}
		_, err := unix.Poll(fds[:], int(lookUp.Milliseconds()))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("poll: %w", err)
		}
		for i, s := range a.sockets {
			s.Complete(s.NumCompleted())
			if n := s.NumReceived(); n > 0 {
				a.forward(i, 1-i, n)
			}
		}
	}
	return nil
}

// forward copies n frames from one port to the other. What the other has no
// room for is lost.
func (a *asavie) forward(from, to, n int) {
	in, out := a.sockets[from], a.sockets[to]
	received := in.Receive(n)
	free := out.GetDescs(min(len(received), out.NumFreeTxSlots()))
	for i := range free {
		frame := in.GetFrame(received[i])
		a.ports[to].address(frame)
		free[i].Len = uint32(copy(out.GetFrame(free[i]), frame))
	}
	out.Transmit(free)
}

// close takes everything away, last first.
func (a *asavie) close() error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	return errors.Join(errs...)
}
