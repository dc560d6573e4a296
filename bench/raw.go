package main

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"xlvs/dataplane/rawsock"
	"xlvs/dataplane/steer"
)

// openRaw opens AF_PACKET sockets on both ports, which receive everything.
func (f *forwarder) openRaw() error {
	g, err := rawsock.NewGroup(rawsock.Options{})
	if err != nil {
		return err
	}
	f.group = g
	f.closers = append(f.closers, g.Close)
	drop, err := loadDrop()
	if err != nil {
		return err
	}
	f.closers = append(f.closers, drop.Close)
	for i, p := range f.ports {
		if f.sockets[i], err = g.Open(uint16(i), p.ifindex, nil, rawsock.Fanout{}); err != nil {
			return fmt.Errorf("interface %s: %w", p.name, err)
		}
		attached, err := steer.AttachDrop(p.ifindex, drop)
		if err != nil {
			return fmt.Errorf("interface %s: %w", p.name, err)
		}
		f.closers = append(f.closers, attached.Close)
	}
	return nil
}

// loadDrop loads the program that keeps from the host its own copy of each
// frame, as a director's does: the host would answer that nobody listens.
func loadDrop() (*ebpf.Program, error) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "bench_drop", Type: ebpf.SchedCLS, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, tcxDrop), asm.Return()},
	})
	if err != nil {
		return nil, fmt.Errorf("load tcx program bench_drop: %w", err)
	}
	return p, nil
}
