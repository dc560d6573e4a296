package main

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"xlvs/dataplane/xsk"
)

// openRings opens AF_XDP sockets on both ports.
func (f *forwarder) openRings() error {
	g, err := xsk.NewGroup(xsk.Options{Ports: len(f.ports)})
	if err != nil {
		return err
	}
	f.group = g
	f.closers = append(f.closers, g.Close)
	for i, p := range f.ports {
		if f.sockets[i], err = f.openRing(g, uint16(i), p); err != nil {
			return fmt.Errorf("interface %s: %w", p.name, err)
		}
	}
	return nil
}

// openRing opens a socket and has all frames of its device redirected to it.
func (f *forwarder) openRing(g *xsk.Group, number uint16, p loopPort) (*xsk.Socket, error) {
	s, err := g.Open(number, p.ifindex, 0, xsk.Native)
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
