package config

import (
	"net/netip"
	"strconv"
	"strings"

	"xlvs/lvs"
)

// A word is how the file spells a value.
type word[T comparable] struct {
	name  string
	value T
}

// The words of the file, in the order in which errors list them.
var (
	protocolWords = [...]word[lvs.Protocol]{{"tcp", lvs.TCP}, {"udp", lvs.UDP}, {"sctp", lvs.SCTP}}
	familyWords   = [...]word[netip.Addr]{{"ipv4", netip.IPv4Unspecified()}, {"ipv6", netip.IPv6Unspecified()}}
	methodWords   = [...]word[lvs.Method]{{"nat", lvs.NAT}, {"dr", lvs.DirectRouting}, {"tun", lvs.Tunnel}, {"fullnat", lvs.FullNAT}}
	tunnelWords   = [...]word[lvs.TunnelType]{{"ipip", lvs.TunnelIPIP}, {"gre", lvs.TunnelGRE}, {"gue", lvs.TunnelGUE}}
	csumWords     = [...]word[lvs.TunnelFlags]{{"none", lvs.TunnelNoCsum}, {"csum", lvs.TunnelCsum}, {"remcsum", lvs.TunnelRemCsum}}
	clientWords   = [...]word[ClientAddress]{{"none", NoClientAddress}, {"proxy-v2", ProxyV2}, {"toa", TOA}}
	modeWords     = [...]word[Mode]{{"auto", Auto}, {"xdp", XDP}, {"xdp-generic", XDPGeneric}, {"packet", Packet}}
	preferWords   = [...]word[Prefer]{{"pps", PPS}, {"bulk", Bulk}}
)

// unread stands where a word could not be read on which other checks depend: none
// of them takes it for a value of theirs.
const unread = 0xff

// valueOf returns what name stands for.
func valueOf[T comparable](words []word[T], name string) (value T, ok bool) {
	for _, w := range words {
		if w.name == name {
			return w.value, true
		}
	}
	return value, false
}

// nameOf returns how value is spelled; false if it is nothing a file may say.
func nameOf[T comparable](words []word[T], value T) (name string, ok bool) {
	for _, w := range words {
		if w.value == value {
			return w.name, true
		}
	}
	return "", false
}

// methodText returns how the file spells m, or m's own name if it does not.
func methodText(m lvs.Method) string {
	if name, ok := nameOf(methodWords[:], m); ok {
		return name
	}
	return m.String()
}

// oneOf lists the words for an error.
func oneOf[T comparable](words []word[T]) string {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = w.name
	}
	return orList(names)
}

// orList returns names as `"a", "b" or "c"`.
func orList(names []string) string {
	var b strings.Builder
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(n))
	}
	return b.String()
}
