package conntrack

import (
	"testing"

	"pgregory.net/rapid"
)

// newIndex returns an index for n entries, outside of any table.
func newIndex(n int) *index {
	x := new(index)
	x.plan(n)
	x.carve(make([]byte, int(x.total)*lineBytes))
	return x
}

// checkIndex reports whatever is wrong with the structure of x, and returns how
// many slots are in use and how many of them in home lines.
func checkIndex(t testing.TB, x *index) (all, home int) {
	t.Helper()
	seen, behind := map[uint64]bool{}, 0
	for s := range uint32(shards) {
		slots := 0
		for r := range x.most {
			for i := range x.run(r, s) {
				first := &x.run(r, s)[i]
				list, more := slotsOf(x, first)
				if r >= extent(x.extents[s].Load()).runs() && *first != (line{}) {
					t.Errorf("line %d of run %d is in use before its time", i, r)
				}
				for _, slot := range list {
					if h := Hash(s)<<(64-shardBits) | Hash(slot>>32); x.home(h) != first || seen[slot] {
						t.Errorf("slot %#x is in the wrong chain, or there twice (%t)", slot, seen[slot])
					}
					seen[slot] = true
				}
				slots += len(list)
				behind += more
				for _, slot := range first[1:] {
					home += int(min(slot, 1))
				}
			}
		}
		if slots != int(x.counts[s].slots) {
			t.Errorf("shard %d has %d slots, counted %d", s, slots, x.counts[s].slots)
		}
		all += slots
	}
	for n := x.free; n != 0; n = x.lines[n].next() {
		behind++
	}
	if used := int(x.used - shards*runLines*x.most); behind != used {
		t.Errorf("%d lines continue others or are free, of %d handed out", behind, used)
	}
	return all, home
}

// slotsOf returns the slots of the chain that begins at l, and how many lines
// continue that.
func slotsOf(x *index, l *line) (list []uint64, more int) {
	for ; ; more++ {
		for _, slot := range l[1:] {
			if slot != 0 {
				list = append(list, slot)
			}
		}
		if l.next() == 0 {
			return list, more
		}
		l = &x.lines[l.next()]
	}
}

// linesOf returns how many home lines x has.
func linesOf(x *index) (n int) {
	for s := range x.extents {
		n += int(extent(x.extents[s].Load()).runs()) * runLines
	}
	return n
}

// However few the hashes, and so however long the chains, the index holds what
// was linked and not yet unlinked.
func TestIndexAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const limit = 3000
		x, model, next := newIndex(limit), map[uint32]Hash{}, uint32(1)
		hashes := rapid.Uint64Range(1, 500).Draw(rt, "hashes")
		for range rapid.IntRange(1, 12).Draw(rt, "rounds") {
			seed := rapid.Uint64().Draw(rt, "seed")
			for range min(rapid.IntRange(0, 600).Draw(rt, "links"), limit-len(model)) {
				h := spread((seed + uint64(next)) % hashes << 7)
				h = h<<shardBits>>shardBits | h>>2<<(64-1) // two shards
				if !x.link(h, next) {
					rt.Fatalf("link() of entry %d = false", next)
				}
				model[next] = h
				next++
			}
			first := rapid.Uint32Range(1, next).Draw(rt, "unlinks from")
			for n := first; n < next; n++ {
				if h, ok := model[n]; ok {
					x.unlink(h, n)
					delete(model, n)
				}
			}
			if all, _ := checkIndex(t, x); all != len(model) {
				rt.Fatalf("%d slots, want %d", all, len(model))
			}
			if t.Failed() {
				rt.FailNow()
			}
		}
	})
}

// An index that has no line left to continue a chain that moves stays as it is,
// and grows as soon as it has one.
func TestNoLineLeftToMove(t *testing.T) {
	x, taken := newIndex(10_000), []uint32{}
	for n := x.take(); n != 0; n = x.take() {
		taken = append(taken, n)
	}
	giveBack := func(n int) {
		for _, number := range taken[:n] {
			x.lines[number].setNext(x.free)
			x.free = number
		}
		taken = taken[n:]
	}
	giveBack(1)
	entry, full := uint32(0), []int{3, 4, 7, lineSlots + 1}
	for i, slots := range full { // of the first run's lines, all of which move when it is split
		for range slots {
			if entry++; !x.link(Hash(0xffff_fffc+i), entry) {
				t.Fatalf("link() of entry %d = false", entry)
			}
		}
	}
	if n := linesOf(x); n != shards*runLines {
		t.Errorf("%d home lines, want %d", n, shards*runLines)
	}
	giveBack(len(taken))
	if all, home := checkIndex(t, x); all != int(entry) || home != all-1 {
		t.Errorf("%d slots, %d in home lines, want %d, %d", all, home, entry, entry-1)
	}
	x.link(0xffff_ffff, entry+1)
	if all, _ := checkIndex(t, x); all != int(entry)+1 || linesOf(x) != (shards+1)*runLines {
		t.Errorf("%d slots in %d home lines, want %d in %d", all, linesOf(x), entry+1, (shards+1)*runLines)
	}
}

// place is where a reader sees a slot.
type place struct {
	home, at *line
	version  uint32
}

// placeOf returns where entry n, which h leads to, is. It begins to look at home.
func placeOf(x *index, home *line, h Hash, n uint32) place {
	for l := home; ; l = &x.lines[l.next()] {
		if l.at(h.slot(n)) != 0 {
			return place{home, l, home.version()}
		}
		if l.next() == 0 {
			return place{}
		}
	}
}

// A reader that was on its way through a chain while lines were split or dropped
// either finds what it looks for in the line where it was, or is told to look again.
func TestReaderIsToldOfWhatMoved(t *testing.T) {
	const limit = 1000
	x, hashes, before, moved := newIndex(shards*limit), map[uint32]Hash{}, map[uint32]place{}, 0
	for n := uint32(1); n <= limit; n++ {
		for n, h := range hashes {
			before[n] = placeOf(x, x.home(h), h, n)
		}
		hashes[n] = spread(uint64(n%60)) << shardBits >> shardBits // of one shard, in long chains
		x.link(hashes[n], n)
		if n%3 == 0 {
			x.unlink(hashes[n-1], n-1)
			delete(hashes, n-1)
			delete(before, n-1)
		}
		for n, p := range before {
			if now := placeOf(x, p.home, hashes[n], n); now.at != p.at {
				moved++
				if !x.moved(hashes[n], p.home, p.version) {
					t.Errorf("entry %d has moved and nobody is told", n)
				}
			}
		}
	}
	if moved < limit/4 {
		t.Errorf("%d slots have moved, too few to tell anything", moved)
	}
}
