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
// schedulers' own state, the roles of addresses, and what destinations keep in
// atomics.
type snapshot struct {
	services     serviceTable
	marks        *mark.Rules    // give the packets of firewall-mark services their marks
	marked       bool           // there are such rules
	destinations []*destination // by DestID; nil for numbers not in use
	roles        *roleTable
	natSources   *frozen[serviceKey, *natSource] // by where real servers of nat services answer from
	sysctl       lvs.Sysctls
	ftp          ftpPorts
}

// snapshot freezes p.
func (p *plan) snapshot(table *roleTable) *snapshot {
	return &snapshot{
		services: serviceTable{p.endpoints.frozen, p.byMark.frozen, p.onFTP, p.anyPorts}, natSources: p.sources.frozen,
		marks: p.marking, marked: !p.marking.Empty(), destinations: p.byID, roles: table, sysctl: p.config.Sysctl, ftp: p.ftp,
	}
}

// newSnapshot returns the snapshot of l, which is new.
func newSnapshot(l *ledger) *snapshot {
	return &snapshot{
		services:   serviceTable{byEndpoint: newFrozen[serviceKey, *service](), byMark: newFrozen[markKey, *service]()},
		natSources: newFrozen[serviceKey, *natSource](), marks: mark.New(nil), destinations: l.byID, roles: newRoleTable(0),
		sysctl: l.config.Sysctl, ftp: l.config.FTPPorts,
	}
}

// A destination is one real server of one service.
type destination struct {
	id      lvs.DestID
	service config.ServiceKey
	key     config.RealKey
	addr    lvs.Addr
	shape
	tunnel *encap.Tunnel // nil unless method is Tunnel
	path   pathMTU       // of a tunnel
	// masqueraded is set if method is NAT, or was: there are connections whose
	// replies come from the real server's own address.
	masqueraded bool
	edits       bool          // packets need more than other addresses, by client or clamp
	hop         atomic.Uint32 // neigh.HopID towards it, stale when the routes have changed
	removed     atomic.Bool   // no longer in its service, but with connections: in the trash
	weight      atomic.Int32  // 0: quiesced

	// Guarded by Director.mu.
	lastWeight   int32         // the latest that was not 0, or the first
	upper, lower int           // thresholds as configured
	idleSince    time.Duration // in the trash: when its last connection was seen gone, 0 if it is not
	estimator    rate.Estimator
	zero         Counters // when they were zeroed last
}

// A shape is how a destination's packets are forwarded. Another shape makes
// another destination, under the same number.
type shape struct {
	method lvs.Method
	outer  encap.TunnelOptions  // of a tunnel
	client config.ClientAddress // how the real server learns it
	clamp  bool                 // lower the MSS
}

// shapeOf returns the shape of r, a real server of s.
func shapeOf(s *config.Service, r *config.Real) shape {
	v := shape{method: r.Method, client: s.ClientAddress}
	switch r.Method {
	case lvs.Tunnel:
		v.outer = encap.TunnelOptions{Type: r.Tunnel, Flags: r.TunnelFlags, Port: r.TunnelPort}
		v.clamp = s.MSSClamp
	case lvs.FullNAT:
		v.clamp = s.MSSClamp
	}
	return v
}

// newDestination returns destination id for r, a real server of s.
func newDestination(id lvs.DestID, s *config.Service, r *config.Real) *destination {
	d := &destination{id: id, service: s.ServiceKey, key: r.RealKey, addr: lvs.AddrFrom(r.Addr), shape: shapeOf(s, r)}
	d.masqueraded = d.method == lvs.NAT
	d.edits = d.clamp || d.client != config.NoClientAddress
	if r.Method == lvs.Tunnel {
		d.tunnel = encap.NewTunnel(d.addr, d.outer)
	}
	return d
}

// newBypass returns the destination of no real server: connections that cache_bypass
// sends to where their clients wanted them. Its number is 0.
func newBypass() *destination { return &destination{shape: shape{method: lvs.Bypass}} }

// destination returns destination id, nil if this snapshot is older than it.
func (s *snapshot) destination(id lvs.DestID) *destination {
	if int(id) >= len(s.destinations) {
		return nil
	}
	return s.destinations[id]
}
