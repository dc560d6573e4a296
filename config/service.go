package config

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"xlvs/lvs"
)

// A ServiceKey is what makes a virtual service different from another: protocol
// and address, or a firewall mark and the family of the packets that carry it.
// It is comparable.
type ServiceKey struct {
	Protocol lvs.Protocol // of a mark service: 0
	VIP      netip.Addr   // of a mark service: netip.IPv4Unspecified or IPv6Unspecified
	Port     uint16       // 0: every port of the VIP; of a mark service: 0
	Mark     uint32       // 0: the service is not one by mark
}

// String returns the key for a log line: "TCP 192.0.2.1:80", "FWM 5" or
// "FWM 5 IPv6".
func (k ServiceKey) String() string {
	switch {
	case !k.byMark():
		return k.Protocol.String() + " " + netip.AddrPortFrom(k.VIP, k.Port).String()
	case k.VIP.Is6():
		return fmt.Sprintf("FWM %d IPv6", k.Mark)
	}
	return fmt.Sprintf("FWM %d", k.Mark)
}

// byMark reports whether the key is that of a mark service, be it one without a
// mark.
func (k ServiceKey) byMark() bool { return k.Mark != 0 || k.Protocol == 0 && k.VIP.IsUnspecified() }

// A Service is a virtual service and its real servers.
type Service struct {
	ServiceKey
	Scheduler   string             // one of lvs.SchedulerNames, or lvs.NoScheduler
	Flags       lvs.SchedulerFlags // some of lvs.AllSchedulerFlags
	Persistence time.Duration      // how long a client is remembered, in whole seconds; 0: not at all
	MaskBits    int                // how many bits of its address make a client, for persistence; without it, 0
	Engine      string             // what makes a client besides: "sip", its Call-ID; "" for nothing
	OnePacket   bool               // each UDP packet is scheduled by itself
	Reals       []Real             // in the order of the file

	LocalAddresses []LocalRange  // for fullnat, in the place of the director's; empty: those
	ClientAddress  ClientAddress // how real servers learn the client's address where they do not see it
	MSSClamp       bool          // lower the MSS of TCP, so that segments fit with what tun and fullnat add
}

// firstBy returns the first real server of s that one of methods reaches, nil if
// there is none.
func (s *Service) firstBy(methods ...lvs.Method) *Real {
	for i := range s.Reals {
		if slices.Contains(methods, s.Reals[i].Method) {
			return &s.Reals[i]
		}
	}
	return nil
}

// engines are the persistence engines (ipvsadm --pe).
var engines = [...]string{"sip"}

// A RealKey is what makes a real server different from another of the same
// service. It is comparable.
type RealKey struct {
	Addr netip.Addr
	Port uint16 // 0: that of the packet, where the service takes more than one
}

// String returns the key for a log line: "192.0.2.11:8080".
func (k RealKey) String() string { return netip.AddrPortFrom(k.Addr, k.Port).String() }

// A Real is a real server of one service.
type Real struct {
	RealKey
	Method lvs.Method // NAT, DirectRouting, Tunnel or FullNAT
	Weight int        // 0: quiesced, no new connections

	Tunnel      lvs.TunnelType  // these three of a Tunnel alone
	TunnelPort  uint16          // of TunnelGUE alone, where packets go
	TunnelFlags lvs.TunnelFlags // which checksum; TunnelIPIP has none, TunnelGRE no TunnelRemCsum

	// With Upper connections it gets no new ones until it has fewer than Lower.
	// Upper 0: no limit; Lower 0: three quarters of Upper.
	Upper, Lower int
}
