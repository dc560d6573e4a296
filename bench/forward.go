package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"xlvs/dataplane/packet"
	"xlvs/dataplane/xsk"
)

// forwardName is the name of the path, and of the command that veth runs for it.
const forwardName = "forward"

// forwardCommand moves frames between two devices until ctx ends, on the
// director's own sockets but without a director: what remains of its speed when
// it decides nothing.
func forwardCommand(ctx context.Context, args []string, stdout io.Writer) (err error) {
	ports, err := parseLoop(args)
	if err != nil {
		return err
	}
	f := new(forwarder)
	defer func() { err = errors.Join(err, f.close()) }()
	if err := f.open(ports); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, f.group.Wake)()
	if err := announce(stdout, forwardName); err != nil {
		return err
	}
	return f.run(ctx)
}

// A forwarder is two sockets on one memory, and what is open for them.
type forwarder struct {
	ports   [2]loopPort
	group   *xsk.Group
	sockets [2]*xsk.Socket
	closers []func() error
	packets [batch]packet.Packet
	list    [batch]*packet.Packet
}

func (f *forwarder) open(ports [2]loopPort) error {
	f.ports = ports
	for i := range f.packets {
		f.list[i] = &f.packets[i]
	}
	var err error
	if f.group, err = xsk.NewGroup(xsk.Options{Ports: len(ports)}); err != nil {
		return err
	}
	f.closers = append(f.closers, f.group.Close)
	for i, p := range ports {
		if f.sockets[i], err = f.openPort(uint16(i), p); err != nil {
			return fmt.Errorf("interface %s: %w", p.name, err)
		}
	}
	return nil
}

// openPort opens a socket and has all frames of its device redirected to it.
func (f *forwarder) openPort(number uint16, p loopPort) (*xsk.Socket, error) {
	s, err := f.group.Open(number, p.ifindex, 0, xsk.Native)
	if err != nil {
		return nil, err
	}
	sockets, err := xsk.NewSocketMap(1)
	if err != nil {
		return nil, err
	}
	f.closers = append(f.closers, sockets.Close)
	if err := s.Register(sockets); err != nil {
		return nil, err
	}
	program, err := loadRedirect(sockets)
	if err != nil {
		return nil, err
	}
	f.closers = append(f.closers, program.Close)
	link, err := xsk.Attach(p.ifindex, program, xsk.Native)
	if err != nil {
		return nil, err
	}
	f.closers = append(f.closers, link.Close)
	return s, nil
}

// loadRedirect loads the program that takes everything.
func loadRedirect(sockets *ebpf.Map) (*ebpf.Program, error) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "bench_redirect", Type: ebpf.XDP, License: "GPL",
		Instructions: asm.Instructions{
			asm.LoadMem(asm.R2, asm.R1, xdpRxQueue, asm.Word),
			asm.LoadMapPtr(asm.R1, sockets.FD()),
			asm.Mov.Imm(asm.R3, xdpDrop), // for a queue without a socket
			asm.FnRedirectMap.Call(),
			asm.Return(),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("load xdp program bench_redirect: %w", err)
	}
	return p, nil
}

// run forwards until ctx ends.
func (f *forwarder) run(ctx context.Context) error {
	for ctx.Err() == nil {
		moved := 0
		for from := range f.sockets {
			n, err := f.forward(from, 1-from)
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

// forward moves a batch from one port to the other.
func (f *forwarder) forward(from, to int) (n int, err error) {
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
