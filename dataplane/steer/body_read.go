package steer

import (
	"github.com/cilium/ebpf/asm"

	"xlvs/lvs"
)

// mapped is the third word of an IPv4-mapped address.
const mapped = 0xffff

// clear sets what not every frame sets.
func (b *body) clear() {
	b.store(srcKey+keyPad, 0, asm.Byte)
	b.store(dstKey+keyPad, 0, asm.Byte)
	b.store(quotedSlot, 0, asm.Word)
	b.emit(asm.Mov.Imm(regOffset, 0))
}

// ethernet reads up to the IP header and goes on at one of two labels.
func (b *body) ethernet(ipv4, ipv6 string) {
	untagged := b.fresh()
	b.reach(ethernetSize)
	b.load(asm.R1, 0, asm.Byte)
	b.emit(asm.JSet.Imm(asm.R1, 1, passLabel)) // multicast and broadcast
	b.load(asm.R1, 6, asm.Half)
	b.load(asm.R3, 8, asm.Word)
	b.load(regProto, 12, asm.Half)
	stranger := b.fresh()
	b.emit(
		asm.Mov.Imm(regOffset, ethernetSize),
		asm.JNE.Imm(asm.R1, wire16(HostStamp>>32), stranger),
		asm.JEq.Imm32(asm.R3, wire32(HostStamp&0xffffffff), passLabel),
	)
	b.label(stranger)
	for range maxTags {
		tagged := b.fresh()
		b.emit(asm.JEq.Imm(regProto, wire16(typeVLAN), tagged))
		b.emit(asm.JNE.Imm(regProto, wire16(typeQinQ), untagged))
		b.label(tagged)
		b.reach(vlanSize)
		b.load(regProto, 2, asm.Half)
		b.emit(asm.Add.Imm(regOffset, vlanSize))
	}
	b.label(untagged)
	b.emit(
		asm.JEq.Imm(regProto, wire16(typeIPv4), ipv4),
		asm.JEq.Imm(regProto, wire16(typeIPv6), ipv6),
		asm.Ja.Label(passLabel),
	)
}

// ipv4 reads addresses and protocol and steps behind the header. It goes to
// the label fragment if the packet is one, or, if quoted, one but the first.
func (b *body) ipv4(quoted bool, fragment string) {
	b.reach(ipv4Size)
	b.ipv4Addr(srcKey, 12)
	b.ipv4Addr(dstKey, 16)
	b.load(regProto, 9, asm.Byte)
	b.load(asm.R4, 6, asm.Half)
	b.load(asm.R1, 0, asm.Byte)
	b.emit(
		asm.Mov.Reg(asm.R3, asm.R1),
		asm.RSh.Imm(asm.R3, 4),
		asm.JNE.Imm(asm.R3, 4, passLabel),
		asm.And.Imm(asm.R1, 15),
		asm.LSh.Imm(asm.R1, 2),
		asm.JLT.Imm(asm.R1, ipv4Size, passLabel),
		asm.Add.Reg(regOffset, asm.R1),
	)
	b.within()
	b.emit(asm.JSet.Imm(asm.R4, wire16(portlessBits(ipv4Offset, ipv4More, quoted)), fragment))
}

// ipv4Addr copies the address at off into a key.
func (b *body) ipv4Addr(key, off int16) {
	b.store(key, 0, asm.Word)
	b.store(key+4, 0, asm.Word)
	b.store(key+8, int64(wire32(mapped)), asm.Word)
	b.store(key+keyVersion, int64(wire32(networkVersion4<<8)), asm.Word)
	b.load(asm.R1, off, asm.Word)
	b.emit(asm.StoreMem(asm.RFP, key+12, asm.R1, asm.Word))
}

// ipv6 does for IPv6 what ipv4 does, extension headers included.
func (b *body) ipv6(quoted bool, fragment string) {
	b.reach(ipv6Size)
	b.load(asm.R1, 0, asm.Byte)
	b.emit(asm.RSh.Imm(asm.R1, 4))
	b.emit(asm.JNE.Imm(asm.R1, 6, passLabel))
	b.ipv6Addr(srcKey, 8)
	b.ipv6Addr(dstKey, 24)
	b.load(regProto, 6, asm.Byte)
	b.emit(asm.Add.Imm(regOffset, ipv6Size))
	transport := b.fresh()
	for range maxExtensions {
		b.extension(quoted, fragment, transport)
	}
	b.label(transport)
}

// ipv6Addr copies the address at off into a key. Frames with an IPv4-mapped
// one are passed.
func (b *body) ipv6Addr(key, off int16) {
	copied := b.fresh()
	b.store(key+keyVersion, int64(wire32(networkVersion6<<8)), asm.Word)
	b.load(asm.R1, off+8, asm.DWord)
	b.emit(asm.StoreMem(asm.RFP, key+8, asm.R1, asm.DWord))
	b.load(asm.R1, off, asm.DWord)
	b.emit(asm.StoreMem(asm.RFP, key, asm.R1, asm.DWord))
	b.emit(asm.JNE.Imm(asm.R1, 0, copied))
	b.load(asm.R1, off+8, asm.Word)
	b.emit(asm.JEq.Imm32(asm.R1, wire32(mapped), passLabel))
	b.label(copied)
}

// extension steps behind one extension header, or goes to the label transport
// if there is none.
//
// The order is for the verifier, which walks straight on first: the most
// general length comes first, so that the other looks like more of the same
// where they meet, and six headers in a row are not 2^6 programs.
func (b *body) extension(quoted bool, fragment, transport string) {
	present, step := b.fresh(), b.fresh()
	for _, p := range []int32{protoRouting, protoDestOptions, protoFragment} {
		b.emit(asm.JEq.Imm(regProto, p, present))
	}
	b.emit(asm.JNE.Imm(regProto, protoHopByHop, transport))
	b.label(present)
	b.reach(extensionSize)
	b.load(asm.R1, 1, asm.Byte)
	b.load(asm.R4, 2, asm.Half)
	b.emit(asm.Mov.Reg(asm.R3, regProto))
	b.load(regProto, 0, asm.Byte)
	b.emit( // R1 becomes the length in units of eight bytes, less one
		asm.JNE.Imm(asm.R3, protoFragment, step),
		asm.JSet.Imm(asm.R4, wire16(portlessBits(ipv6Offset, ipv6More, quoted)), fragment),
		asm.Mov.Imm(asm.R1, 0),

		asm.Add.Imm(asm.R1, 1).WithSymbol(step),
		asm.LSh.Imm(asm.R1, 3),
		asm.Add.Reg(regOffset, asm.R1),
	)
}

// icmpv4 steps into an ICMP error, goes to the label echo with a request for an
// echo, and passes every other message.
func (b *body) icmpv4(echo string) {
	quote := b.fresh()
	b.reach(icmpSize)
	b.load(asm.R1, 0, asm.Byte)
	b.emit(
		asm.JEq.Imm(asm.R1, icmpEcho, echo),
		asm.JEq.Imm(asm.R1, icmpUnreachable, quote),
		asm.JEq.Imm(asm.R1, icmpSourceQuench, quote),
		asm.JNE.Imm(asm.R1, icmpTimeExceeded, passLabel),
	)
	b.label(quote)
	b.quote()
}

// icmpv6 does for ICMPv6 what icmpv4 does.
func (b *body) icmpv6(echo string) {
	b.reach(icmpSize)
	b.load(asm.R1, 0, asm.Byte)
	b.emit(asm.JEq.Imm(asm.R1, icmpv6Echo, echo))
	b.emit(asm.JGE.Imm(asm.R1, icmpv6Info, passLabel))
	b.quote()
}

// quote steps behind an ICMP header: the packet that it quotes comes next.
func (b *body) quote() {
	b.store(quotedSlot, 1, asm.Word)
	b.emit(asm.Add.Imm(regOffset, icmpSize))
}

// byProtocol goes to one of two labels with protocols that have ports, and with
// AH and ESP, which have none. It passes those that no service can have.
func (b *body) byProtocol(ports, portless string) {
	b.emit(
		asm.JEq.Imm(regProto, int32(lvs.TCP), ports),
		asm.JEq.Imm(regProto, int32(lvs.UDP), ports),
		asm.JEq.Imm(regProto, int32(lvs.SCTP), ports),
		asm.JEq.Imm(regProto, int32(lvs.ESP), portless),
		asm.JEq.Imm(regProto, int32(lvs.AH), portless),
		asm.Ja.Label(passLabel),
	)
}

// wantPorts reads the ports and asks for what packets are taken by that have
// some.
func (b *body) wantPorts() {
	b.reach(portsSize)
	b.load(asm.R1, 0, asm.Half)
	b.load(asm.R4, 2, asm.Half)
	b.emit(
		asm.StoreMem(asm.RFP, srcPort, asm.R1, asm.Half),
		asm.StoreMem(asm.RFP, dstPort, asm.R4, asm.Half),
		asm.Mov.Imm(regWantDst, int32(Service)),
		asm.Mov.Imm(regWantSrc, int32(Service|Reply)),
	)
}

// wantAddresses asks for what packets without ports are taken by.
func (b *body) wantAddresses() {
	b.store(srcPort, 0, asm.Half)
	b.store(dstPort, 0, asm.Half)
	b.emit(
		asm.Mov.Imm(regWantDst, int32(ServiceAddr)),
		asm.Mov.Imm(regWantSrc, int32(ServiceAddr|ReplyAddr)),
	)
}
