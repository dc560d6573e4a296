package dataplane

import (
	"iter"

	"xlvs/config"
	"xlvs/dataplane/mark"
	"xlvs/dataplane/rate"
	"xlvs/lvs"
	"xlvs/sched"
)

// A ledger is the desired state, what remains of earlier ones, and who has need of
// what: so much of it that a change costs what it changes, not what there is.
// Director.mu guards it.
type ledger struct {
	config   *config.Config  // but for its services, which are
	services []*serviceState // in order
	byKey    map[config.ServiceKey]*serviceState
	byID     []*destination // frozen: workers have it too
	trash    trash

	marks    []mark.Rule   // as config has them
	listed   []config.Mark // of those, the ones that mark packets of a service, or did so
	former   []config.Mark // no longer config's, but connections still come by them
	markUses map[markKey]int

	pools  map[config.LocalRange]int // services by local address of fullnat; 0 for a former one
	uses   map[lvs.Addr]use
	held   map[lvs.Addr]bool // the host's own addresses
	unheld map[lvs.Addr]bool // those of services and pools that are not

	total   rate.Estimator
	dropped Counters // of services that are no more
	zero    Counters // of all, when they were zeroed last
}

func newLedger() ledger {
	return ledger{
		config: config.Default(), byKey: map[config.ServiceKey]*serviceState{}, byID: []*destination{newBypass()}, trash: trash{},
		markUses: map[markKey]int{}, pools: map[config.LocalRange]int{}, uses: map[lvs.Addr]use{},
		held: map[lvs.Addr]bool{}, unheld: map[lvs.Addr]bool{},
	}
}

// A serviceState is a service as it was asked for, and what has become of it.
type serviceState struct {
	want         config.Service // its slices are its own
	service      *service
	destinations []*destination // most recently added first, as the kernel keeps them
	ranges       []config.LocalRange
	gone         Counters // of destinations that are no more
	zero         Counters // of all, when they were zeroed last
	estimator    rate.Estimator
	scarce       bool         // it was said that local ports run out
	scheduled    []sched.Dest // what the scheduler has been told; nil for one that is new
	edited       bool         // more than a weight of a destination is to be another
}

func (s *serviceState) key() config.ServiceKey { return s.want.ServiceKey }

// A trash has the destinations that were removed and still have, or lately had,
// connections.
type trash map[config.ServiceKey]map[config.RealKey]*destination

func (t trash) add(d *destination) {
	if t[d.service] == nil {
		t[d.service] = map[config.RealKey]*destination{}
	}
	t[d.service][d.key] = d
}

func (t trash) remove(d *destination) {
	if delete(t[d.service], d.key); len(t[d.service]) == 0 {
		delete(t, d.service)
	}
}

func (t trash) all() iter.Seq[*destination] {
	return func(yield func(*destination) bool) {
		for _, dests := range t {
			for _, d := range dests {
				if !yield(d) {
					return
				}
			}
		}
	}
}

// A use counts what an address is needed for.
type use struct {
	virtual int // services, and destinations of services, that clients reach there
	real    int // destinations that answer from there
	local   int // pools of fullnat
	wanted  int // services and pools that somebody has to answer ARP for
}

func (u use) plus(o use) use {
	return use{u.virtual + o.virtual, u.real + o.real, u.local + o.local, u.wanted + o.wanted}
}

// roles returns what an address with these uses is. It is held if it is one of the
// host's own.
func (u use) roles(held bool) (r roles) {
	if u.virtual > 0 {
		r |= roleVirtual
	}
	if u.real > 0 {
		r |= roleReal
	}
	if u.local > 0 {
		r |= roleLocal
	}
	if u.wanted > 0 && !held {
		r |= roleUnheld
	}
	return r
}
