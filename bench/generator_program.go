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
	sourceOffset = ipOffset + 12 // of the client's address
	udpOffset    = ipOffset + header.IPv4Size
	udpSumOffset = udpOffset + header.UDPChecksumOffset
	tcpSumOffset = udpOffset + 16
)

// Where a tally and orders have what.
const (
	sentOffset     = 0
	nextOffset     = 8
	enoughOffset   = 0
	intervalOffset = 8
	limitOffset    = 16
)

// catchUp is how far behind its time a frame with an interval may be sent, in
// nanoseconds: what is missed beyond that, while the run begins anew, is not sent
// in a burst.
const catchUp = 100_000

// loadGenerator loads the program that makes frame's headers, with the next of
// the clients' ports, and redirects the frame out of a device. The kernel gives
// it the same few frames again and again, in the state in which the last
// receiver left them, so it writes each header from start to end. It is to be
// run by one thread at a time: its tally is not atomic.
func loadGenerator(maps *steering, ifindex int, frame []byte, s stream) (*ebpf.Program, error) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "bench_generate", Type: ebpf.XDP, License: "GPL",
		Instructions: generate(maps, ifindex, frame, s),
	})
	if err != nil {
		return nil, fmt.Errorf("load xdp program bench_generate: %w", err)
	}
	return p, nil
}

// generate is the program: r6 the frame, r9 the tally, r7 the number of the
// connection and then the client's port, r8 the low half of the client's address.
func generate(maps *steering, ifindex int, frame []byte, s stream) asm.Instructions {
	insns := asm.Instructions{
		asm.LoadMem(asm.R6, asm.R1, xdpData, asm.Word),
		asm.LoadMem(asm.R2, asm.R1, xdpDataEnd, asm.Word),
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Add.Imm(asm.R1, int32(s.headers())),
		asm.JGT.Reg(asm.R1, asm.R2, "short"),
	}
	insns = append(insns, obey(maps)...)
	insns = append(insns,
		asm.Mod.Imm(asm.R7, int32(s.connections)),
		asm.Mov.Reg(asm.R8, asm.R7),
		asm.Mod.Imm(asm.R7, maxConnections),
		asm.Add.Imm(asm.R7, firstPort),
		asm.Div.Imm(asm.R8, maxConnections),
		asm.Add.Imm(asm.R8, int32(binary.BigEndian.Uint16(frame[sourceOffset+2:]))),
	)
	for at := 0; at+8 <= s.headers(); at += 8 { // a checksum may remain
		word := int64(binary.NativeEndian.Uint64(frame[at:]))
		insns = append(insns,
			asm.LoadImm(asm.R1, word, asm.DWord),
			asm.StoreMem(asm.R6, int16(at), asm.R1, asm.DWord))
	}
	return append(append(insns, finish(frame, s)...),
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

// obey drops the frame if orders say so, else counts it and leaves its number in
// r7.
func obey(maps *steering) asm.Instructions {
	return asm.Instructions{
		asm.LoadMapValue(asm.R8, maps.orders.FD(), 0),
		asm.LoadMapValue(asm.R9, maps.tally.FD(), 0),
		asm.LoadMem(asm.R1, asm.R8, enoughOffset, asm.DWord),
		asm.JNE.Imm(asm.R1, 0, "enough"),
		asm.LoadMem(asm.R7, asm.R9, sentOffset, asm.DWord),
		asm.LoadMem(asm.R1, asm.R8, limitOffset, asm.DWord),
		asm.JEq.Imm(asm.R1, 0, "unlimited"),
		asm.JGE.Reg(asm.R7, asm.R1, "enough"),
		asm.LoadMem(asm.R1, asm.R8, intervalOffset, asm.DWord).WithSymbol("unlimited"),
		asm.JEq.Imm(asm.R1, 0, "due"),
		asm.FnKtimeGetNs.Call(),
		asm.LoadMem(asm.R2, asm.R9, nextOffset, asm.DWord),
		asm.JGT.Reg(asm.R2, asm.R0, "enough"),
		asm.Sub.Imm(asm.R0, catchUp),
		asm.JGE.Reg(asm.R2, asm.R0, "in time"),
		asm.Mov.Reg(asm.R2, asm.R0),
		asm.LoadMem(asm.R1, asm.R8, intervalOffset, asm.DWord).WithSymbol("in time"),
		asm.Add.Reg(asm.R2, asm.R1),
		asm.StoreMem(asm.R9, nextOffset, asm.R2, asm.DWord),
		asm.Mov.Reg(asm.R1, asm.R7).WithSymbol("due"),
		asm.Add.Imm(asm.R1, 1),
		asm.StoreMem(asm.R9, sentOffset, asm.R1, asm.DWord),
	}
}

// finish writes the source address and port in r8 and r7, and the checksums.
func finish(frame []byte, s stream) asm.Instructions {
	address := binary.BigEndian.Uint16(frame[sourceOffset+2:])
	const ipSum = ipOffset + 10
	field := binary.BigEndian.Uint16(frame[ipSum:])
	insns := asm.Instructions{
		asm.Mov.Reg(asm.R1, asm.R7),
		asm.HostTo(asm.BE, asm.R1, asm.Half),
		asm.StoreMem(asm.R6, udpOffset, asm.R1, asm.Half),
		asm.Mov.Reg(asm.R1, asm.R8),
		asm.HostTo(asm.BE, asm.R1, asm.Half),
		asm.StoreMem(asm.R6, sourceOffset+2, asm.R1, asm.Half),

		asm.Mov.Reg(asm.R1, asm.R8),
		asm.Add.Imm(asm.R1, int32(checksum.Fold(uint64(^field)+uint64(^address)))),
	}
	insns = append(insns, storeSum(ipSum)...)
	field = binary.BigEndian.Uint16(frame[s.sumOffset():])
	rest := checksum.Fold(uint64(^field) + uint64(^uint16(firstPort)) + uint64(^address))
	insns = append(insns,
		asm.Mov.Reg(asm.R1, asm.R7),
		asm.Add.Reg(asm.R1, asm.R8),
		asm.Add.Imm(asm.R1, int32(rest)))
	return append(insns, storeSum(s.sumOffset())...)
}

// storeSum stores the checksum of what r1 is the sum of, which is one of three
// words.
func storeSum(at int) asm.Instructions {
	label := fmt.Sprint("sum at ", at)
	fold := asm.Instructions{
		asm.Mov.Reg(asm.R2, asm.R1),
		asm.RSh.Imm(asm.R2, 16),
		asm.And.Imm(asm.R1, 0xffff),
		asm.Add.Reg(asm.R1, asm.R2),
	}
	return append(append(append(asm.Instructions{}, fold...), fold...),
		asm.Xor.Imm(asm.R1, 0xffff),
		asm.JNE.Imm(asm.R1, 0, label),
		asm.Mov.Imm(asm.R1, 0xffff), // zero would mean that UDP has none (RFC 768); elsewhere both are the same
		asm.HostTo(asm.BE, asm.R1, asm.Half).WithSymbol(label),
		asm.StoreMem(asm.R6, int16(at), asm.R1, asm.Half),
	)
}
