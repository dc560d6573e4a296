package control

import (
	"net/netip"

	"xlvs/config"
	"xlvs/lvs"
)

// destinationJSON is a config.Real on the wire. Port and Weight are pointers
// because zero is not what they are when left out.
type destinationJSON struct {
	Address    netip.Addr `json:"address,omitzero"`
	Port       *uint16    `json:"port,omitempty"` // nil: the service's
	Forward    string     `json:"forward,omitempty"`
	Weight     *int       `json:"weight,omitempty"` // nil: 1
	UThreshold int        `json:"u_threshold,omitzero"`
	LThreshold int        `json:"l_threshold,omitzero"`
	TunType    string     `json:"tun_type,omitempty"`
	TunPort    uint16     `json:"tun_port,omitzero"`
	TunCsum    string     `json:"tun_csum,omitempty"`
}

// newDestinationJSON returns r for the wire, which goes on referring to it.
func newDestinationJSON(r *config.Real) destinationJSON {
	j := destinationJSON{
		Address: r.Addr, Port: &r.Port, Forward: methodWords.name(r.Method), Weight: &r.Weight,
		UThreshold: r.Upper, LThreshold: r.Lower,
		TunPort: r.TunnelPort, TunCsum: csumWords.used(r.TunnelFlags),
	}
	if r.Method == lvs.Tunnel || r.Tunnel != 0 {
		j.TunType = tunnelWords.name(r.Tunnel)
	}
	return j
}

// real returns what j says of a real server of a service at port. It is for
// package desired to judge it.
func (j *destinationJSON) real(port uint16) (r config.Real, err error) {
	r = config.Real{RealKey: config.RealKey{Addr: j.Address, Port: port}, Weight: 1, TunnelPort: j.TunPort, Upper: j.UThreshold, Lower: j.LThreshold}
	if j.Port != nil {
		r.Port = *j.Port
	}
	if j.Weight != nil {
		r.Weight = *j.Weight
	}
	if r.Method, err = methodWords.value("forward", j.Forward, lvs.DirectRouting); err != nil {
		return r, err
	}
	if r.Tunnel, err = tunnelWords.value("tun_type", j.TunType, lvs.TunnelIPIP); err != nil {
		return r, err
	}
	r.TunnelFlags, err = csumWords.value("tun_csum", j.TunCsum, lvs.TunnelNoCsum)
	return r, err
}
