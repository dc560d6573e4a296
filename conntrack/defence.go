package conntrack

import (
	"sync"

	"xlvs/lvs"
)

// A pass of the defence looks at one in dropShare entries; who was active less
// than dropIdle ago, or has had more than dropPackets packets, is not at its
// disposal.
const (
	dropShare   = 32
	dropIdle    = 60 * perSecond
	dropPackets = 8
)

// A defence has the counters of the strategy drop_entry: of the candidates with
// i packets every i-th is dropped.
type defence struct {
	sync.Mutex
	counters [dropPackets + 1]int
}

// takes reports whether it is the turn of a candidate with so many packets.
func (d *defence) takes(packets int) bool {
	if packets < 1 || packets > dropPackets {
		return false
	}
	d.Lock()
	defer d.Unlock()
	d.counters[packets]--
	if d.counters[packets] > 0 {
		return false
	}
	d.counters[packets] = packets
	return true
}

// DropEntries is what the defence strategy drop_entry does once a second: it
// looks at a 32nd of the table, from a place that random chooses, and removes
// connections that never got anywhere or that nobody seems to need. It returns
// how many, with the parents that went along (ip_vs_random_dropentry).
func (t *Table) DropEntries(now Time, random uint32) int {
	n := 0
	for _, f := range t.families() {
		used := f.used()
		for i := range (used + dropShare - 1) / dropShare {
			number := 1 + uint32((uint64(random)+uint64(i))%uint64(used))
			if h, ok := f.valid(number); ok && t.droppable(f, f.entry(number), now) {
				n += t.kill(h)
			}
		}
	}
	return n
}

// valid returns entry number as kill takes it, if it is one.
func (f *family) valid(number uint32) (handle, bool) {
	gen := f.entry(number).generation()
	return handle{f.kind | ref(number), gen}, gen&1 == 0
}

// droppable is the kernel's choice. It changes the counters, so ask it once.
func (t *Table) droppable(f *family, e entry, now Time) bool {
	if e.children() != 0 {
		return false
	}
	if f.kind&refTemplate != 0 {
		if e.is(flagOnePacket) {
			return t.dispensable(e, e.timeout(), now)
		}
		return e.state() != assured
	}
	proto, state := e.proto(), e.state()
	switch {
	case proto == lvs.TCP && (state == lvs.TCPSynRecv || state == lvs.TCPSynAck),
		proto == lvs.SCTP && (state == lvs.SCTPInit1 || state == lvs.SCTPInit):
		return true
	case proto == lvs.TCP && state != lvs.TCPEstablished, proto == lvs.SCTP && state != lvs.SCTPEstablished:
		return false
	}
	return t.dispensable(e, t.timeouts.of(proto, state), now)
}

// dispensable reports whether an idle connection may go (todrop_entry).
func (t *Table) dispensable(e entry, timeout, now Time) bool {
	if left := int64(e.expires()) - int64(now); left > int64(timeout)-int64(dropIdle) {
		return false
	}
	return t.defence.takes(int(e.load(wFamily) >> packetsShift & maskPackets))
}

// KillUnavailable removes the connections and templates without children whose
// destination is gone, and returns how many, with the parents that went along:
// what expire_nodest_conn has done in the background. It walks the whole table.
func (t *Table) KillUnavailable(gone func(lvs.DestID) bool) int {
	n := 0
	for _, f := range t.families() {
		for number := range f.used() {
			e := f.entry(number + 1)
			if h, ok := f.valid(number + 1); ok && e.dest() != 0 && gone(e.dest()) {
				n += t.kill(h)
			}
		}
	}
	return n
}
