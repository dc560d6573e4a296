package sched

import "xlvs/lvs"

// fold returns the 32 bits that stand for an address in every hash: an IPv4
// address itself, the four words of an IPv6 address exclusive-ored.
func fold(a lvs.Addr) uint32 {
	if a.Is4() {
		return a.V4()
	}
	x := a.Hi ^ a.Lo
	return uint32(x>>32) ^ uint32(x)
}

// hash32 spreads x over 1<<bits slots (hash_32 of the kernel). Its factor is
// 2^32 divided by the golden ratio, negated.
func hash32(x uint32, bits int) uint32 { return x * 0x61c88647 >> (32 - bits) }

// client returns what sh and mh hash of t's sender: the address and, if flags
// say so and the protocol has ports, the port.
func client(t *lvs.Tuple, flags lvs.SchedulerFlags) uint32 {
	c := fold(t.Src)
	if flags&lvs.SchedulerPort == 0 {
		return c
	}
	switch t.Proto {
	case lvs.TCP, lvs.UDP, lvs.SCTP:
		c += uint32(t.SrcPort)
	}
	return c
}
