package dataplane

import (
	"fmt"
	"slices"

	"xlvs/config"
	"xlvs/dataplane/rate"
	"xlvs/lvs"
)

// Total returns the sum of the services' counters, and of those that are no more.
func (d *Director) Total() (Counters, rate.Rates) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sum(d.collectAll()).since(d.zero), d.total.Rates()
}

// WorkerTotals returns what each worker has counted in all. These counters are
// never zeroed, as the kernel's per processor are not.
func (d *Director) WorkerTotals() []Counters {
	d.mu.Lock()
	defer d.mu.Unlock()
	totals := make([]Counters, len(d.workers))
	for i, w := range d.workers {
		w.eachTally(d.byID, func(_ int, c *Counters) { totals[i].Add(*c) })
		w.mu.Lock()
		totals[i].Add(w.tally.gone)
		w.mu.Unlock()
	}
	return totals
}

// Zero has the counters of the service of key start from zero (ipvsadm -Z), or those
// of all services and the total if key is nil, and rates with them. The error wraps
// ErrNoService if there is no such service.
func (d *Director) Zero(key *config.ServiceKey) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if key != nil {
		s := d.byKey[*key]
		if s == nil {
			return fmt.Errorf("zero counters of service %v: %w", *key, ErrNoService)
		}
		d.zeroService(s, d.countsOf(s))
		return nil
	}
	counts := d.collectAll()
	for _, s := range d.services {
		d.zeroService(s, func(dest *destination) Counters { return counts[dest.id] })
	}
	d.zero = d.sum(counts)
	d.total.Reset(rate.Counts(d.zero))
	return nil
}

// zeroService remembers what s and its destinations have counted until now, and what
// counts goes on.
func (d *Director) zeroService(s *serviceState, count func(*destination) Counters) {
	s.zero = d.counted(s, count)
	s.estimator.Reset(rate.Counts(s.zero))
	for _, dest := range s.destinations {
		dest.zero = count(dest)
		dest.estimator.Reset(rate.Counts(dest.zero))
	}
}

// begin has s, which is new, count from zero, whatever real servers of a former
// service of its key have counted. So do these, those too that are in the trash still:
// only in the service that they were taken from would they go on.
func (d *Director) begin(s *serviceState) {
	count := d.countsOf(s)
	d.zeroService(s, count)
	for _, dest := range d.trash[s.key()] {
		dest.zero = count(dest)
		dest.estimator.Reset(rate.Counts(dest.zero))
	}
}

// counted sums what the destinations of s have counted, those that are no more among
// them. The caller holds mu.
func (d *Director) counted(s *serviceState, count func(*destination) Counters) Counters {
	sum := s.gone
	for dest := range d.ofService(s) {
		sum.Add(count(dest))
	}
	return sum
}

// sum is what services have counted in all, of what collectAll has returned. The
// caller holds mu.
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

// collect sums what all workers have counted for a destination that is no more, and
// has them start from zero.
func (d *Director) collect(id lvs.DestID) Counters {
	var total Counters
	for _, w := range d.workers {
		w.mu.Lock()
		c := w.tally.at(id)
		total.Add(*c)
		w.tally.gone.Add(*c)
		*c = Counters{}
		w.mu.Unlock()
	}
	return total
}

// collectAll returns what all workers have counted, by destination. The caller
// holds mu.
func (d *Director) collectAll() []Counters {
	counts := make([]Counters, len(d.byID))
	for _, w := range d.workers {
		w.eachTally(d.byID, func(i int, c *Counters) { counts[i].Add(*c) })
	}
	return counts
}

// countsOf returns a function that says what all workers have counted for the
// destinations of s. The caller holds mu.
func (d *Director) countsOf(s *serviceState) func(*destination) Counters {
	list := slices.Collect(d.ofService(s))
	counts := make(map[*destination]Counters, len(list))
	for _, w := range d.workers {
		w.eachTally(list, func(i int, c *Counters) {
			sum := counts[list[i]]
			sum.Add(*c)
			counts[list[i]] = sum
		})
	}
	return func(dest *destination) Counters { return counts[dest] }
}

// collectBatch is how many destinations are read while a worker waits.
const collectBatch = 256

// eachTally calls f for each destination in list that is one of a real server, with
// its index there and what w has counted for it.
func (w *worker) eachTally(list []*destination, f func(i int, c *Counters)) {
	for start := 0; start < len(list); start += collectBatch {
		w.mu.Lock()
		for i, dest := range list[start:min(start+collectBatch, len(list))] {
			if dest != nil && dest.id != 0 {
				f(start+i, w.tally.at(dest.id))
			}
		}
		w.mu.Unlock()
	}
}
