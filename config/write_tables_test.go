package config

import (
	"bytes"
	"testing"

	"github.com/BurntSushi/toml"
	"pgregory.net/rapid"
)

// Marks, services and real servers as the TOML library writes them, field by field.
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

// TestTablesAreTheLibrarys has the library write what tables writes.
func TestTablesAreTheLibrarys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		if len(c.Marks) > 0 {
			c.Marks[0].Interface = rapid.SampledFrom([]string{"", "eth0", `"\\`, "ethüß", "e'#"}).Draw(t, "interface")
		}
		var f struct {
			Marks    []markFile    `toml:"mark"`
			Services []serviceFile `toml:"service"`
		}
		for i := range c.Marks {
			f.Marks = append(f.Marks, c.Marks[i].file())
		}
		for i := range c.Services {
			f.Services = append(f.Services, c.Services[i].file())
		}
		var want bytes.Buffer
		if err := toml.NewEncoder(&want).Encode(f); err != nil {
			t.Fatal(err)
		}
		got := bytes.TrimPrefix(c.tables(), []byte("\n")) // in front of which nothing stands there
		if !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("tables() =\n%s\nthe library writes\n%s", got, want.Bytes())
		}
	})
}

// file returns what the library encodes of m.
func (m *Mark) file() markFile {
	protocol, _ := nameOf(protocolWords[:], m.Protocol)
	return markFile{
		m.Mark, prefixText(m.Source), prefixText(m.Destination), protocol,
		portsText(m.Ports), portsText(m.SourcePorts), m.Interface,
	}
}

// file returns what the library encodes of s.
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

// file returns what the library encodes of r.
func (r *Real) file() realFile {
	return realFile{
		Address: r.Addr.String(), Port: r.Port, Weight: r.Weight, Upper: r.Upper, Lower: r.Lower,
		Forward: methodText(r.Method),
		Tunnel:  r.tunnelText(), TunPort: r.TunnelPort, TunCsum: used(r.TunnelFlags, csumText),
	}
}
