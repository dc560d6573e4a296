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
		Netmask     int        `toml:"netmask,omitzero"`
		Engine      string     `toml:"engine,omitempty"`
		OnePacket   bool       `toml:"one_packet,omitempty"`
		Reals       []realFile `toml:"real"`
	}
	realFile struct {
		Address string `toml:"address"`
		Port    uint16 `toml:"port"`
		Forward string `toml:"forward"`
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
		Netmask: s.MaskBits, Engine: s.Engine, OnePacket: s.OnePacket,
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
	for _, r := range s.Reals {
		f.Reals = append(f.Reals, realFile{r.Addr.String(), r.Port, methodText(r.Method), r.Weight, r.Upper, r.Lower})
	}
	return f
}
