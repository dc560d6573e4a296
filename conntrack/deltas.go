package conntrack

import "sync/atomic"

// deltaWords is how many words the Deltas of a connection take.
const deltaWords = 4

// deltas views the Deltas of one connection. They are in an array beside the
// entries, which costs nothing where no connection has any:
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
func (w deltas) load() (in, out Delta, ok bool) {
	version := atomic.LoadUint64(&w[3])
	i, o, previous := atomic.LoadUint64(&w[0]), atomic.LoadUint64(&w[1]), atomic.LoadUint64(&w[2])
	in = Delta{uint32(i >> 32), int32(i), int32(previous >> 32), uint16(version >> 16)}
	out = Delta{uint32(o >> 32), int32(o), int32(previous), uint16(version)}
	return in, out, version>>32&1 == 0 && atomic.LoadUint64(&w[3]) == version
}

// store replaces the Deltas. The caller holds the shard's lock, or the entry is
// not valid yet.
func (w deltas) store(in, out *Delta) {
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
	in, out, ok = f.deltasOf(c.ref.number()).load()
	if !ok {
		in, out, ok = t.awaitDeltas(c)
	}
	if !ok || e.generation() != c.gen {
		return Delta{}, Delta{}, false
	}
	return in, out, true
}

// awaitDeltas is load behind whoever is writing. It reports false if c is gone.
func (t *Table) awaitDeltas(c *Conn) (in, out Delta, ok bool) {
	f, s, _ := t.lock(c.handle)
	defer s.Unlock()
	return f.deltasOf(c.ref.number()).load()
}

// Resize notes that the payload of a packet of c in direction d with sequence
// number seq has become diff bytes longer, so that Deltas mends what follows. A
// diff of zero notes the place alone.
func (t *Table) Resize(c *Conn, d Dir, seq uint32, diff int) {
	f, s, e := t.lock(c.handle)
	defer s.Unlock()
	if e.generation() != c.gen {
		return
	}
	var in, out Delta
	w := f.deltasOf(c.ref.number())
	if e.is(flagInSeq | flagOutSeq) {
		in, out, _ = w.load()
	}
	own, flag := &in, uint16(flagInSeq)
	if d == Out {
		own, flag = &out, flagOutSeq
	}
	own.resize(seq, diff)
	w.store(&in, &out)
	e.patch(wVirtual, uint64(flag), uint64(flag)) // last: whoever sees it reads them
	c.flags |= flag
}
