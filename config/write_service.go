package config

// Marks, services and real servers as the encoder writes them; see configFile.
type (
	markFile struct {
		Mark        uint32 `toml:"mark"`
		Source      string `toml:"source,omitempty"`
		Destination string `toml:"destination"`
		Protocol    string `toml:"protocol,omitempty"`
		Ports       string `toml:"ports,omitempty"`
		SourcePorts string `toml:"source_ports,omitempty"`
		Interface   string `toml:"interface,omitempty"`
	}
	serviceFile struct {
		Mark        uint32     `toml:"mark,omitzero"`
		Family      string     `toml:"family,omitempty"`
		Protocol    string     `toml:"protocol,omitempty"`
		VIP         string     `toml:"vip,omitempty"`
		Port        *uint16    `toml:"port"` // nil: left out; 0 is a port
		Scheduler   string     `toml:"scheduler"`
		Flags       []string   `toml:"flags,omitempty"`
		Persistence string     `toml:"persistence,omitempty"`
		Netmask     *int       `toml:"netmask"` // nil: left out
		Engine      string     `toml:"engine,omitempty"`
		OnePacket   bool       `toml:"one_packet,omitempty"`
		Locals      []string   `toml:"local_addresses,omitempty"`
		Client      string     `toml:"client_address,omitempty"`
		MSSClamp    bool       `toml:"mss_clamp,omitempty"`
		Reals       []realFile `toml:"real"`
	}
	realFile struct {
		Address string `toml:"address"`
		Port    uint16 `toml:"port"`
		Forward string `toml:"forward"`
		Tunnel  string `toml:"tun_type,omitempty"`
		TunPort uint16 `toml:"tun_port,omitzero"`
		TunCsum string `toml:"tun_csum,omitempty"`
		Weight  int    `toml:"weight"`
		Upper   int    `toml:"u_threshold,omitzero"`
		Lower   int    `toml:"l_threshold,omitzero"`
	}
)

// file returns what Write encodes of m.
func (m *Mark) file() markFile {
	protocol, _ := nameOf(protocolWords[:], m.Protocol)
	return markFile{
		m.Mark, prefixText(m.Source), prefixText(m.Destination), protocol,
		portsText(m.Ports), portsText(m.SourcePorts), m.Interface,
	}
}

// file returns what Write encodes of s.
func (s *Service) file() serviceFile {
	f := serviceFile{
		Scheduler: s.Scheduler, Flags: s.Flags.Names(s.Scheduler),
		Engine: s.Engine, OnePacket: s.OnePacket,
		Locals: localTexts(s.LocalAddresses), Client: used(s.ClientAddress, ClientAddress.String), MSSClamp: s.MSSClamp,
	}
	if s.byMark() {
		f.Mark = s.Mark
		f.Family, _ = nameOf(familyWords[:], s.VIP)
	} else {
		f.Protocol, _ = nameOf(protocolWords[:], s.Protocol)
		f.VIP, f.Port = s.VIP.String(), &s.Port
	}
	if s.Persistence != 0 {
		f.Persistence = durationText(s.Persistence)
	}
	if s.Persistence != 0 || s.MaskBits != 0 {
		f.Netmask = &s.MaskBits
	}
	for i := range s.Reals {
		f.Reals = append(f.Reals, s.Reals[i].file())
	}
	return f
}

// file returns what Write encodes of r.
func (r *Real) file() realFile {
	return realFile{
		Address: r.Addr.String(), Port: r.Port, Weight: r.Weight, Upper: r.Upper, Lower: r.Lower,
		Forward: methodText(r.Method),
		Tunnel:  r.tunnelText(), TunPort: r.TunnelPort, TunCsum: used(r.TunnelFlags, csumText),
	}
}
