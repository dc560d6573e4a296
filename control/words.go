package control

import (
	"fmt"
	"strings"

	"xlvs/config"
	"xlvs/control/desired"
	"xlvs/dataplane/capture"
	"xlvs/lvs"
)

// A word is how JSON spells a value: as the file does, and ipvsadm.
type word[T comparable] struct {
	name  string
	value T
}

// A dictionary has the words for values of one kind. The first word of a value
// is the one that is written.
type dictionary[T comparable] []word[T]

// The words. A connection may have some that a service may not; that is not for
// the wire to say.
var (
	protocolWords = dictionary[lvs.Protocol]{
		{"tcp", lvs.TCP}, {"udp", lvs.UDP}, {"sctp", lvs.SCTP},
		{"ip", lvs.IP}, {"icmp", lvs.ICMP}, {"icmpv6", lvs.ICMPv6}, {"esp", lvs.ESP}, {"ah", lvs.AH},
	}
	methodWords = dictionary[lvs.Method]{
		{"nat", lvs.NAT}, {"dr", lvs.DirectRouting}, {"tun", lvs.Tunnel}, {"fullnat", lvs.FullNAT},
		{"local", lvs.LocalNode}, {"bypass", lvs.Bypass},
	}
	tunnelWords = dictionary[lvs.TunnelType]{{"ipip", lvs.TunnelIPIP}, {"gre", lvs.TunnelGRE}, {"gue", lvs.TunnelGUE}}
	csumWords   = dictionary[lvs.TunnelFlags]{{"none", lvs.TunnelNoCsum}, {"csum", lvs.TunnelCsum}, {"remcsum", lvs.TunnelRemCsum}}
	clientWords = dictionary[config.ClientAddress]{{"none", config.NoClientAddress}, {"proxy-v2", config.ProxyV2}, {"toa", config.TOA}}
	whereWords  = dictionary[capture.Points]{{"ingress", capture.Ingress}, {"egress", capture.Egress}, {"dropped", capture.Dropped}}
)

// name returns the word for v. What has none is spelled so that nobody takes it
// for another value.
func (d dictionary[T]) name(v T) string {
	for _, w := range d {
		if w.value == v {
			return w.name
		}
	}
	return fmt.Sprint(v)
}

// used is name for a value that goes without saying if it is zero.
func (d dictionary[T]) used(v T) string {
	if v == *new(T) {
		return ""
	}
	return d.name(v)
}

// value returns what the word in the field called key stands for; of an empty
// one, absent.
func (d dictionary[T]) value(key, name string, absent T) (T, error) {
	if name == "" {
		return absent, nil
	}
	for _, w := range d {
		if w.name == name {
			return w.value, nil
		}
	}
	names := make([]string, len(d))
	for i, w := range d {
		names[i] = w.name
	}
	return absent, fmt.Errorf("%s %q: %w: must be one of %s", key, name, desired.ErrInvalid, strings.Join(names, ", "))
}
