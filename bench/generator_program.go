package main

import (
	"encoding/binary"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
)

// What the programs here know of the kernel (enum xdp_action, struct xdp_md and
// enum tcx_action_base in linux/bpf.h).
const (
	xdpAborted = 0
	xdpDrop    = 1
	xdpPass    = 2

	xdpData    = 0
	xdpDataEnd = 4
	xdpRxQueue = 16

	tcxDrop = 2
)

// Where a frame of a stream has what.
const (
	ipOffset     = header.EthernetSize
	udpOffset    = ipOffset + header.IPv4Size
	udpSumOffset = udpOffset + header.UDPChecksumOffset
)

// enoughOffset is where a shared has Enough; Sent is at 0.
const enoughOffset = 8

// loadGenerator loads the program that makes frame's headers, with the next of
// the client's ports, and redirects the frame out of a device. The kernel gives
// it the same few frames again and again, in the state in which the last
// receiver left them, so it writes each header from start to end. It is to be
// run by one thread at a time: the counter in control, a map, is not atomic.
func loadGenerator(control *ebpf.Map, ifindex int, frame []byte, connections int) (*ebpf.Program, error) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "bench_generate", Type: ebpf.XDP, License: "GPL",
		Instructions: generate(control, ifindex, frame, connections),
	})
	if err != nil {
		return nil, fmt.Errorf("load xdp program bench_generate: %w", err)
	}
	return p, nil
}

// generate is the program: r6 the frame, r7 the number of the client's port.
func generate(control *ebpf.Map, ifindex int, frame []byte, connections int) asm.Instructions {
	insns := asm.Instructions{
		asm.LoadMem(asm.R6, asm.R1, xdpData, asm.Word),
		asm.LoadMem(asm.R2, asm.R1, xdpDataEnd, asm.Word),
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Add.Imm(asm.R1, headers),
		asm.JGT.Reg(asm.R1, asm.R2, "short"),
		asm.LoadMapValue(asm.R1, control.FD(), 0),
		asm.LoadMem(asm.R2, asm.R1, enoughOffset, asm.DWord),
		asm.JNE.Imm(asm.R2, 0, "enough"),
		asm.LoadMem(asm.R7, asm.R1, 0, asm.DWord),
		asm.Mov.Reg(asm.R2, asm.R7),
		asm.Add.Imm(asm.R2, 1),
		asm.StoreMem(asm.R1, 0, asm.R2, asm.DWord),
		asm.Mod.Imm(asm.R7, int32(connections)),
		asm.Add.Imm(asm.R7, firstPort),
	}
	for at := 0; at+8 <= headers; at += 8 { // the checksum is what remains
		word := int64(binary.NativeEndian.Uint64(frame[at:]))
		insns = append(insns,
			asm.LoadImm(asm.R1, word, asm.DWord),
			asm.StoreMem(asm.R6, int16(at), asm.R1, asm.DWord))
	}
	return append(append(insns, finishUDP(frame)...),
		asm.Mov.Imm(asm.R1, int32(ifindex)),
		asm.Mov.Imm(asm.R2, 0),
		asm.FnRedirect.Call(),
		asm.Return(),
		asm.Mov.Imm(asm.R0, xdpAborted).WithSymbol("short"),
		asm.Return(),
		asm.Mov.Imm(asm.R0, xdpDrop).WithSymbol("enough"),
		asm.Return(),
	)
}

// finishUDP writes the source port in r7, and the checksum: the sum of all else,
// which is a constant, and of the port.
func finishUDP(frame []byte) asm.Instructions {
	field := binary.BigEndian.Uint16(frame[udpSumOffset:])
	rest := checksum.Fold(uint64(^field) + uint64(^uint16(firstPort)))
	return asm.Instructions{
		asm.Mov.Reg(asm.R1, asm.R7),
		asm.HostTo(asm.BE, asm.R1, asm.Half),
		asm.StoreMem(asm.R6, udpOffset, asm.R1, asm.Half),

		asm.Mov.Reg(asm.R1, asm.R7),
		asm.Add.Imm(asm.R1, int32(rest)),
		asm.Mov.Reg(asm.R2, asm.R1),
		asm.RSh.Imm(asm.R2, 16),
		asm.And.Imm(asm.R1, 0xffff),
		asm.Add.Reg(asm.R1, asm.R2),
		asm.Xor.Imm(asm.R1, 0xffff),
		asm.JNE.Imm(asm.R1, 0, "sum"),
		asm.Mov.Imm(asm.R1, 0xffff), // zero would mean that there is none (RFC 768)
		asm.HostTo(asm.BE, asm.R1, asm.Half).WithSymbol("sum"),
		asm.StoreMem(asm.R6, udpSumOffset, asm.R1, asm.Half),
	}
}
