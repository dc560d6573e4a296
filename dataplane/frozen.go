package dataplane

import (
	"hash/maphash"
	"maps"
)

// frozenBuckets is how many maps a frozen map is split into: so many that a
// hundred thousand entries make small ones, so few that a list of them is nothing
// to copy.
const frozenBuckets = 1 << 10

// A frozen is a map that many read and nobody writes. A draft of it copies only
// those parts that it changes, and shares the others.
type frozen[K comparable, V any] struct {
	seed    maphash.Seed
	buckets [frozenBuckets]map[K]V
}

func newFrozen[K comparable, V any]() *frozen[K, V] {
	return &frozen[K, V]{seed: maphash.MakeSeed()}
}

func (m *frozen[K, V]) bucket(k K) int {
	return int(maphash.Comparable(m.seed, k) % frozenBuckets)
}

// get returns the value of k, and whether there is one.
func (m *frozen[K, V]) get(k K) (V, bool) {
	v, ok := m.buckets[m.bucket(k)][k]
	return v, ok
}

// A draft is the next state of a frozen map, in the making.
type draft[K comparable, V any] struct {
	*frozen[K, V]
	thawed bool // the map is the draft's own, with those buckets that own says
	own    [frozenBuckets]bool
}

// draft returns a draft that is like m.
func (m *frozen[K, V]) draft() *draft[K, V] { return &draft[K, V]{frozen: m} }

// set gives k the value v.
func (d *draft[K, V]) set(k K, v V) { d.thaw(k)[k] = v }

// remove takes k out.
func (d *draft[K, V]) remove(k K) { delete(d.thaw(k), k) }

// thaw returns the bucket of k, which is the draft's own from now on.
func (d *draft[K, V]) thaw(k K) map[K]V {
	if !d.thawed {
		next := *d.frozen
		d.frozen, d.thawed = &next, true
	}
	i := d.bucket(k)
	b := &d.buckets[i]
	if !d.own[i] {
		d.own[i] = true
		if *b = maps.Clone(*b); *b == nil {
			*b = map[K]V{}
		}
	}
	return *b
}
