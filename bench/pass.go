package main

import (
	"fmt"
	"io"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"xlvs/bench/lab"
	"xlvs/dataplane/xsk"
)

// openPass gives a device of h an XDP program that leaves all frames to the
// host, until the Closer is closed. A veth takes the generator's frames only if
// it has a program, and what works on packet sockets brings none.
func openPass(h *lab.Host, ifindex int) (attached io.Closer, err error) {
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "bench_pass", Type: ebpf.XDP, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, xdpPass), asm.Return()},
	})
	if err != nil {
		return nil, fmt.Errorf("load xdp program bench_pass: %w", err)
	}
	defer program.Close() // what is attached stays
	err = h.Do(func() error {
		attached, err = xsk.Attach(ifindex, program, xsk.Native)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pass frames in %s: %w", h.Name(), err)
	}
	return attached, nil
}
