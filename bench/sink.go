package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"

	"xlvs/bench/lab"
	"xlvs/dataplane/header"
	"xlvs/dataplane/xsk"
)

// A sink drops all that a device receives, and counts the frames among it that
// are what a path should make of the stream. It does both in XDP, so that it costs as little as possible on the
// processor of whoever sends.
type sink struct {
	counts  *ebpf.Map // frames, by processor
	program *ebpf.Program
	link    link.Link // nil until it is attached
}

// openSink has dev of h swallow what it receives.
func openSink(h *lab.Host, ifindex int, to arrival) (*sink, error) {
	return attachSink(h, ifindex, func(counts *ebpf.Map) asm.Instructions { return swallow(counts, to) })
}

// attachSink has dev of h give what it receives to a program of one's own choice,
// which counts in the map that it is given.
func attachSink(h *lab.Host, ifindex int, program func(*ebpf.Map) asm.Instructions) (*sink, error) {
	s, err := loadSink(program)
	if err != nil {
		return nil, err
	}
	err = h.Do(func() error {
		s.link, err = xsk.Attach(ifindex, s.program, xsk.Native)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sink in %s: %w", h.Name(), err), s.close())
	}
	return s, nil
}

// newSink loads the program that swallows.
func newSink(to arrival) (*sink, error) {
	return loadSink(func(counts *ebpf.Map) asm.Instructions { return swallow(counts, to) })
}

// loadSink loads a program that counts.
func loadSink(instructions func(*ebpf.Map) asm.Instructions) (*sink, error) {
	counts, err := ebpf.NewMap(&ebpf.MapSpec{
		Name: "arrived", Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 1,
	})
	if err != nil {
		return nil, fmt.Errorf("make the sink's counter: %w", err)
	}
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "bench_sink", Type: ebpf.XDP, License: "GPL", Instructions: instructions(counts),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("load xdp program bench_sink: %w", err), counts.Close())
	}
	return &sink{counts: counts, program: program}, nil
}

// swallow is the program. Like the stream, it knows no options and no tags.
func swallow(counts *ebpf.Map, to arrival) asm.Instructions {
	const version4 = 0x45 // and a header of five words
	dst := netip.MustParseAddr(to.dst).As4()
	var dstPort, etherType [2]byte
	binary.BigEndian.PutUint16(dstPort[:], to.port)
	binary.BigEndian.PutUint16(etherType[:], header.TypeIPv4)
	insns := asm.Instructions{
		asm.LoadMem(asm.R6, asm.R1, xdpData, asm.Word),
		asm.LoadMem(asm.R2, asm.R1, xdpDataEnd, asm.Word),
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Add.Imm(asm.R1, headers),
		asm.JGT.Reg(asm.R1, asm.R2, "drop"),
	}
	expect := func(at int16, size asm.Size, value uint32) {
		insns = append(insns, asm.LoadMem(asm.R1, asm.R6, at, size),
			asm.LoadImm(asm.R2, int64(value), asm.DWord), asm.JNE.Reg(asm.R1, asm.R2, "drop"))
	}
	expect(ipOffset-2, asm.Half, uint32(binary.NativeEndian.Uint16(etherType[:])))
	expect(ipOffset, asm.Byte, version4)
	expect(ipOffset+9, asm.Byte, uint32(to.proto))
	expect(ipOffset+16, asm.Word, binary.NativeEndian.Uint32(dst[:]))
	if to.proto == header.ProtoUDP && to.port != 0 {
		expect(udpOffset+2, asm.Half, uint32(binary.NativeEndian.Uint16(dstPort[:])))
	}
	return append(insns, countAndDrop(counts)...)
}

// countAndDrop is the end of a program, where "drop" is.
func countAndDrop(counts *ebpf.Map) asm.Instructions {
	return asm.Instructions{
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, counts.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "drop"),
		asm.LoadMem(asm.R1, asm.R0, 0, asm.DWord),
		asm.Add.Imm(asm.R1, 1),
		asm.StoreMem(asm.R0, 0, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R0, xdpDrop).WithSymbol("drop"),
		asm.Return(),
	}
}

// count returns how many frames of the stream have arrived up to now.
func (s *sink) count() (sum uint64, err error) {
	var byCPU []uint64
	if err := s.counts.Lookup(uint32(0), &byCPU); err != nil {
		return 0, fmt.Errorf("read the sink's counter: %w", err)
	}
	for _, n := range byCPU {
		sum += n
	}
	return sum, nil
}

// close detaches the sink.
func (s *sink) close() error {
	var err error
	if s.link != nil {
		err = s.link.Close()
	}
	return errors.Join(err, s.program.Close(), s.counts.Close())
}
