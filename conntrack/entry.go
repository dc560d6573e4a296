package conntrack

import (
	"sync/atomic"

	"xlvs/lvs"
)

// An entry is eight words for IPv4, sixteen for IPv6. Words are read and
// written atomically, because readers hold no lock:
//
//	0  generation 32 | expires 32    odd generation: free or being written
//	1  client 32 | port 16 | protocol 8 | state 8
//	2  virtual 32 | port 16 | flags 16
//	3  real 32 | port 16 | wheel slot 16
//	4  destination 32 | hop of replies 32
//	5  wheel: previous 32 | next 32  (in the free list: next)
//	6  spare: local address and port of FULLNAT
//	7  spare
//	8… client, virtual, real, local address, two words each (IPv6 only; the
//	   32 bits above are then a digest of these)
//
// State, flags, wheel slot, hop and links change under the shard's mutex;
// expires changes by compare-and-swap, so that it cannot reach a successor.
const (
	wordsIPv4 = 8
	wordsIPv6 = 16

	wGeneration = 0
	wClient     = 1
	wVirtual    = 2
	wReal       = 3
	wDest       = 4
	wLinks      = 5
	wAddrs      = 8
)

// What of a word is a key, what is state.
const (
	maskClient = ^uint64(0xff)
	maskPort   = ^uint64(0xffff)
)

// Flags of a connection; numbers are the kernel's (IP_VS_CONN_F_*).
const (
	flagMethod   = 0x0007
	flagNoOutput = 0x0080 // the director sees no replies
	flagInactive = 0x0100 // not counted as active
)

// An entry views the words of one connection.
type entry []uint64

func (e entry) load(i int) uint64     { return atomic.LoadUint64(&e[i]) }
func (e entry) store(i int, w uint64) { atomic.StoreUint64(&e[i], w) }

// patch replaces the bits of word i that mask names. The caller holds the lock.
func (e entry) patch(i int, mask, bits uint64) { e.store(i, e.load(i)&^mask|bits) }

func (e entry) generation() uint32 { return uint32(e.load(wGeneration) >> 32) }
func (e entry) expires() Time      { return Time(e.load(wGeneration)) }
func (e entry) proto() lvs.Protocol {
	return lvs.Protocol(e.load(wClient) >> 8)
}
func (e entry) state() lvs.State { return lvs.State(e.load(wClient)) }
func (e entry) flags() uint16    { return uint16(e.load(wVirtual)) }
func (e entry) dest() lvs.DestID { return lvs.DestID(e.load(wDest) >> 32) }
func (e entry) slot() uint16     { return uint16(e.load(wReal)) }
func (e entry) links() (prev, next uint32) {
	w := e.load(wLinks)
	return uint32(w >> 32), uint32(w)
}
func (e entry) setLinks(prev, next uint32) { e.store(wLinks, uint64(prev)<<32|uint64(next)) }

// digest is the part of an address that words 1 to 3 carry: all of an IPv4
// address, a mixture of an IPv6 one.
func digest(a lvs.Addr) uint32 {
	if a.Is4() {
		return a.V4()
	}
	x := a.Hi ^ a.Lo
	return uint32(x>>32) ^ uint32(x)
}

// endpoint packs an address and a port as words 1 to 3 carry them.
func endpoint(a lvs.Addr, port uint16) uint64 {
	return uint64(digest(a))<<32 | uint64(port)<<16
}

// addr returns address i (0 client, 1 virtual, 2 real), whose word is w.
func (e entry) addr(i int, w uint64) lvs.Addr {
	if len(e) == wordsIPv4 {
		return lvs.Addr4(uint32(w >> 32))
	}
	return e.addr6(i)
}

// addr6 returns address i of an IPv6 entry.
func (e entry) addr6(i int) lvs.Addr {
	return lvs.Addr{Hi: e.load(wAddrs + 2*i), Lo: e.load(wAddrs + 2*i + 1)}
}

func (e entry) setAddr(i int, a lvs.Addr) {
	if len(e) == wordsIPv6 {
		e.store(wAddrs+2*i, a.Hi)
		e.store(wAddrs+2*i+1, a.Lo)
	}
}
