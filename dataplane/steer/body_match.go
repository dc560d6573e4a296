package steer

import (
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// A side is where the stack has one side of the flow.
type side struct {
	key  int16 // address, and room before and behind it for the rest of a key
	port int16
}

// match ends the body: it looks the flow up, in both directions if it is
// quoted in an ICMP error, and takes or passes.
func (b *body) match() {
	src, dst := side{srcKey, srcPort}, side{dstKey, dstPort}
	reverse := b.fresh()
	b.emit(asm.LoadMem(regQuoted, asm.RFP, quotedSlot, asm.Word))
	b.carries(src, dst, reverse)
	b.label(reverse)
	b.emit(asm.JEq.Imm(regQuoted, 0, passLabel))
	b.carries(dst, src, passLabel)
}

// carries takes a packet between two sides that Rules.carries reports, and
// goes on at the label otherwise for every other.
func (b *body) carries(from, to side, otherwise string) {
	outside, reply := b.fresh(), b.fresh()
	b.at(to, regWantDst, takeLabel, outside)
	b.inPool(to, takeLabel, outside)
	b.label(outside)
	b.inNetwork(to, regWantDst, takeLabel)
	b.at(from, regWantSrc, reply, otherwise)
	b.jump(otherwise)
	b.label(reply)
	b.store(to.key+keyPort, 0, asm.Half)
	b.store(to.key+keyProto, 0, asm.Byte)
	b.lookup(b.tables.endpoints, to.key)
	b.emit(
		asm.JEq.Imm(asm.R0, 0, takeLabel),
		asm.LoadMem(asm.R0, asm.R0, 0, asm.Word),
		asm.And.Imm(asm.R0, int32(Local|ServiceAddr)),
		asm.JEq.Imm(asm.R0, int32(Local), otherwise),
		asm.Ja.Label(takeLabel),
	)
}

// at goes to the label found if the endpoint has one of the flags in want, by
// itself or by its whole address. The exact endpoint comes first: for most
// packets of a busy director it is the only lookup. If there is nothing of the
// whole address, it goes to missing; if there is something else, it falls through
// as found does.
func (b *body) at(s side, want asm.Register, found, missing string) {
	whole := b.fresh()
	b.emit(
		asm.LoadMem(asm.R1, asm.RFP, s.port, asm.Half),
		asm.JEq.Imm(asm.R1, 0, whole),
		asm.StoreMem(asm.RFP, s.key+keyPort, asm.R1, asm.Half),
		asm.StoreMem(asm.RFP, s.key+keyProto, regProto, asm.Byte),
	)
	b.lookup(b.tables.endpoints, s.key)
	b.found(want, found, whole)
	b.label(whole)
	b.store(s.key+keyPort, 0, asm.Half)
	b.emit(asm.StoreMem(asm.RFP, s.key+keyProto, regProto, asm.Byte))
	b.lookup(b.tables.endpoints, s.key)
	b.found(want, found, missing)
}

// inPool goes to the label found if the port is in the pool of the rule that at
// has fallen through with, and falls through or goes to otherwise if it is not.
func (b *body) inPool(s side, found, otherwise string) {
	b.emit(
		asm.And.Imm(asm.R1, int32(Pool)),
		asm.JEq.Imm(asm.R1, 0, otherwise),
		asm.LoadMem(asm.R1, asm.RFP, s.port, asm.Half),
		asm.HostTo(asm.BE, asm.R1, asm.Half),
		asm.LoadMem(asm.R2, asm.R0, valueFirst, asm.Half),
		asm.JLT.Reg(asm.R1, asm.R2, otherwise),
		asm.LoadMem(asm.R2, asm.R0, valueLast, asm.Half),
		asm.JLE.Reg(asm.R1, asm.R2, found),
	)
}

// inNetwork goes to the label found if the address is in a network that has one
// of the flags in want. It costs one load where there are no networks.
func (b *body) inNetwork(s side, want asm.Register, found string) {
	missing := b.fresh()
	b.emit(
		asm.LoadMapValue(asm.R1, b.tables.count.FD(), 0),
		asm.LoadMem(asm.R1, asm.R1, 0, asm.Word),
		asm.JEq.Imm(asm.R1, 0, missing),
		asm.StoreMem(asm.RFP, s.key+keyNetworkProto, regProto, asm.Byte),
	)
	b.store(s.key+keyBits, networkBits, asm.Word)
	b.lookup(b.tables.networks, s.key+keyBits)
	b.found(want, found, missing)
	b.label(missing)
}

// lookup leaves in R0 where the map has the value under the key, or zero.
func (b *body) lookup(m *ebpf.Map, key int16) {
	b.emit(
		asm.LoadMapPtr(asm.R1, m.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, int32(key)),
		asm.FnMapLookupElem.Call(),
	)
}

// found reads what lookup found, and goes to the label yes if it has one of
// the flags in want. If there was nothing, it goes to no; if there were other
// flags, it falls through with them in R1 and R0 as it was.
func (b *body) found(want asm.Register, yes, no string) {
	b.emit(
		asm.JEq.Imm(asm.R0, 0, no),
		asm.LoadMem(asm.R1, asm.R0, 0, asm.Word),
		asm.JSet.Reg(asm.R1, want, yes),
	)
}
