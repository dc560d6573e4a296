package conntrack

import (
	"sync/atomic"

	"xlvs/lvs"
)

// A Parent is a connection or a template that others depend on: it stays while
// it has children. The zero Parent is none.
type Parent struct{ handle }

// AsParent returns c for use as the parent of others.
func (c *Conn) AsParent() Parent { return Parent{c.handle} }

// AsParent returns tp for use as the parent of connections.
func (tp *Template) AsParent() Parent { return Parent{tp.handle} }

// parentTimeout is how long a parent stays that has children when its own timer
// fires, again and again: 60 seconds.
const parentTimeout = 60 * perSecond

func (e entry) children() uint32 { return uint32(e.load(wFamily) & maskChildren) }
func (e entry) parent() ref      { return ref(e.load(wFamily) >> parentShift) }

// hold gives p a child more and returns its ref, or zero if it is gone. From
// then until release the parent stays.
//
// A child is added under the lock of the parent's shard, as who removes the
// parent looks for children there; a child goes by an atomic decrement, as its
// own shard is locked by then, and two locks are never held at once.
func (t *Table) hold(p Parent) ref {
	if p.ref == 0 {
		return 0
	}
	_, s, e := t.lock(p.handle)
	defer s.Unlock()
	if e.generation() != p.gen {
		return 0
	}
	atomic.AddUint64(&e[wFamily], 1)
	return p.ref
}

// release takes back what hold did. The parent may be gone right afterwards.
func (t *Table) release(r ref) {
	if r != 0 {
		_, e := t.entry(r)
		atomic.AddUint64(&e[wFamily], ^uint64(0))
	}
}

// parentOf returns the parent of an entry that holds it.
func (t *Table) parentOf(e entry) handle {
	r := e.parent()
	if r == 0 {
		return handle{}
	}
	_, p := t.entry(r)
	return handle{r, p.generation()}
}

// assures reports whether a packet in direction d, after which the state of c is
// what it is now, shows that the client's connection is real.
func (c *Conn) assures(d Dir) bool {
	switch c.Proto {
	case lvs.TCP:
		return c.State == lvs.TCPEstablished
	case lvs.SCTP:
		return c.State == lvs.SCTPEstablished
	case lvs.UDP:
		return d == Out
	}
	return false
}

// assure marks the template of a child that holds it.
func (t *Table) assure(template ref) {
	_, e := t.entry(template)
	atomic.OrUint64(&e[wClient], uint64(assured))
}

// countPacket counts a packet of the client for the defence, up to manyPackets.
// A late one may count for the entry's next owner, which harms nobody.
func (t *Table) countPacket(h handle) (n int) {
	_, e := t.entry(h.ref)
	for e.generation() == h.gen {
		w := e.load(wFamily)
		n = int(w >> packetsShift & maskPackets)
		if n == manyPackets {
			break
		}
		if atomic.CompareAndSwapUint64(&e[wFamily], w, w+1<<packetsShift) {
			return n + 1
		}
	}
	return n
}
