package conntrack

import "sync/atomic"

// deltaWords is how many words the Deltas of a connection take.
const deltaWords = 4

// deltas views the Deltas of one connection. They are in an array beside the
// entries, of which only that is touched which connections with Deltas need:
//
//	0  requests: InitSeq 32 | Delta 32
//	1  replies: InitSeq 32 | Delta 32
//	2  Previous of requests 32 | of replies 32
//	3  version 32 | strides of requests 16 | of replies 16
//
// They are written under the shard's mutex and read without it: the version is
// odd meanwhile. What they hold counts only while the entry has one of the flags
// of Deltas, so that nobody has to clear them.
type deltas []uint64

func (f *family) deltasOf(number uint32) deltas {
	i := int(number) * deltaWords
	return deltas(f.deltas[i : i+deltaWords : i+deltaWords])
}

// load returns the Deltas. It reports false if somebody is writing them.
func (w deltas) load() (d [2]Delta, ok bool) {
	version := atomic.LoadUint64(&w[3])
	in, out, previous := atomic.LoadUint64(&w[0]), atomic.LoadUint64(&w[1]), atomic.LoadUint64(&w[2])
	d[In] = Delta{uint32(in >> 32), int32(in), int32(previous >> 32), uint16(version >> 16)}
	d[Out] = Delta{uint32(out >> 32), int32(out), int32(previous), uint16(version)}
	return d, version>>32&1 == 0 && atomic.LoadUint64(&w[3]) == version
}

// store replaces the Deltas. The caller holds the shard's lock, or the entry is
// not valid yet.
func (w deltas) store(d *[2]Delta) {
	in, out := &d[In], &d[Out]
	version := w[3]>>32 + 1
	atomic.StoreUint64(&w[3], version<<32)
	atomic.StoreUint64(&w[0], uint64(in.InitSeq)<<32|uint64(uint32(in.Delta)))
	atomic.StoreUint64(&w[1], uint64(out.InitSeq)<<32|uint64(uint32(out.Delta)))
	atomic.StoreUint64(&w[2], uint64(uint32(in.Previous))<<32|uint64(uint32(out.Previous)))
	atomic.StoreUint64(&w[3], (version+1)<<32|uint64(in.strides)<<16|uint64(out.strides))
}

// Deltas returns how the sequence numbers of c's requests and replies have
// moved. It reports false if they have not, or c is gone. A packet goes by the
// Seq of its own direction and the Ack of the other. It takes no lock, except
// while the Deltas of c change.
func (t *Table) Deltas(c *Conn) (in, out Delta, ok bool) {
	if !c.Edited() {
		return in, out, false
	}
	f, e := t.entry(c.ref)
	d, ok := f.deltasOf(c.ref.number()).load()
	if !ok {
		d, ok = t.awaitDeltas(c)
	}
	if !ok || e.generation() != c.gen {
		return in, out, false
	}
	return d[In], d[Out], true
}

// awaitDeltas is load behind whoever is writing. It reports false if c is gone.
func (t *Table) awaitDeltas(c *Conn) ([2]Delta, bool) {
	f, s, _ := t.lock(c.handle)
	defer s.Unlock()
	return f.deltasOf(c.ref.number()).load()
}

// changeDeltas has change, which reports whether it did, work on the Deltas of c.
// They count from now on as flags say.
func (t *Table) changeDeltas(c *Conn, flags uint16, change func(d *[2]Delta) bool) {
	f, s, e := t.lock(c.handle)
	defer s.Unlock()
	if e.generation() != c.gen {
		return
	}
	var d [2]Delta
	w := f.deltasOf(c.ref.number())
	if e.is(flagInSeq | flagOutSeq) {
		d, _ = w.load()
	}
	if change(&d) {
		w.store(&d)
	}
	e.patch(wVirtual, uint64(flags), uint64(flags))
	c.flags |= flags
}
