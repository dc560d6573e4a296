package control

import (
	"xlvs/config"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
	"xlvs/encap"
)

// statusJSON is a dataplane.ServiceStatus on the wire: what a request would say,
// and what a director adds to it.
type statusJSON struct {
	ID     string `json:"id"`
	Origin string `json:"origin,omitempty"`
	serviceJSON
	Stats        countersJSON            `json:"stats,omitzero"`
	Rates        ratesJSON               `json:"rates,omitzero"`
	Destinations []destinationStatusJSON `json:"destinations"`
}

// destinationStatusJSON is a dataplane.DestinationStatus on the wire.
type destinationStatusJSON struct {
	destinationJSON
	TunSources [2]uint16    `json:"tun_source_ports,omitzero"`
	Active     int          `json:"active_conns,omitzero"`
	Inactive   int          `json:"inact_conns,omitzero"`
	Persistent int          `json:"persist_conns,omitzero"`
	Stats      countersJSON `json:"stats,omitzero"`
	Rates      ratesJSON    `json:"rates,omitzero"`
}

// countersJSON are dataplane.Counters by ipvsadm's words.
type countersJSON struct {
	Conns    uint64 `json:"conns,omitzero"`
	InPkts   uint64 `json:"in_pkts,omitzero"`
	OutPkts  uint64 `json:"out_pkts,omitzero"`
	InBytes  uint64 `json:"in_bytes,omitzero"`
	OutBytes uint64 `json:"out_bytes,omitzero"`
}

// ratesJSON are rate.Rates by ipvsadm's words; those of bytes are in bytes.
type ratesJSON struct {
	Conns    uint64 `json:"cps,omitzero"`
	InPkts   uint64 `json:"in_pps,omitzero"`
	OutPkts  uint64 `json:"out_pps,omitzero"`
	InBytes  uint64 `json:"in_bps,omitzero"`
	OutBytes uint64 `json:"out_bps,omitzero"`
}

// newStatusJSON returns s for the wire, which goes on referring to it.
func newStatusJSON(s *dataplane.ServiceStatus) statusJSON {
	j := statusJSON{
		ID: serviceID(s.ServiceKey), Stats: countersJSON(s.Counters), Rates: ratesJSON(s.Rates),
		Destinations: make([]destinationStatusJSON, len(s.Destinations)),
		serviceJSON: newServiceJSON(&config.Service{
			ServiceKey: s.ServiceKey, Scheduler: s.Scheduler, Flags: s.Flags, Persistence: s.Persistence, MaskBits: s.MaskBits,
			Engine: s.Engine, OnePacket: s.OnePacket,
			LocalAddresses: s.LocalAddresses, ClientAddress: s.ClientAddress, MSSClamp: s.MSSClamp,
		}),
	}
	for i := range s.Destinations {
		j.Destinations[i] = newDestinationStatusJSON(&s.Destinations[i])
	}
	return j
}

func newDestinationStatusJSON(d *dataplane.DestinationStatus) destinationStatusJSON {
	return destinationStatusJSON{
		destinationJSON: newDestinationJSON(&config.Real{
			RealKey: d.RealKey, Method: d.Method, Weight: d.Weight, Upper: d.Upper, Lower: d.Lower,
			Tunnel: d.Tunnel.Type, TunnelPort: d.Tunnel.Port, TunnelFlags: d.Tunnel.Flags,
		}),
		TunSources: d.Tunnel.Sources,
		Active:     d.Active, Inactive: d.Inactive, Persistent: d.Persistent,
		Stats: countersJSON(d.Counters), Rates: ratesJSON(d.Rates),
	}
}

// status returns what j says.
func (j *statusJSON) status() (dataplane.ServiceStatus, error) {
	s, err := j.service()
	status := dataplane.ServiceStatus{
		ServiceKey: s.ServiceKey, Scheduler: s.Scheduler, Flags: s.Flags, Persistence: s.Persistence, MaskBits: s.MaskBits,
		Engine: s.Engine, OnePacket: s.OnePacket,
		LocalAddresses: s.LocalAddresses, ClientAddress: s.ClientAddress, MSSClamp: s.MSSClamp,
		Counters: dataplane.Counters(j.Stats), Rates: rate.Rates(j.Rates),
		Destinations: make([]dataplane.DestinationStatus, len(j.Destinations)),
	}
	for i := range j.Destinations {
		if err == nil {
			status.Destinations[i], err = j.Destinations[i].status(s.Port)
		}
	}
	return status, err
}

// status returns what j says of a real server of a service at port.
func (j *destinationStatusJSON) status(port uint16) (dataplane.DestinationStatus, error) {
	r, err := j.real(port)
	return dataplane.DestinationStatus{
		RealKey: r.RealKey, Method: r.Method, Weight: r.Weight, Upper: r.Upper, Lower: r.Lower,
		Tunnel: encap.TunnelOptions{Type: r.Tunnel, Flags: r.TunnelFlags, Port: r.TunnelPort, Sources: j.TunSources},
		Active: j.Active, Inactive: j.Inactive, Persistent: j.Persistent,
		Counters: dataplane.Counters(j.Stats), Rates: rate.Rates(j.Rates),
	}, err
}
