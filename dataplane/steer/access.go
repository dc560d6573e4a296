package steer

import "github.com/cilium/ebpf/asm"

// An access is how a kind of program gets at the bytes of a frame: it writes
// down that part of the body. However a socket buffer is cut up, its headers are
// found to their last byte, so that a packet socket and the host's own stack
// never both have a frame, nor neither.
type access interface {
	// open makes the frame accessible, when R1 is the context.
	open(b *body)
	// reach makes n bytes from regOffset on readable through regWindow, or
	// passes a frame that ends before. Only registers from R6 up survive it.
	reach(b *body, n int32)
	// within passes a frame that ends before regOffset. Only regWindow and R3
	// do not survive it.
	within(b *body)
}

// direct reads the frame where it lies, as XDP programs may: its headers are in
// the first buffer. regFrame is where that starts and regEnd where it ends.
type direct struct{}

func (direct) open(b *body) {
	b.emit(
		asm.LoadMem(regFrame, asm.R1, xdpData, asm.Word),
		asm.LoadMem(regEnd, asm.R1, xdpDataEnd, asm.Word),
	)
}

func (direct) reach(b *body, n int32) {
	b.emit(
		asm.Mov.Reg(regWindow, regFrame),
		asm.Add.Reg(regWindow, regOffset),
		asm.Mov.Reg(asm.R3, regWindow),
		asm.Add.Imm(asm.R3, n),
		asm.JGT.Reg(asm.R3, regEnd, passLabel),
	)
}

func (d direct) within(b *body) { d.reach(b, 0) }

// copied has the kernel copy each header from a socket buffer to the stack:
// socket filters have no other way. regFrame is the socket buffer and regEnd
// its length.
type copied struct{}

func (copied) open(b *body) {
	b.emit(
		asm.Mov.Reg(regFrame, asm.R1),
		asm.LoadMem(regEnd, asm.R1, skbLen, asm.Word),
	)
}

func (copied) reach(b *body, n int32) {
	b.emit(
		asm.Mov.Reg(asm.R1, regFrame),
		asm.Mov.Reg(asm.R2, regOffset),
		asm.Mov.Reg(asm.R3, asm.RFP),
		asm.Add.Imm(asm.R3, windowSlot),
		asm.Mov.Imm(asm.R4, n),
		asm.FnSkbLoadBytes.Call(),
		asm.JNE.Imm(asm.R0, 0, passLabel),
		asm.Mov.Reg(regWindow, asm.RFP),
		asm.Add.Imm(regWindow, windowSlot),
	)
}

func (copied) within(b *body) { b.emit(asm.JGT.Reg(regOffset, regEnd, passLabel)) }

// pieced is for tcx programs. It reads where they lie the headers that are in
// the first piece of a socket buffer, nearly always all of them, and copies the
// others. Joining the pieces would copy more: a packet socket shares the buffer.
type pieced struct{ copied }

func (p pieced) reach(b *body, n int32) {
	reached := b.fresh()
	b.emit(
		asm.LoadMem(regWindow, regFrame, skbData, asm.Word),
		asm.LoadMem(asm.R3, regFrame, skbDataEnd, asm.Word),
		asm.Add.Reg(regWindow, regOffset),
		asm.Mov.Reg(asm.R1, regWindow),
		asm.Add.Imm(asm.R1, n),
		asm.JLE.Reg(asm.R1, asm.R3, reached),
	)
	p.copied.reach(b, n)
	b.label(reached)
}
