package control

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"xlvs/config"
	"xlvs/control/desired"
	"xlvs/lvs"
)

// serviceJSON is a config.Service on the wire. What a request leaves out has the
// default that it has in the file.
type serviceJSON struct {
	Protocol       string            `json:"protocol,omitempty"`
	Address        netip.Addr        `json:"address,omitzero"`
	Port           uint16            `json:"port,omitzero"`
	Mark           uint32            `json:"fwmark,omitzero"`
	Family         string            `json:"family,omitempty"` // of a mark service: "ipv6", or nothing
	Scheduler      string            `json:"scheduler,omitempty"`
	Flags          []string          `json:"flags,omitempty"`
	Persistence    int64             `json:"persistence,omitzero"` // seconds
	Netmask        int               `json:"netmask,omitzero"`     // bits
	PE             string            `json:"pe,omitempty"`
	OPS            bool              `json:"ops,omitzero"`
	LocalAddresses []string          `json:"local_addresses,omitempty"`
	ClientAddress  string            `json:"client_address,omitempty"`
	MSSClamp       bool              `json:"mss_clamp,omitzero"`
	Destinations   []destinationJSON `json:"destinations,omitempty"`
}

// newServiceJSON returns s for the wire, without its real servers.
func newServiceJSON(s *config.Service) serviceJSON {
	j := serviceJSON{
		Scheduler: s.Scheduler, Flags: s.Flags.Names(s.Scheduler),
		Persistence: int64(s.Persistence / time.Second), Netmask: s.MaskBits, PE: s.Engine, OPS: s.OnePacket,
		ClientAddress: clientWords.used(s.ClientAddress), MSSClamp: s.MSSClamp,
	}
	for _, l := range s.LocalAddresses {
		j.LocalAddresses = append(j.LocalAddresses, l.String())
	}
	j.setKey(s.ServiceKey)
	return j
}

func (j *serviceJSON) setKey(k config.ServiceKey) {
	if k.Protocol != 0 {
		j.Protocol, j.Address, j.Port = protocolWords.name(k.Protocol), k.VIP, k.Port
		return
	}
	j.Mark = k.Mark
	if k.VIP.Is6() {
		j.Family = ipv6
	}
}

// ipv6 is the family of a mark service that has to be named.
const ipv6 = "ipv6"

// key returns the key that j names.
func (j *serviceJSON) key() (config.ServiceKey, error) {
	switch {
	case j.Mark == 0 && j.Family == "":
		protocol, err := protocolWords.value("protocol", j.Protocol, 0)
		return config.ServiceKey{Protocol: protocol, VIP: j.Address, Port: j.Port}, err
	case j.Mark == 0 || j.Protocol != "" || j.Address.IsValid() || j.Port != 0:
		return config.ServiceKey{}, fmt.Errorf("service: %w: must have protocol, address and port, or fwmark and perhaps family", desired.ErrInvalid)
	case j.Family != "" && j.Family != ipv6 && j.Family != "ipv4":
		return config.ServiceKey{}, fmt.Errorf("family %q: %w: must be ipv4 or ipv6", j.Family, desired.ErrInvalid)
	}
	return markKey(j.Mark, j.Family == ipv6), nil
}

// service returns what j says. It is for package desired to judge it.
func (j *serviceJSON) service() (s config.Service, err error) {
	if s.ServiceKey, err = j.key(); err != nil {
		return s, err
	}
	s.Scheduler, s.Engine, s.OnePacket, s.MSSClamp = j.Scheduler, j.PE, j.OPS, j.MSSClamp
	if s.Scheduler == "" {
		s.Scheduler = lvs.DefaultScheduler
	}
	if s.Flags, err = parseFlags(s.Scheduler, j.Flags); err != nil {
		return s, err
	}
	if s.Persistence, err = seconds("persistence", j.Persistence); err != nil {
		return s, err
	}
	if s.MaskBits = j.Netmask; s.MaskBits == 0 && s.Persistence != 0 {
		s.MaskBits = s.VIP.BitLen()
	}
	if s.ClientAddress, err = clientWords.value("client_address", j.ClientAddress, 0); err != nil {
		return s, err
	}
	if s.LocalAddresses, err = parseLocals(j.LocalAddresses); err != nil {
		return s, err
	}
	for i := range j.Destinations {
		r, err := j.Destinations[i].real(s.Port)
		if err != nil {
			return s, err
		}
		s.Reals = append(s.Reals, r)
	}
	return s, nil
}

// seconds returns n seconds, unless that is longer than a Duration can be.
func seconds(key string, n int64) (time.Duration, error) {
	d := time.Duration(n) * time.Second
	if int64(d/time.Second) != n {
		return 0, fmt.Errorf("%s %d: %w: must be at most %d seconds", key, n, desired.ErrInvalid, int64(config.MaxTimeout/time.Second))
	}
	return d, nil
}

// parseFlags reads the flags, whose meaning the scheduler gives. One that is not
// known is the scheduler's mistake if that is not known either.
func parseFlags(scheduler string, names []string) (flags lvs.SchedulerFlags, err error) {
	for _, name := range names {
		flag, ok := lvs.SchedulerFlag(scheduler, name)
		switch {
		case ok:
			flags |= flag
		case scheduler != lvs.NoScheduler && !slices.Contains(lvs.SchedulerNames[:], scheduler):
			return 0, fmt.Errorf("scheduler %q: %w", scheduler, desired.ErrNoScheduler)
		default:
			return 0, fmt.Errorf("flag %q: %w: scheduler %s has no such flag", name, desired.ErrInvalid, scheduler)
		}
	}
	return flags, nil
}
