package conntrack

import (
	"math/rand/v2"
	"testing"

	"xlvs/lvs"
)

// unevenness returns what Pearson's chi-squared test makes of counts that should
// be alike: about len(counts), more than 175 of 64 once in 10¹¹ times.
func unevenness(counts []int, total int) (x float64) {
	want := float64(total) / float64(len(counts))
	for _, n := range counts {
		x += (float64(n) - want) * (float64(n) - want) / want
	}
	return x
}

// Whatever the seed, the ports of one client lead to all shards and to all lines,
// to each as often as to another, and so do the clients of one network.
func TestHashesAreEven(t *testing.T) {
	const n = 2048
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		table, _ := newTable(t, 10)
		for range 10 {
			client := lvs.Addr4(random.Uint32())
			checkEven(t, client, func(i int) Hash { return table.hash(client, uint16(1024+i), lvs.TCP) }, n)
			checkEven(t, client, func(i int) Hash { return table.hash(client, uint16(1024+2*i), lvs.UDP) }, n)
			network := lvs.Addr{Hi: 0x2001_0db8<<32 | uint64(random.Uint32()), Lo: 1}
			checkEven(t, network, func(i int) Hash {
				network.Lo++
				return table.hash(network, 1024, lvs.TCP)
			}, n)
		}
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func checkEven(t *testing.T, a lvs.Addr, hash func(int) Hash, n int) {
	t.Helper()
	extent := extentOf(16)
	var toShard, toLine [64]int
	for i := range n {
		h := hash(i)
		toShard[h.shard()]++
		toLine[extent.run(h)*runLines+uint32(h)%runLines]++
	}
	for name, counts := range map[string][]int{"shards": toShard[:], "lines": toLine[:]} {
		if x := unevenness(counts, n); x > 175 {
			t.Errorf("%v: %s have %v of %d hashes: chi-squared %.0f", a, name, counts, n, x)
		}
	}
}
