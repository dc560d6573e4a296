package conntrack

import (
	"iter"

	"xlvs/lvs"
)

// A Listing is one connection or template as `ipvsadm -Lc` shows it.
type Listing struct {
	Proto                 lvs.Protocol
	State                 lvs.State // of a connection
	Expires               Time
	Client, Virtual, Real lvs.Addr
	ClientPort            uint16
	VirtualPort, RealPort uint16
	Dest                  lvs.DestID
	Method                lvs.Method
	Local                 lvs.Addr // of FULLNAT: what the real server takes for the client
	LocalPort             uint16

	Template bool   // ClientPort is 0, Client perhaps a network
	Assured  bool   // of a template: a connection was established with it
	Data     string // of a template: what the persistence engine found
}

// nowhere is the port that the kernel gives to templates that have become invalid.
const nowhere = 0xffff

// All yields the connections and then the templates, in no order. What comes or
// goes meanwhile is yielded or not; nothing is yielded half. Of
// the locks that a worker waits for it takes, for a moment each, a shard's for
// every template with engine data, and four times in all that of a pool of entries.
func (t *Table) All() iter.Seq[Listing] {
	return func(yield func(Listing) bool) {
		for _, f := range t.families() {
			for n := range f.used() {
				if l, ok := t.list(f, n+1); ok && !yield(l) {
					return
				}
			}
		}
	}
}

func (t *Table) list(f *family, n uint32) (Listing, bool) {
	e := f.entry(n)
	gen := e.generation()
	if gen&1 != 0 {
		return Listing{}, false
	}
	client, virtual, real := e.load(wClient), e.load(wVirtual), e.load(wReal)
	l := Listing{
		Proto: lvs.Protocol(client >> 8), State: lvs.State(client & maskState), Expires: e.expires(),
		Client: e.addr(0, client), ClientPort: uint16(client >> 16),
		Virtual: e.addr(1, virtual), VirtualPort: uint16(virtual >> 16),
		Real: e.addr(2, real), RealPort: uint16(real >> 16),
		Dest: e.dest(), Method: lvs.Method(virtual & flagMethod),
	}
	switch {
	case f.kind&refTemplate == 0 && l.Method == lvs.FullNAT:
		local := e.load(wLocal)
		l.Local, l.LocalPort = e.addr(3, local), uint16(local>>16)
	case f.kind&refTemplate != 0:
		l.Template, l.Assured, l.State = true, l.State == assured, 0
		if client&hidden != 0 { // the kernel keeps it where no packet looks
			l.VirtualPort, l.RealPort = nowhere, nowhere
		}
		if virtual&flagData != 0 {
			l.Data = f.dataOf(t, n)
		}
	}
	return l, e.generation() == gen
}

// dataOf returns the engine data of template n.
func (f *family) dataOf(t *Table, n uint32) string {
	_, s, _ := t.lock(handle{ref: f.kind | ref(n)})
	defer s.Unlock()
	return s.data[n]
}
