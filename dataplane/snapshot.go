package dataplane

import (
	"sync/atomic"
	"time"

	"xlvs/config"
	"xlvs/dataplane/mark"
	"xlvs/dataplane/rate"
	"xlvs/encap"
	"xlvs/lvs"
)

// A snapshot is the configuration as workers see it: frozen, but for the
// schedulers' own state and what destinations keep in atomics.
type snapshot struct {
	services     serviceTable
	marks        *mark.Rules    // give the packets of firewall-mark services their marks
	destinations []*destination // by DestID; nil for numbers not in use
	roles        *roleTable
	natSources   map[serviceKey]natSource // by where real servers of nat services answer from
	sysctl       lvs.Sysctls
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
	weight  atomic.Int32  // 0: quiesced
	outer   encap.TunnelOptions
	tunnel  *encap.Tunnel // with outer; nil unless method is Tunnel
	path    pathMTU       // of a tunnel

	// Guarded by Director.mu.
	lastWeight   int32         // the latest that was not 0, or the first
	upper, lower int           // thresholds as configured
	idleSince    time.Duration // in the trash: when its last connection was seen gone, 0 if it is not
	estimator    rate.Estimator
}

// bypass is the destination of no real server: connections that cache_bypass
// sends to where their clients wanted them. Its number is 0.
func newBypass() *destination { return &destination{method: lvs.Bypass} }

// A natSource is who answers from an endpoint.
type natSource struct {
	service     *service
	destination *destination
}

// addSources adds where the real servers of a service answer from. Those of a
// mark do so by any protocol, but not in the place of another service's.
func (s *snapshot) addSources(state *serviceState) {
	protos := []lvs.Protocol{state.key.Protocol}
	if state.key.Mark != 0 {
		protos = ported[:]
	}
	for _, dest := range state.destinations {
		for _, proto := range protos {
			k := serviceKey{dest.addr, dest.key.Port, proto}
			if dest.method == lvs.NAT && (state.key.Mark == 0 || s.natSources[k].service == nil) {
				s.natSources[k] = natSource{state.service, dest}
			}
		}
	}
}

// destination returns destination id, nil if this snapshot is older than it.
func (s *snapshot) destination(id lvs.DestID) *destination {
	if int(id) >= len(s.destinations) {
		return nil
	}
	return s.destinations[id]
}

// virtual reports whether packets to a may be a service's.
func (s *snapshot) virtual(a lvs.Addr, r roles) bool {
	return r&roleVirtual != 0 || !s.marks.Empty() && s.marks.Covers(a)
}
