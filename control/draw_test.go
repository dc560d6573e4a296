package control

import (
	"net/netip"
	"time"

	"pgregory.net/rapid"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/control/desired"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
	"xlvs/encap"
	"xlvs/lvs"
)

func drawAddr(t *rapid.T) netip.Addr {
	return rapid.SampledFrom([]netip.Addr{
		netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("203.0.113.255"), netip.MustParseAddr("2001:db8::1"),
	}).Draw(t, "address")
}

func drawPort(t *rapid.T) uint16 { return rapid.Uint16().Draw(t, "port") }

func drawKey(t *rapid.T) config.ServiceKey {
	if rapid.Bool().Draw(t, "by mark") {
		return markKey(rapid.Uint32Min(1).Draw(t, "mark"), rapid.Bool().Draw(t, "ipv6"))
	}
	p := rapid.SampledFrom([]lvs.Protocol{lvs.TCP, lvs.UDP, lvs.SCTP}).Draw(t, "protocol")
	return config.ServiceKey{Protocol: p, VIP: drawAddr(t), Port: drawPort(t)}
}

func drawReal(t *rapid.T) config.Real {
	return config.Real{
		RealKey: config.RealKey{Addr: drawAddr(t), Port: drawPort(t)},
		Method:  rapid.SampledFrom([]lvs.Method{lvs.NAT, lvs.DirectRouting, lvs.Tunnel, lvs.FullNAT, lvs.LocalNode}).Draw(t, "method"),
		Weight:  rapid.Int().Draw(t, "weight"), Upper: rapid.Int().Draw(t, "upper"), Lower: rapid.Int().Draw(t, "lower"),
		Tunnel:     rapid.SampledFrom([]lvs.TunnelType{lvs.TunnelIPIP, lvs.TunnelGUE, lvs.TunnelGRE}).Draw(t, "tunnel"),
		TunnelPort: drawPort(t), TunnelFlags: lvs.TunnelFlags(rapid.Uint16Max(2).Draw(t, "checksum")),
	}
}

// drawService draws what a service can be, whether or not it makes sense.
func drawService(t *rapid.T) config.Service {
	s := config.Service{
		ServiceKey:  drawKey(t),
		Scheduler:   rapid.SampledFrom(lvs.SchedulerNames[:]).Draw(t, "scheduler"),
		Flags:       lvs.SchedulerFlags(rapid.Uint32().Draw(t, "flags")) & lvs.AllSchedulerFlags,
		Persistence: time.Duration(rapid.Int64Range(0, 2678400).Draw(t, "persistence")) * time.Second,
		MaskBits:    rapid.IntRange(1, 128).Draw(t, "mask"),
		Engine:      rapid.SampledFrom([]string{"", "sip"}).Draw(t, "engine"),
		OnePacket:   rapid.Bool().Draw(t, "ops"), MSSClamp: rapid.Bool().Draw(t, "clamp"),
		ClientAddress: rapid.SampledFrom([]config.ClientAddress{config.NoClientAddress, config.ProxyV2, config.TOA}).Draw(t, "client"),
	}
	for range rapid.IntRange(0, 2).Draw(t, "locals") {
		s.LocalAddresses = append(s.LocalAddresses, config.LocalRange{Addr: drawAddr(t), First: drawPort(t), Last: drawPort(t)})
	}
	return s
}

func drawCounters(t *rapid.T) dataplane.Counters {
	n := func() uint64 { return rapid.Uint64().Draw(t, "n") }
	return dataplane.Counters{Conns: n(), InPkts: n(), OutPkts: n(), InBytes: n(), OutBytes: n()}
}

func drawStatus(t *rapid.T) dataplane.ServiceStatus {
	s := drawService(t)
	status := dataplane.ServiceStatus{
		ServiceKey: s.ServiceKey, Scheduler: s.Scheduler, Flags: s.Flags, Persistence: s.Persistence, MaskBits: s.MaskBits,
		Engine: s.Engine, OnePacket: s.OnePacket, Counters: drawCounters(t), Rates: rate.Rates(drawCounters(t)),
		LocalAddresses: s.LocalAddresses, ClientAddress: s.ClientAddress, MSSClamp: s.MSSClamp,
		Destinations: []dataplane.DestinationStatus{},
	}
	for range rapid.IntRange(0, 3).Draw(t, "destinations") {
		r := drawReal(t)
		status.Destinations = append(status.Destinations, dataplane.DestinationStatus{
			RealKey: r.RealKey, Method: r.Method, Weight: r.Weight, Upper: r.Upper, Lower: r.Lower,
			Tunnel: encap.TunnelOptions{Type: r.Tunnel, Flags: r.TunnelFlags, Port: r.TunnelPort, Sources: [2]uint16{drawPort(t), drawPort(t)}},
			Active: rapid.Int().Draw(t, "active"), Inactive: rapid.Int().Draw(t, "inactive"), Persistent: rapid.Int().Draw(t, "persistent"),
			Counters: drawCounters(t), Rates: rate.Rates(drawCounters(t)),
		})
	}
	return status
}

// drawOperation draws an operation with the fields that its kind goes by.
func drawOperation(t *rapid.T) desired.Operation {
	op := desired.Operation{Kind: desired.Kind(rapid.IntRange(int(desired.AddService), int(desired.SetSysctl)).Draw(t, "kind"))}
	switch op.Kind {
	case desired.AddService, desired.EditService:
		op.Service = drawService(t)
		for range rapid.IntRange(0, 2).Draw(t, "reals") {
			op.Service.Reals = append(op.Service.Reals, drawReal(t))
		}
		op.Whole = op.Kind == desired.EditService && rapid.Bool().Draw(t, "whole")
	case desired.AddDestination, desired.EditDestination:
		op.Key, op.Real = drawKey(t), drawReal(t)
	case desired.DeleteDestination:
		op.Key, op.Real = drawKey(t), config.Real{RealKey: drawReal(t).RealKey}
	case desired.DeleteService:
		op.Key = drawKey(t)
	case desired.Zero:
		if rapid.Bool().Draw(t, "one") {
			op.Key = drawKey(t)
		}
	case desired.SetTimeouts:
		ms := func() time.Duration {
			return time.Duration(rapid.Int64Range(0, config.MaxTimeout.Milliseconds()).Draw(t, "timeout")) * time.Millisecond
		}
		op.Timeouts = config.Timeouts{TCP: ms(), TCPFin: ms(), UDP: ms()}
	case desired.SetSysctl:
		op.Sysctl, op.Value = rapid.String().Draw(t, "name"), rapid.Int().Draw(t, "value")
	}
	return op
}

func drawConnection(t *rapid.T) Connection {
	addr := func() lvs.Addr { return lvs.AddrFrom(drawAddr(t)) }
	c := Connection{Left: time.Duration(rapid.Int64Range(0, 26784000).Draw(t, "left")) * conntrack.Tick}
	c.Proto = rapid.SampledFrom([]lvs.Protocol{lvs.TCP, lvs.UDP, lvs.SCTP, lvs.IP, lvs.ESP, lvs.AH}).Draw(t, "protocol")
	c.Method = rapid.SampledFrom([]lvs.Method{lvs.NAT, lvs.DirectRouting, lvs.Tunnel, lvs.FullNAT, lvs.LocalNode, lvs.Bypass}).Draw(t, "method")
	c.Client, c.Virtual, c.Real = addr(), addr(), addr()
	c.ClientPort, c.VirtualPort, c.RealPort = drawPort(t), drawPort(t), drawPort(t)
	switch {
	case rapid.Bool().Draw(t, "template"):
		c.Template, c.Assured = true, rapid.Bool().Draw(t, "assured")
		if c.Data = string(rapid.SliceOf(rapid.Byte()).Draw(t, "data")); c.Data != "" {
			c.Engine = engine
		}
	case c.Method == lvs.FullNAT:
		c.Local, c.LocalPort = addr(), drawPort(t)
		fallthrough
	default:
		switch c.Proto {
		case lvs.TCP:
			c.State = lvs.State(rapid.IntRange(0, int(lvs.TCPStates)-1).Draw(t, "state"))
		case lvs.SCTP:
			c.State = lvs.State(rapid.IntRange(0, int(lvs.SCTPStates)-1).Draw(t, "state"))
		}
	}
	return c
}
