package conntrack

import "xlvs/lvs"

// Claim makes c, found by NoClientPort, the connection of the client's packet tu
// alone: from now on it has that packet's source port. It reports false, and
// changes nothing, if another packet was faster or c is gone.
//
// The port decides where a connection is in the index, and in which shard. Both
// shards are locked, the lower one first, so that nobody can insert the same
// connection meanwhile; the generation moves on, so that a copy made before does
// not reach the connection at its new place. It keeps its number, and with it
// parent, children and Deltas.
func (t *Table) Claim(c *Conn, tu *lvs.Tuple) bool {
	var k Key
	t.Key(&k, tu, In)
	f, e := t.entry(c.ref)
	old, number := f.hashOf(t, e), c.ref.number()
	from, to := &f.shards[old.shard()], &f.shards[k.hash.shard()]
	lockBoth(f, old, k.hash)
	defer unlockBoth(from, to)
	var other Conn
	if e.generation() != c.gen || !e.isFor(tu) || f.search(&other, &k, tu) || !f.clients.link(k.hash, number) {
		return false
	}
	expires := e.retire()
	f.clients.unlink(old, number)
	f.unschedule(from, number)
	e.patch(wClient, 0xffff<<16, uint64(tu.SrcPort)<<16)
	e.patch(wVirtual, flagNoClientPort, 0)
	c.gen += 2
	c.flags &^= flagNoClientPort
	e.store(wGeneration, uint64(c.gen)<<32|uint64(expires))
	f.schedule(to, number, expires)
	t.portless.Add(-1)
	return true
}

// isFor reports whether the first packet of a client without a port may be tu.
func (e entry) isFor(tu *lvs.Tuple) bool {
	return e.is(flagNoClientPort) && e.proto() == tu.Proto && e.addr(0, e.load(wClient)) == tu.Src
}

func lockBoth(f *family, a, b Hash) {
	first, second := min(a.shard(), b.shard()), max(a.shard(), b.shard())
	f.shards[first].Lock()
	if first != second {
		f.shards[second].Lock()
	}
}

func unlockBoth(a, b *shard) {
	a.Unlock()
	if a != b {
		b.Unlock()
	}
}
