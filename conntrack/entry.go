package conntrack

import (
	"sync/atomic"

	"xlvs/lvs"
)

// An entry is eight words for IPv4, sixteen for IPv6. Words are read and
// written atomically, because readers hold no lock:
//
//	0  generation 32 | expires 32    odd generation: free or being written
//	1  client 32 | port 16 | protocol 8 | hidden 1 | state 7
//	2  virtual 32 | port 16 | flags 16
//	3  real 32 | port 16 | wheel slot 16
//	4  destination 32 | hop of replies 32 (of a template: its timeout)
//	5  wheel: previous 32 | next 32  (in the free list: next)
//	6  FULLNAT: local 32 | port 16 | end of the sequence numbers 16 (of a
//	   template: its hash)
//	7  parent 32 | packets 4 | children 28
//	8… client, virtual, real, local address, two words each (IPv6 only; the
//	   32 bits above are then a digest of these)
//
// State, flags, wheel slot, hop, links and end change under the shard's mutex; a
// template's word 1 changes by atomic OR, as its children in other shards mark
// it; expires changes by compare-and-swap, so that it cannot reach a successor;
// packets and children are counted without a lock.
const (
	wordsIPv4 = 8
	wordsIPv6 = 16

	wGeneration = 0
	wClient     = 1
	wVirtual    = 2
	wReal       = 3
	wDest       = 4
	wLinks      = 5
	wLocal      = 6
	wHash       = 6
	wFamily     = 7
	wAddrs      = 8
)

// What of a word is a key, what is state. A hidden entry equals no key, as the
// hidden bit is compared with the client and no key has it.
const (
	maskState  = 0x7f
	maskClient = ^uint64(maskState)
	maskPort   = ^uint64(0xffff)
	maskLow    = 1<<32 - 1

	hidden = 0x80
)

// What word 7 counts.
const (
	parentShift  = 32
	packetsShift = 28
	maskChildren = 1<<packetsShift - 1
	maskPackets  = 0xf
	manyPackets  = 9 // counted no further
)

// Flags of a connection. Those that the kernel knows have its numbers
// (IP_VS_CONN_F_*); the others are bits that it leaves free.
const (
	flagMethod       = 0x0007
	flagYoung        = 0x0008 // fewer than manyPackets from the client so far
	flagChild        = 0x0010 // has a parent
	flagNoOutput     = 0x0080 // the director sees no replies
	flagInactive     = 0x0100 // not counted as active
	flagOutSeq       = 0x0200 // payload towards the client was resized
	flagInSeq        = 0x0400 // payload towards the real server was resized
	flagNoClientPort = 0x0800 // the client's port is not known yet
	flagTemplate     = 0x1000
	flagOnePacket    = 0x2000 // of a template: its service is
	flagPending      = 0x4000 // has not marked its template as assured yet
	flagData         = 0x8000 // a template with engine data
)

// assured is the state of a template with which a connection was established.
const assured lvs.State = 1

// An entry views the words of one connection or template.
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
func (e entry) method() lvs.Method  { return lvs.Method(e.flags() & flagMethod) }
func (e entry) state() lvs.State    { return lvs.State(e.load(wClient) & maskState) }
func (e entry) flags() uint16       { return uint16(e.load(wVirtual)) }
func (e entry) dest() lvs.DestID    { return lvs.DestID(e.load(wDest) >> 32) }
func (e entry) slot() uint16        { return uint16(e.load(wReal)) }
func (e entry) timeout() Time       { return Time(e.load(wDest)) } // of a template
func (e entry) is(flag uint16) bool { return e.flags()&flag != 0 }
func (e entry) links() (prev, next uint32) {
	w := e.load(wLinks)
	return uint32(w >> 32), uint32(w)
}
func (e entry) setLinks(prev, next uint32) { e.store(wLinks, uint64(prev)<<32|uint64(next)) }

// setExpires moves the timer of a valid entry. The caller holds the lock, so
// that the entry stays valid meanwhile.
func (e entry) setExpires(at Time) {
	for {
		old := e.load(wGeneration)
		if atomic.CompareAndSwapUint64(&e[wGeneration], old, old&^maskLow|uint64(at)) {
			return
		}
	}
}

// hide takes the entry from every lookup and leaves it where it is.
func (e entry) hide() { atomic.OrUint64(&e[wClient], hidden) }

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

// addr returns address i (0 client, 1 virtual, 2 real, 3 local), whose word is w.
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
