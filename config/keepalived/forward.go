package keepalived

import (
	"fmt"
	"strconv"

	"xlvs/config"
	"xlvs/lvs"
)

// A forwarding is how packets reach a real server.
type forwarding struct {
	method lvs.Method
	tunnel lvs.TunnelType
	port   uint16
	flags  lvs.TunnelFlags
}

// set gives r the forwarding.
func (f forwarding) set(r *config.Real) {
	r.Method, r.Tunnel, r.TunnelPort, r.TunnelFlags = f.method, f.tunnel, f.port, f.flags
}

// methods are the words for the methods.
var methods = map[string]lvs.Method{"NAT": lvs.NAT, "DR": lvs.DirectRouting, "TUN": lvs.Tunnel}

// forwarding reads "lvs_method NAT|DR" or "lvs_method TUN [type TYPE [port
// PORT]] [CHECKSUM]"; it returns nil if it cannot.
func (t *translation) forwarding(s *statement) *forwarding {
	method, ok := methods[s.arg(1)]
	if !ok {
		t.notes.add(s.at, "%s: must be NAT, DR or TUN: left out", s)
		return nil
	}
	f := forwarding{method: method}
	if err := f.options(s.words[2:]); err != nil {
		t.notes.add(s.at, "%s: %v: left out", s, err)
		return nil
	}
	return &f
}

// options reads what follows the method.
func (f *forwarding) options(words []string) error {
	for i := 0; i < len(words); i++ {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch word := words[i]; word {
		case "type":
			switch next {
			case "ipip":
				f.tunnel = lvs.TunnelIPIP
			case "gue":
				f.tunnel = lvs.TunnelGUE
			case "gre":
				f.tunnel = lvs.TunnelGRE
			default:
				return fmt.Errorf("type %q must be ipip, gue or gre", next)
			}
			i++
		case "port":
			n, err := strconv.ParseUint(next, 10, 16)
			if err != nil {
				return fmt.Errorf("port %q must be a number from 1 to 65535", next)
			}
			f.port = uint16(n)
			i++
		case "nocsum":
			f.flags = lvs.TunnelNoCsum
		case "csum":
			f.flags = lvs.TunnelCsum
		case "remcsum":
			f.flags = lvs.TunnelRemCsum
		default:
			return fmt.Errorf("unknown option %q", word)
		}
	}
	return nil
}
