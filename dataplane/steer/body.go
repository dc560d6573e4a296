package steer

import (
	"encoding/binary"
	"strconv"

	"github.com/cilium/ebpf/asm"

	"xlvs/lvs"
)

// The body is the classifier without its shell. The shell comes first and leaves
// its context in R1; it may keep it in ctxSlot, and it chooses the access by
// which the body reads. It has the last word at takeLabel and passLabel, where
// only ctxSlot is as it was.
const (
	takeLabel = "take"
	passLabel = "pass"

	regFrame  = asm.R6 // the frame, as its access has it
	regEnd    = asm.R7 // where it ends, likewise
	regOffset = asm.R8 // of the header that is next, from the frame's start
	regProto  = asm.R9 // EtherType first, then IP protocol
	regWindow = asm.R2 // the header that is next, once reach has been there

	// When the frame has been read, three of them become free.
	regWantDst = asm.R6 // Flags that make a destination the director's
	regWantSrc = asm.R7 // Flags that make a source the director's
	regQuoted  = asm.R8 // not zero in an ICMP error
)

// The stack, from the top of the frame pointer down. An address is shared by a
// key of the endpoints, which begins with it, and one of the networks, which
// ends with it. Both begin at a multiple of eight.
const (
	ctxSlot    = -8
	srcKey     = -32
	dstKey     = -64
	srcPort    = -80 // as on the wire, zero where there are none
	dstPort    = -78
	quotedSlot = -84
	windowSlot = -128 // room for a copy of the longest header

	keyPort  = 16 // offsets in a key of the endpoints
	keyProto = 18
	keyPad   = 19

	keyBits         = -networkKeyAddr // offsets of what is before the address
	keyVersion      = -4              // a word, with the protocol in its last byte
	keyNetworkProto = -1
)

// A body is the classifier being written down, instruction by instruction.
type body struct {
	tables  *tables
	frame   access
	insns   asm.Instructions
	pending string // label of the next instruction
	labels  int    // how many were made up
}

// classify writes the body down, in the order that a frame meets it.
func (t *tables) classify(frame access) asm.Instructions {
	b := &body{tables: t, frame: frame}
	frame.open(b)
	b.clear()
	b.ethernet("ipv4", "ipv6")

	b.label("ipv4")
	b.ipv4(false, "fragment")
	b.emit(asm.JNE.Imm(regProto, int32(lvs.ICMP), "whole"))
	b.icmpv4("addresses")
	b.ipv4(true, "quoted fragment")
	b.jump("whole")

	b.label("ipv6")
	b.ipv6(false, "fragment")
	b.emit(asm.JNE.Imm(regProto, int32(lvs.ICMPv6), "whole"))
	b.icmpv6("addresses")
	b.ipv6(true, "quoted fragment")
	b.jump("whole")

	b.label("fragment")
	b.emit(asm.JEq.Imm(regProto, int32(lvs.ICMP), "addresses"))
	b.emit(asm.JEq.Imm(regProto, int32(lvs.ICMPv6), "addresses"))
	b.byProtocol("addresses", "addresses")
	b.label("quoted fragment")
	b.byProtocol(passLabel, "addresses")
	b.label("whole")
	b.byProtocol("ports", "portless")

	b.label("portless")
	b.within() // nothing more is read of it
	b.label("addresses")
	b.wantAddresses()
	b.jump("match")
	b.label("ports")
	b.wantPorts()

	b.label("match")
	b.match()
	return b.insns
}

// emit appends instructions, the first of which gets the pending label.
func (b *body) emit(insns ...asm.Instruction) {
	if b.pending != "" {
		insns[0], b.pending = insns[0].WithSymbol(b.pending), ""
	}
	b.insns = append(b.insns, insns...)
}

// label names the instruction that comes next, which has no other label.
func (b *body) label(name string) { b.pending = name }

// fresh makes up a label.
func (b *body) fresh() string {
	b.labels++
	return "l" + strconv.Itoa(b.labels)
}

func (b *body) jump(label string) { b.emit(asm.Ja.Label(label)) }

// reach makes the next n bytes of the frame, ipv6Size at most, readable by load,
// or passes a frame that ends before. Only registers from R6 up survive it.
func (b *body) reach(n int32) { b.frame.reach(b, n) }

// within passes a frame that ends before the header that is next would begin.
func (b *body) within() { b.frame.within(b) }

// load reads from window into register r.
func (b *body) load(r asm.Register, off int16, size asm.Size) {
	b.emit(asm.LoadMem(r, regWindow, off, size))
}

// store writes a constant into the stack.
func (b *body) store(slot int16, value int64, size asm.Size) {
	b.emit(asm.StoreImm(asm.RFP, slot, value, size))
}

// wire16 returns v as a program loads it from the wire, which is not swapped.
func wire16(v uint16) int32 {
	return int32(binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v)))
}

// wire32 is wire16 for 32 bits.
func wire32(v uint32) int32 {
	return int32(binary.NativeEndian.Uint32(binary.BigEndian.AppendUint32(nil, v)))
}
