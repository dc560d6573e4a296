package config

import (
	"fmt"
	"net/netip"
	"time"

	"pgregory.net/rapid"

	"xlvs/lvs"
)

// between draws a duration.
func between(t *rapid.T, label string, lo, hi time.Duration) time.Duration {
	return time.Duration(rapid.Int64Range(int64(lo), int64(hi)).Draw(t, label))
}

// drawConfig draws a valid configuration.
func drawConfig(t *rapid.T) *Config {
	c := Default()
	drawDataplane(t, &c.Dataplane)
	c.Timeouts = Timeouts{between(t, "tcp", MinTimeout, MaxTimeout), between(t, "fin", MinTimeout, MaxTimeout), MinTimeout}
	drawSysctls(t, &c.Sysctl)
	c.LocalAddresses = drawLocals(t)
	c.FTPPorts = rapid.SliceOfNDistinct(rapid.Uint16Min(1), 1, MaxFTPPorts, rapid.ID[uint16]).Draw(t, "ftp")
	c.Control.Socket = rapid.StringMatching(`(/[a-z "#.\\é]{1,20}s)?`).Draw(t, "socket")
	c.Control.Group = rapid.StringMatching(`[a-z_"'#-]{0,9}`).Draw(t, "group")
	c.Watch = rapid.Bool().Draw(t, "watch")
	for i := range rapid.IntRange(0, 4).Draw(t, "services") {
		c.Services = append(c.Services, drawService(t, i))
	}
	c.Marks = rapid.SliceOfNDistinct(rapid.Custom(drawMark), 0, 3, Mark.String).Draw(t, "marks")
	if len(c.Marks) == 0 { // an empty list is read as nil
		c.Marks = nil
	}
	return c
}

func drawDataplane(t *rapid.T, d *Dataplane) {
	d.Mode = rapid.SampledFrom([]Mode{Auto, XDP, XDPGeneric, Packet}).Draw(t, "mode")
	d.Prefer = rapid.SampledFrom([]Prefer{PPS, Bulk}).Draw(t, "prefer")
	d.AnswerARP = rapid.Bool().Draw(t, "answer_arp")
	d.Workers = rapid.IntRange(0, MaxWorkers).Draw(t, "workers")
	d.MaxConnections = rapid.IntRange(1, MaxConnections).Draw(t, "connections")
	d.BusyPoll = between(t, "busy", MinBusyPoll, MaxBusyPoll)
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z.="'\\%é]{3,7}`), 0, 3, rapid.ID[string]).Draw(t, "interfaces")
	if len(names) > 0 { // an empty list is read as nil
		d.Interfaces = names
		d.Interface = map[string]InterfaceSettings{names[0]: {
			Mode:   rapid.SampledFrom([]Mode{"", Auto, Packet}).Draw(t, "its mode"),
			Prefer: rapid.SampledFrom([]Prefer{"", PPS, Bulk}).Draw(t, "its preference"),
		}}
	}
}

// drawSysctls draws a value for some of the sysctls.
func drawSysctls(t *rapid.T, s *lvs.Sysctls) {
	for _, k := range rapid.SliceOfN(rapid.SampledFrom(lvs.SysctlTable[:]), 0, 5).Draw(t, "sysctls") {
		switch field := k.Field(s).(type) {
		case *int:
			*field = rapid.IntRange(k.Min, k.Max).Draw(t, k.Name)
		case *[2]int:
			period := rapid.IntRange(1, k.Max).Draw(t, "period")
			*field = [2]int{rapid.IntRange(0, period-1).Draw(t, "threshold"), period}
		case *string:
			*field = rapid.StringMatching(`[0-9,-]{0,5}`).Draw(t, k.Name)
		}
	}
	s.SyncPorts = 1 << rapid.IntRange(0, 6).Draw(t, "ports")
}

// drawMark draws a rule; no interface, which would have to be one of the director's.
func drawMark(t *rapid.T) Mark {
	host, bits := vip4, 32
	if rapid.Bool().Draw(t, "ipv6") {
		host, bits = vip6, 128
	}
	network := func(label string) netip.Prefix {
		return netip.PrefixFrom(host, rapid.IntRange(0, bits).Draw(t, label)).Masked()
	}
	ports := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) PortRange {
		first := rapid.Uint16().Draw(t, "first")
		return PortRange{first, rapid.Uint16Min(first).Draw(t, "last")}
	}), 1, 3)
	m := Mark{Mark: rapid.Uint32Min(1).Draw(t, "mark"), Destination: network("destination")}
	m.Protocol = rapid.SampledFrom([]lvs.Protocol{0, lvs.TCP, lvs.UDP, lvs.SCTP}).Draw(t, "protocol")
	if rapid.Bool().Draw(t, "more") {
		m.Source, m.Ports = network("source"), ports.Draw(t, "ports")
	}
	if rapid.Bool().Draw(t, "yet more") {
		m.SourcePorts = ports.Draw(t, "source ports")
	}
	return m
}

// drawService draws the i-th service; none of another number has its key.
func drawService(t *rapid.T, i int) Service {
	key, real := ServiceKey{VIP: vip4}, "198.51.100.%d"
	if rapid.Bool().Draw(t, "ipv6") {
		key.VIP, real = vip6, "2001:db8:1::%x"
	}
	s := Service{Scheduler: rapid.SampledFrom(append(lvs.SchedulerNames[:], lvs.NoScheduler)).Draw(t, "scheduler")}
	if rapid.Bool().Draw(t, "by mark") {
		key.Mark = uint32(1 + i)
		key.VIP = netip.IPv4Unspecified()
		if real[0] == '2' {
			key.VIP = netip.IPv6Unspecified()
		}
	} else {
		key.Protocol = rapid.SampledFrom([]lvs.Protocol{lvs.TCP, lvs.UDP, lvs.SCTP}).Draw(t, "protocol")
		key.Port = uint16(1 + i + 4*rapid.IntRange(0, 16000).Draw(t, "port"))
	}
	s.ServiceKey = key
	s.Flags = lvs.SchedulerFlags(rapid.Uint32().Draw(t, "flags")) & lvs.AllSchedulerFlags
	drawClient(t, &s, i)
	for j := range rapid.IntRange(0, 4).Draw(t, "reals") {
		s.Reals = append(s.Reals, drawReal(t, &s, fmt.Sprintf(real, 1+j)))
	}
	drawForward(t, &s)
	return s
}

// drawClient draws what s, the i-th service, takes for a client.
func drawClient(t *rapid.T, s *Service, i int) {
	s.OnePacket = rapid.Bool().Draw(t, "one_packet")
	s.Engine = rapid.SampledFrom([]string{"", "sip"}).Draw(t, "engine")
	if rapid.Bool().Draw(t, "persistent") {
		s.Persistence = between(t, "persistence", 1, 2678400) * time.Second
		fewest := map[bool]int{true: 0, false: 1}[s.VIP.Is4()]
		s.MaskBits = rapid.IntRange(fewest, s.VIP.BitLen()).Draw(t, "mask")
		if i == 0 {
			s.Port = 0
		}
	}
}

// drawReal draws the real server of s that has the address.
func drawReal(t *rapid.T, s *Service, addr string) Real {
	r := realServer(addr, s.Port, drawMethod(t, s), rapid.IntRange(0, MaxWeight).Draw(t, "weight"))
	switch r.Method {
	case lvs.Tunnel:
		drawTunnel(t, &r)
	case lvs.NAT, lvs.FullNAT:
		r.Port = rapid.Uint16Min(min(s.Port, 1)).Draw(t, "real port")
	}
	if r.Method == lvs.Tunnel || r.Method == lvs.FullNAT {
		r.Addr = rapid.SampledFrom([]netip.Addr{r.Addr, otherFamily(r.Addr)}).Draw(t, "address")
	}
	r.Upper = rapid.IntRange(0, MaxThreshold).Draw(t, "upper")
	r.Lower = rapid.IntRange(0, r.Upper).Draw(t, "lower")
	return r
}
