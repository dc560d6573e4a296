package dataplane

import (
	"iter"
	"slices"
	"time"

	"xlvs/config"
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
	Counters     Counters // since they were zeroed last
	Rates        rate.Rates
	Destinations []DestinationStatus // most recently added first

	LocalAddresses []config.LocalRange // its own
	ClientAddress  config.ClientAddress
	MSSClamp       bool
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
		list[i] = d.serviceStatus(s, func(dest *destination) Counters { return counts[dest.id] })
	}
	return list
}

// Service returns the service of key, if there is one. It costs what that service
// has, however many others there are.
func (d *Director) Service(key config.ServiceKey) (ServiceStatus, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.byKey[key]
	if s == nil {
		return ServiceStatus{}, false
	}
	return d.serviceStatus(s, d.countsOf(s)), true
}

// serviceStatus returns what s is and has counted; count says what a destination of
// it has. The caller holds mu.
func (d *Director) serviceStatus(s *serviceState, count func(*destination) Counters) ServiceStatus {
	w := &s.want
	status := ServiceStatus{
		ServiceKey: w.ServiceKey, Scheduler: w.Scheduler, Flags: w.Flags, Persistence: w.Persistence, MaskBits: w.MaskBits,
		Engine: w.Engine, OnePacket: w.OnePacket, LocalAddresses: slices.Clone(w.LocalAddresses),
		ClientAddress: w.ClientAddress, MSSClamp: w.MSSClamp, Rates: s.estimator.Rates(),
		Counters: d.counted(s, count).since(s.zero),
	}
	if len(s.destinations) > 0 {
		status.Destinations = make([]DestinationStatus, len(s.destinations))
	}
	for i, dest := range s.destinations {
		status.Destinations[i] = d.status(dest, count(dest).since(dest.zero))
	}
	return status
}

func (d *Director) status(dest *destination, counts Counters) DestinationStatus {
	load := d.loads.At(dest.id)
	return DestinationStatus{
		RealKey: dest.key, Method: dest.method, Tunnel: dest.outer, Weight: int(dest.weight.Load()), Upper: dest.upper, Lower: dest.lower,
		Active: int(load.Active.Load()), Inactive: int(load.Inactive()), Persistent: int(load.Persistent.Load()),
		Counters: counts, Rates: dest.estimator.Rates(),
	}
}

// ofService yields the destinations of s, and those in the trash. The caller holds
// mu.
func (d *Director) ofService(s *serviceState) iter.Seq[*destination] {
	return func(yield func(*destination) bool) {
		for _, dest := range s.destinations {
			if !yield(dest) {
				return
			}
		}
		for _, dest := range d.trash[s.key()] {
			if !yield(dest) {
				return
			}
		}
	}
}
