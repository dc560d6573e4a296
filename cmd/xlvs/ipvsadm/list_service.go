package ipvsadm

import (
	"net"
	"strconv"
	"strings"

	"xlvs/dataplane"
)

// appendProperties appends what follows a service's scheduler in a list.
func appendProperties(b []byte, s *dataplane.ServiceStatus) []byte {
	if names := flagNames(s); names != "" {
		b = append(append(append(b, " ("...), names...), ')')
	}
	if s.Persistence != 0 {
		b = strconv.AppendInt(append(b, " persistent "...), int64(s.Persistence.Seconds()), 10)
		if mask := maskText(s); mask != "" {
			b = append(append(b, " mask "...), mask...)
		}
		if s.Engine != "" {
			b = append(append(b, " pe "...), s.Engine...)
		}
	}
	if s.OnePacket {
		b = append(b, " ops"...)
	}
	return b
}

// flagNames returns the flags of s as -b takes them; nothing if it has none.
func flagNames(s *dataplane.ServiceStatus) string {
	return strings.Join(s.Flags.Names(s.Scheduler), ",")
}

// maskText returns the netmask of a persistent service as -M takes it; nothing if
// each address is a client of its own.
func maskText(s *dataplane.ServiceStatus) string {
	switch {
	case s.MaskBits == s.VIP.BitLen():
		return ""
	case s.VIP.Is6():
		return strconv.Itoa(s.MaskBits)
	}
	return net.IP(net.CIDRMask(s.MaskBits, 32)).String()
}
