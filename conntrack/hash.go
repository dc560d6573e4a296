package conntrack

import (
	"math/bits"

	"xlvs/lvs"
)

// A Hash chooses shard, line and tag of an endpoint: its top bits the shard, its
// lower half the tag, whose lowest bits the line.
type Hash uint64

func (h Hash) shard() uint32        { return uint32(h >> (64 - shardBits)) }
func (h Hash) slot(n uint32) uint64 { return uint64(h)<<32 | uint64(n) }

// hash mixes a client's endpoint with the seed: two rounds of 128-bit
// multiplication, folded, each half of every product secret, and a last one that
// spreads what came out.
func (t *Table) hash(a lvs.Addr, port uint16, p lvs.Protocol) Hash {
	hi, lo := bits.Mul64(a.Hi^t.seed[0], a.Lo^t.seed[1])
	hi, lo = bits.Mul64(hi^lo^t.seed[2], (uint64(port)<<8|uint64(p))^t.seed[3])
	return spread(hi ^ lo)
}

// spread has every bit of a product decide each bit of its result. The products of
// one address and many ports are much like the multiples of one number: without it,
// one client in thirty has ports that lead to few shards or few lines.
func spread(product uint64) Hash {
	const odd = 0x9e37_79b9_7f4a_7c15 // 2^64 over the golden ratio: multiples of it lie far apart
	hi, lo := bits.Mul64(product, odd)
	return Hash(hi ^ lo)
}
