package main

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"xlvs/dataplane/header"
	"xlvs/dataplane/xsk"
)

// startRedirect has the kernel move frames in XDP, from the one device to the
// other, with no more done to them than new Ethernet addresses.
func startRedirect(_ context.Context, s *site, _ *director) error {
	program, err := loadReaddress(s.out.Index, header.MAC(s.server.HardwareAddr), header.MAC(s.out.HardwareAddr))
	if err != nil {
		return err
	}
	defer program.Close() // what is attached stays
	return s.director.Do(func() error {
		attached, err := xsk.Attach(s.in.Index, program, xsk.Native)
		if err != nil {
			return err
		}
		s.work.closers = append(s.work.closers, attached.Close)
		return nil
	})
}

// loadReaddress loads the program, which sends all frames out of a device, from
// src to dst.
func loadReaddress(ifindex int, dst, src header.MAC) (*ebpf.Program, error) {
	addresses := binary.NativeEndian.Uint64(append(dst[:], src[:2]...))
	insns := asm.Instructions{
		asm.LoadMem(asm.R6, asm.R1, xdpData, asm.Word),
		asm.LoadMem(asm.R2, asm.R1, xdpDataEnd, asm.Word),
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Add.Imm(asm.R1, header.EthernetSize),
		asm.JGT.Reg(asm.R1, asm.R2, "short"),
		asm.LoadImm(asm.R1, int64(addresses), asm.DWord),
		asm.StoreMem(asm.R6, 0, asm.R1, asm.DWord),
		asm.LoadImm(asm.R1, int64(binary.NativeEndian.Uint32(src[2:])), asm.DWord),
		asm.StoreMem(asm.R6, 8, asm.R1, asm.Word),
		asm.Mov.Imm(asm.R1, int32(ifindex)),
		asm.Mov.Imm(asm.R2, 0),
		asm.FnRedirect.Call(),
		asm.Return(),
		asm.Mov.Imm(asm.R0, xdpDrop).WithSymbol("short"),
		asm.Return(),
	}
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "bench_readdress", Type: ebpf.XDP, License: "GPL", Instructions: insns})
	if err != nil {
		return nil, fmt.Errorf("load xdp program bench_readdress: %w", err)
	}
	return p, nil
}
