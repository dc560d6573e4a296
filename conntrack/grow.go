package conntrack

import "math/bits"

// grow gives a shard another run of home lines if it needs one: because its load
// is over 0.75, or because it has begun to double, since until it has finished
// some lines are twice as full as others. So the number doubles run by run over
// the next inserts (linear hashing), and nobody ever waits until all have moved.
func (x *index) grow(shard uint32) {
	runs := extent(x.extents[shard].Load()).runs()
	doubling := runs&(runs-1) != 0
	if runs < x.most && (doubling || x.counts[shard].slots*4 > runs*runLines*lineSlots*3) {
		x.split(shard, runs)
	}
}

// split adds run r to a shard and moves there what belongs there from now on. It
// changes nothing if there are too few lines to continue it.
//
// Readers never miss what moves. Until the new extent is stored it is where they
// look, and after that in both places; whoever still looks in the old one when it
// has gone from there will see that the extent leads elsewhere by now.
func (x *index) split(shard, r uint32) {
	high := uint32(1) << (bits.Len32(r) - 1) // the bit that the run to split lacks
	from, to := x.run(r-high, shard), x.run(r, shard)
	moves := uint64(high) << (32 + runBits) // in a slot, whose tag is on top
	touch(from, to)
	for i := range from {
		if !x.copy(&to[i], &from[i], moves) {
			for i := range to {
				x.clear(&to[i], moves)
			}
			return
		}
	}
	x.extents[shard].Store(uint64(extentOf(r + 1)))
	for i := range from {
		x.clear(&from[i], moves)
	}
}

// touch reads lines that are not in the cache, so that the misses overlap.
func touch(from, to *[runLines]line) {
	for i := range from {
		from[i].next()
		to[i].next()
	}
}

// copy puts those slots of the chain from that have the bit moves into the chain
// to. It reports false if there is no line left.
func (x *index) copy(to, from *line, moves uint64) bool {
	for l := from; ; l = &x.lines[l.next()] {
		for _, slot := range l[1:] {
			if slot&moves == 0 {
				continue
			}
			if to = x.put(to, slot); to == nil {
				return false
			}
		}
		if l.next() == 0 {
			return true
		}
	}
}

// clear removes the slots that have the bit moves from the chain that begins at
// home, and closes the gaps in the home line.
func (x *index) clear(home *line, moves uint64) {
	home.clear(moves)
	for before := home; before.next() != 0; {
		l := &x.lines[before.next()]
		l.clear(moves)
		home.pull(l)
		if l.empty() {
			x.drop(home, before)
		} else {
			before = l
		}
	}
}

func (l *line) clear(moves uint64) {
	for i := 1; i <= lineSlots; i++ {
		if l[i]&moves != 0 {
			l.setSlot(i, 0)
		}
	}
}

// pull moves slots of l, which continues l's home line, to free ones of that.
// Readers that have passed the home line before a slot was there, and find it
// gone here, see the new version.
func (home *line) pull(l *line) {
	for i := 1; i <= lineSlots; i++ {
		free := home.at(0)
		if free == 0 {
			return
		}
		if l[i] != 0 {
			home.setSlot(free, l[i])
			home.bump()
			l.setSlot(i, 0)
		}
	}
}
