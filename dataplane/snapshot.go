package dataplane

import (
	"sync/atomic"
	"time"

	"xlvs/config"
	"xlvs/lvs"
	"xlvs/sched"
)

// A snapshot is the configuration as workers see it: frozen, but for the
// schedulers' own state and the destinations' hops.
type snapshot struct {
	services     map[serviceKey]*service
	destinations []*destination // by DestID; nil for numbers not in use
	roles        *roleTable
}

// A serviceKey is what a packet is looked up by.
type serviceKey struct {
	addr  lvs.Addr
	port  uint16
	proto lvs.Protocol
}

func keyOf(k config.ServiceKey) serviceKey {
	return serviceKey{lvs.AddrFrom(k.VIP), k.Port, k.Protocol}
}

// A service schedules the new connections of one virtual service.
type service struct {
	name      string // of the scheduler
	scheduler sched.Scheduler
	gone      Counters // of destinations that are no more; guarded by Director.mu
}

// A destination is one real server of one service.
type destination struct {
	id      lvs.DestID
	service config.ServiceKey
	key     config.RealKey
	addr    lvs.Addr
	method  lvs.Method
	hop     atomic.Uint32 // neigh.HopID towards it, stale when the routes have changed
	removed atomic.Bool   // no longer in its service, but with connections: in the trash

	// Guarded by Director.mu.
	weight    int
	idleSince time.Duration // in the trash: when its last connection was seen gone, 0 if it is not
}

// destination returns destination id, nil if this snapshot is older than it.
func (s *snapshot) destination(id lvs.DestID) *destination {
	if int(id) >= len(s.destinations) {
		return nil
	}
	return s.destinations[id]
}
