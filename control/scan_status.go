package control

import (
	"net/netip"

	"xlvs/dataplane"
)

// services reads what listServices answers.
func (s *scanner) services() (list []dataplane.ServiceStatus) {
	found := false
	for s.begin('{'); s.next('}'); {
		if string(s.key()) != "services" {
			s.skip()
			continue
		}
		found = true
		for s.begin('['); s.next(']'); {
			j := s.status()
			status, err := j.status()
			s.note(err)
			list = append(list, status)
		}
	}
	if !found {
		s.fail("services")
	}
	return list
}

// status reads a statusJSON.
func (s *scanner) status() (j statusJSON) {
	for s.begin('{'); s.next('}'); {
		switch key := s.key(); string(key) {
		case "id":
			j.ID = string(s.text())
		case "origin":
			j.Origin = string(s.text())
		case "stats":
			j.Stats = s.counters()
		case "rates":
			j.Rates = s.rates()
		case "destinations":
			for s.begin('['); s.next(']'); {
				j.Destinations = append(j.Destinations, s.destination())
			}
		default:
			s.service(key, &j.serviceJSON)
		}
	}
	return j
}

// service reads the field called key of a serviceJSON.
func (s *scanner) service(key []byte, j *serviceJSON) {
	switch string(key) {
	case "protocol":
		j.Protocol = string(s.text())
	case "address":
		j.Address = s.address()
	case "port":
		j.Port = s.port()
	case "fwmark":
		s.decode(&j.Mark)
	case "family":
		j.Family = string(s.text())
	case "scheduler":
		j.Scheduler = string(s.text())
	case "flags":
		s.decode(&j.Flags)
	case "persistence":
		s.decode(&j.Persistence)
	case "netmask":
		j.Netmask = s.int()
	case "pe":
		j.PE = string(s.text())
	case "ops":
		j.OPS = s.boolean()
	case "local_addresses":
		s.decode(&j.LocalAddresses)
	case "client_address":
		j.ClientAddress = string(s.text())
	case "mss_clamp":
		j.MSSClamp = s.boolean()
	default:
		s.skip()
	}
}

// destination reads a destinationStatusJSON.
func (s *scanner) destination() (j destinationStatusJSON) {
	for s.begin('{'); s.next('}'); {
		switch key := s.key(); string(key) {
		case "tun_source_ports":
			s.decode(&j.TunSources)
		case "active_conns":
			j.Active = s.int()
		case "inact_conns":
			j.Inactive = s.int()
		case "persist_conns":
			j.Persistent = s.int()
		case "stats":
			j.Stats = s.counters()
		case "rates":
			j.Rates = s.rates()
		default:
			s.real(key, &j.destinationJSON)
		}
	}
	return j
}

// real reads the field called key of a destinationJSON.
func (s *scanner) real(key []byte, j *destinationJSON) {
	switch string(key) {
	case "address":
		j.Address = s.address()
	case "port":
		j.Port = new(s.port())
	case "forward":
		j.Forward = string(s.text())
	case "weight":
		j.Weight = new(s.int())
	case "u_threshold":
		j.UThreshold = s.int()
	case "l_threshold":
		j.LThreshold = s.int()
	case "tun_type":
		j.TunType = string(s.text())
	case "tun_port":
		j.TunPort = s.port()
	case "tun_csum":
		j.TunCsum = string(s.text())
	default:
		s.skip()
	}
}

// counters reads a countersJSON.
func (s *scanner) counters() (j countersJSON) {
	for s.begin('{'); s.next('}'); {
		switch string(s.key()) {
		case "conns":
			j.Conns = s.uint()
		case "in_pkts":
			j.InPkts = s.uint()
		case "out_pkts":
			j.OutPkts = s.uint()
		case "in_bytes":
			j.InBytes = s.uint()
		case "out_bytes":
			j.OutBytes = s.uint()
		default:
			s.skip()
		}
	}
	return j
}

// rates reads a ratesJSON.
func (s *scanner) rates() (j ratesJSON) {
	for s.begin('{'); s.next('}'); {
		switch string(s.key()) {
		case "cps":
			j.Conns = s.uint()
		case "in_pps":
			j.InPkts = s.uint()
		case "out_pps":
			j.OutPkts = s.uint()
		case "in_bps":
			j.InBytes = s.uint()
		case "out_bps":
			j.OutBytes = s.uint()
		default:
			s.skip()
		}
	}
	return j
}

// address reads an IP address.
func (s *scanner) address() netip.Addr {
	a, err := netip.ParseAddr(string(s.text()))
	s.note(err)
	return a
}

// endpoint reads an IP address with its port.
func (s *scanner) endpoint() netip.AddrPort {
	a, err := netip.ParseAddrPort(string(s.text()))
	s.note(err)
	return a
}

// connection reads a connectionJSON.
func (s *scanner) connection() (j connectionJSON) {
	for s.begin('{'); s.next('}'); {
		switch string(s.key()) {
		case "protocol":
			j.Protocol = string(s.text())
		case "state":
			j.State = string(s.text())
		case "expire":
			j.Expire = s.float()
		case "client":
			j.Client = s.endpoint()
		case "virtual":
			j.Virtual = s.endpoint()
		case "destination":
			j.Destination = s.endpoint()
		case "forward":
			j.Forward = string(s.text())
		case "local":
			j.Local = s.endpoint()
		case "template":
			j.Template = s.boolean()
		case "assured":
			j.Assured = s.boolean()
		case "pe":
			j.PE = string(s.text())
		case "pe_data":
			s.decode(&j.PEData)
		default:
			s.skip()
		}
	}
	return j
}
