package control

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"xlvs/config"
	"xlvs/lvs"
)

// serviceID returns what ParseServiceID reads.
func serviceID(k config.ServiceKey) string {
	if k.Protocol != 0 {
		return protocolWords.name(k.Protocol) + "-" + netip.AddrPortFrom(k.VIP, k.Port).String()
	}
	id := "fwm-" + strconv.FormatUint(uint64(k.Mark), 10)
	if k.VIP.Is6() {
		id += "-ipv6"
	}
	return id
}

// ParseServiceID reads what stands for a service in addresses of resources:
// "tcp-192.0.2.1:80", "udp-[2001:db8::1]:53", "fwm-5" or "fwm-5-ipv6".
func ParseServiceID(id string) (config.ServiceKey, error) {
	kind, rest, _ := strings.Cut(id, "-")
	if kind == "fwm" {
		return parseMarkID(id, rest)
	}
	protocol, err := protocolWords.value("service", kind, 0)
	endpoint, bad := netip.ParseAddrPort(rest)
	if err != nil || bad != nil || protocol == 0 || endpoint.Addr().Zone() != "" {
		return config.ServiceKey{}, badID(id)
	}
	return config.ServiceKey{Protocol: protocol, VIP: endpoint.Addr(), Port: endpoint.Port()}, nil
}

// parseMarkID reads rest, which follows "fwm-" in id.
func parseMarkID(id, rest string) (config.ServiceKey, error) {
	number, family, both := strings.Cut(rest, "-")
	mark, err := strconv.ParseUint(number, 10, 32)
	if err != nil || mark == 0 || both && family != "ipv6" {
		return config.ServiceKey{}, badID(id)
	}
	return markKey(uint32(mark), both), nil
}

// markKey returns the key of the service for packets of one family and mark.
func markKey(mark uint32, ipv6 bool) config.ServiceKey {
	if ipv6 {
		return config.ServiceKey{VIP: netip.IPv6Unspecified(), Mark: mark}
	}
	return config.ServiceKey{VIP: netip.IPv4Unspecified(), Mark: mark}
}

func badID(id string) error {
	return fmt.Errorf("service %q: %w: must be as in tcp-192.0.2.1:80, udp-[2001:db8::1]:53, fwm-5 or fwm-5-ipv6", id, ErrBadRequest)
}

// parseRealID reads what config.RealKey prints, which stands for a real server
// in addresses of resources.
func parseRealID(id string) (config.RealKey, error) {
	endpoint, err := netip.ParseAddrPort(id)
	if err != nil || endpoint.Addr().Zone() != "" {
		return config.RealKey{}, fmt.Errorf("destination %q: %w: must be as in 192.0.2.11:80 or [2001:db8::11]:80", id, ErrBadRequest)
	}
	return config.RealKey{Addr: endpoint.Addr(), Port: endpoint.Port()}, nil
}

// endpoint returns the address and port of a packet as text has them.
func endpoint(a lvs.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.Netip(), port) }
