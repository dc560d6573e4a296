package dataplane

import (
	"slices"
	"time"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/dataplane/rate"
	"xlvs/encap"
	"xlvs/lvs"
)

// A ServiceStatus is a service as `ipvsadm -L` shows it.
type ServiceStatus struct {
	config.ServiceKey
	Scheduler    string
	Flags        lvs.SchedulerFlags
	Persistence  time.Duration // 0: not persistent
	MaskBits     int           // how much of a client's address persistence goes by
	Engine       string
	OnePacket    bool
	Counters     Counters
	Rates        rate.Rates
	Destinations []DestinationStatus // most recently added first
}

// A DestinationStatus is a real server as `ipvsadm -L` shows it.
type DestinationStatus struct {
	config.RealKey
	Method           lvs.Method
	Tunnel           encap.TunnelOptions // of method Tunnel
	Weight           int
	Upper, Lower     int
	Active, Inactive int
	Persistent       int // templates
	Counters         Counters
	Rates            rate.Rates
}

// Services returns the services in the order of the configuration.
func (d *Director) Services() []ServiceStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	counts := d.collectAll()
	list := make([]ServiceStatus, len(d.services))
	for i, s := range d.services {
		list[i] = d.serviceStatus(s, counts)
	}
	return list
}

func (d *Director) serviceStatus(s *serviceState, counts []Counters) ServiceStatus {
	v := s.service
	status := ServiceStatus{
		ServiceKey: s.key, Scheduler: v.name, Flags: v.flags, Persistence: v.persistence, MaskBits: v.maskBits,
		Engine: v.engine, OnePacket: v.onePacket, Counters: s.gone, Rates: s.estimator.Rates(),
	}
	for _, dest := range s.destinations {
		status.Destinations = append(status.Destinations, d.status(dest, counts[dest.id]))
	}
	for _, dest := range d.ofService(s) {
		status.Counters.Add(counts[dest.id])
	}
	return status
}

// ofService returns the destinations of s, those in the trash among them. The
// caller holds mu.
func (d *Director) ofService(s *serviceState) []*destination {
	list := slices.Clone(s.destinations)
	for _, dest := range d.trash {
		if dest.service == s.key {
			list = append(list, dest)
		}
	}
	return list
}

// Total returns the sum of the services' counters, and of those that are no more.
func (d *Director) Total() (Counters, rate.Rates) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sum(d.collectAll()), d.total.Rates()
}

// sum is Total's, of what collectAll has returned. The caller holds mu.
func (d *Director) sum(counts []Counters) Counters {
	total := d.dropped
	for _, s := range d.services {
		total.Add(s.gone)
	}
	for _, c := range counts {
		total.Add(c)
	}
	return total
}

func (d *Director) status(dest *destination, counts Counters) DestinationStatus {
	load := d.loads.At(dest.id)
	return DestinationStatus{
		RealKey: dest.key, Method: dest.method, Tunnel: dest.outer, Weight: int(dest.weight.Load()), Upper: dest.upper, Lower: dest.lower,
		Active: int(load.Active.Load()), Inactive: int(load.Inactive()), Persistent: int(load.Persistent.Load()),
		Counters: counts, Rates: dest.estimator.Rates(),
	}
}

// collect sums what all workers have counted for a destination, and has them
// start from zero.
func (d *Director) collect(id lvs.DestID) Counters {
	var total Counters
	for _, w := range d.workers {
		w.mu.Lock()
		c := w.tally.at(id)
		total.Add(*c)
		*c = Counters{}
		w.mu.Unlock()
	}
	return total
}

// collectBatch is how many destinations are read while a worker waits.
const collectBatch = 256

// collectAll returns what all workers have counted, by destination. The caller
// holds mu.
func (d *Director) collectAll() []Counters {
	counts := make([]Counters, len(d.byID))
	for _, w := range d.workers {
		for batch := range slices.Chunk(d.byID, collectBatch) {
			w.mu.Lock()
			for _, dest := range batch {
				if dest != nil && dest.id != 0 {
					counts[dest.id].Add(*w.tally.at(dest.id))
				}
			}
			w.mu.Unlock()
		}
	}
	return counts
}

// Verdicts returns how many packets have ended in each verdict.
func (d *Director) Verdicts() [Verdicts]uint64 {
	var total [Verdicts]uint64
	for _, w := range d.workers {
		w.mu.Lock()
		for v, n := range w.verdicts {
			total[v] += n
		}
		w.mu.Unlock()
	}
	return total
}

// A Sample is the addressing of a packet that ended in some verdict.
type Sample struct {
	Tuple lvs.Tuple
	taken bool
}

// TakeSamples returns, for each verdict that drops, a packet that ended in it
// since the last call, if there was one.
func (d *Director) TakeSamples() map[Verdict]lvs.Tuple {
	samples := map[Verdict]lvs.Tuple{}
	for _, w := range d.workers {
		w.mu.Lock()
		for v, s := range w.samples {
			if s.taken {
				samples[Verdict(v)] = s.Tuple
			}
		}
		w.samples = [Verdicts]Sample{}
		w.mu.Unlock()
	}
	return samples
}

// sample keeps the first packet of a verdict until TakeSamples.
func (w *worker) sample(v Verdict, f *flow) {
	if s := &w.samples[v]; !s.taken {
		*s = Sample{Tuple: f.tuple, taken: true}
	}
}

// Connections returns the table's connections, in no order. Expiry times count
// from the director's start; see Now.
func (d *Director) Connections() func(func(conntrack.Listing) bool) {
	return func(yield func(conntrack.Listing) bool) {
		s := d.snapshot.Load()
		for c := range d.table.All() {
			// The table has no room for a real server of another family than its
			// client's, which a tunnel may have.
			if to := s.destination(c.Dest); c.Method == lvs.Tunnel && to != nil {
				c.Real = to.addr
			}
			if !yield(c) {
				return
			}
		}
	}
}

// Now returns the moment that expiry times are to be compared with.
func (d *Director) Now() conntrack.Time { return conntrack.Time(d.clock() / conntrack.Tick) }

// ConnectionCount returns how many connections there are, and at how many new
// ones are refused.
func (d *Director) ConnectionCount() (n, limit int) { return d.table.Len(), d.table.Limit() }
