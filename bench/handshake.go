package main

import (
	"encoding/binary"
	"net/netip"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"xlvs/dataplane/header"
)

// Where a frame has what of TCP, without IP options.
const (
	tcpSeqOffset   = udpOffset + 4
	tcpAckOffset   = udpOffset + 8
	tcpFlagsOffset = udpOffset + 13
	tcpEnd         = udpOffset + header.TCPSize
)

// The flags of the three segments of a handshake.
const (
	flagsSYN    = 0x02
	flagsSYNACK = 0x12
	flagsACK    = 0x10
)

// A turn is how one end of a handshake takes a segment: it makes an answer of it,
// in place, and sends it back.
type turn struct {
	ifindex int    // of its device
	dst     string // the address that it answers at; empty: any
	takes   byte   // flags of what it answers
	gives   byte   // flags of the answer
}

// serverTurn answers a SYN, clientTurn the SYN-ACK.
func serverTurn(ifindex int) turn { return turn{ifindex, rip, flagsSYN, flagsSYNACK} }

func clientTurn(ifindex int) turn { return turn{ifindex, "", flagsSYNACK, flagsACK} }

// shake is the program of one end: it answers what t says, counts segments with
// the flags counted, and drops all else.
func shake(counts *ebpf.Map, t turn, counted byte) asm.Instructions {
	var etherType [2]byte
	binary.BigEndian.PutUint16(etherType[:], header.TypeIPv4)
	insns := asm.Instructions{
		asm.LoadMem(asm.R6, asm.R1, xdpData, asm.Word),
		asm.LoadMem(asm.R2, asm.R1, xdpDataEnd, asm.Word),
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Add.Imm(asm.R1, tcpEnd),
		asm.JGT.Reg(asm.R1, asm.R2, "drop"),
		asm.LoadMem(asm.R1, asm.R6, ipOffset-2, asm.Half),
		asm.JNE.Imm(asm.R1, int32(binary.NativeEndian.Uint16(etherType[:])), "drop"),
		asm.LoadMem(asm.R1, asm.R6, ipOffset, asm.Byte),
		asm.JNE.Imm(asm.R1, 0x45, "drop"),
		asm.LoadMem(asm.R1, asm.R6, ipOffset+9, asm.Byte),
		asm.JNE.Imm(asm.R1, int32(header.ProtoTCP), "drop"),
	}
	if t.dst != "" {
		dst := netip.MustParseAddr(t.dst).As4()
		insns = append(insns,
			asm.LoadMem(asm.R1, asm.R6, sourceOffset+4, asm.Word),
			asm.LoadImm(asm.R2, int64(binary.NativeEndian.Uint32(dst[:])), asm.DWord),
			asm.JNE.Reg(asm.R1, asm.R2, "drop"))
	}
	insns = append(insns,
		asm.LoadMem(asm.R1, asm.R6, tcpFlagsOffset, asm.Byte),
		asm.JEq.Imm(asm.R1, int32(t.takes), "answer"),
		asm.JEq.Imm(asm.R1, int32(counted), "count"),
		asm.Ja.Label("drop"))
	insns = append(insns, t.answer()...)
	end := countAndDrop(counts)
	end[0] = end[0].WithSymbol("count")
	return append(insns, end...)
}

// answer turns the frame at r6 around: what it acknowledges is one more than the
// number that it got, since a SYN counts as a byte, and its own number is what
// was acknowledged. The frame is redirected to its own device: after XDP_TX, a
// veth wakes its peer only if that has an XDP program.
func (t turn) answer() asm.Instructions {
	insns := asm.Instructions{asm.Mov.Imm(asm.R1, 0).WithSymbol("answer")}
	for _, s := range []struct {
		a, b int16
		size asm.Size
	}{
		{0, 6, asm.Word}, {4, 10, asm.Half}, // Ethernet addresses
		{sourceOffset, sourceOffset + 4, asm.Word}, // IP addresses
		{udpOffset, udpOffset + 2, asm.Half},       // ports
		{tcpSeqOffset, tcpAckOffset, asm.Word},
	} {
		insns = append(insns,
			asm.LoadMem(asm.R1, asm.R6, s.a, s.size), asm.LoadMem(asm.R2, asm.R6, s.b, s.size),
			asm.StoreMem(asm.R6, s.a, asm.R2, s.size), asm.StoreMem(asm.R6, s.b, asm.R1, s.size))
	}
	// Swapping leaves the sum as it is; one more and the flags change it (RFC 1624).
	change := uint32(1) + uint32(t.gives) + 0xffff - uint32(t.takes)
	insns = append(insns,
		asm.LoadMem(asm.R1, asm.R6, tcpAckOffset, asm.Word),
		asm.HostTo(asm.BE, asm.R1, asm.Word),
		asm.Add.Imm(asm.R1, 1),
		asm.HostTo(asm.BE, asm.R1, asm.Word),
		asm.StoreMem(asm.R6, tcpAckOffset, asm.R1, asm.Word),
		asm.StoreImm(asm.R6, tcpFlagsOffset, int64(t.gives), asm.Byte),
		asm.LoadMem(asm.R1, asm.R6, tcpSumOffset, asm.Half),
		asm.HostTo(asm.BE, asm.R1, asm.Half),
		asm.Xor.Imm(asm.R1, 0xffff),
		asm.Add.Imm(asm.R1, int32(change)))
	return append(append(insns, storeSum(tcpSumOffset)...),
		asm.Mov.Imm(asm.R1, int32(t.ifindex)),
		asm.Mov.Imm(asm.R2, 0),
		asm.FnRedirect.Call(),
		asm.Return())
}
