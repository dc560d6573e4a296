package config

import (
	"fmt"

	"xlvs/lvs"
)

// checkTunnel reports what is wrong with the tunnel options of r, by ipvsadm's
// rules.
func (r *Real) checkTunnel(rep reporter) {
	rep.check("tun_type", r.checkTunnelType())
	rep.check("tun_port", r.checkTunnelPort())
	rep.check("tun_csum", r.checkTunnelCsum())
}

// checkTunnelType checks what is around packets.
func (r *Real) checkTunnelType() error {
	name, ok := nameOf(tunnelWords[:], r.Tunnel)
	switch {
	case !ok:
		return fmt.Errorf("tun_type %v: %w: must be %s", r.Tunnel, ErrUnknownName, oneOf(tunnelWords[:]))
	case r.Tunnel != lvs.TunnelIPIP && r.untunneled():
		return needsTunnel("tun_type " + name)
	}
	return nil
}

// checkTunnelPort checks the port that only gue has, and must have.
func (r *Real) checkTunnelPort() error {
	switch {
	case r.Method == lvs.Tunnel && r.Tunnel == lvs.TunnelGUE && r.TunnelPort == 0:
		return fmt.Errorf("tun_port 0: %w: with gue it must be from 1 to 65535", ErrRange)
	case r.TunnelPort == 0:
		return nil
	case r.untunneled():
		return needsTunnel(fmt.Sprintf("tun_port %d", r.TunnelPort))
	case r.Tunnel == lvs.TunnelIPIP, r.Tunnel == lvs.TunnelGRE:
		return fmt.Errorf("tun_port %d: %w: %v has none", r.TunnelPort, ErrTunnel, r.Tunnel)
	}
	return nil
}

// checkTunnelCsum checks the checksum, which each type has in its own way.
func (r *Real) checkTunnelCsum() error {
	name, ok := nameOf(csumWords[:], r.TunnelFlags)
	switch {
	case !ok:
		return fmt.Errorf("tun_csum %v: %w: must be %s", r.TunnelFlags, ErrUnknownName, oneOf(csumWords[:]))
	case r.TunnelFlags == lvs.TunnelNoCsum:
		return nil
	case r.untunneled():
		return needsTunnel("tun_csum " + name)
	case r.Tunnel == lvs.TunnelIPIP:
		return fmt.Errorf("tun_csum %s: %w: ipip has none", name, ErrTunnel)
	case r.Tunnel == lvs.TunnelGRE && r.TunnelFlags != lvs.TunnelCsum:
		return fmt.Errorf("tun_csum %s: %w: with gre it must be %s", name, ErrTunnel, oneOf(csumWords[:2]))
	}
	return nil
}

// untunneled reports whether r is reached in another way than through a tunnel;
// if nobody knows how, that is another error.
func (r *Real) untunneled() bool { return r.Method != lvs.Tunnel && r.Method != unread }

// needsTunnel says that setting is for tunnels only.
func needsTunnel(setting string) error {
	return fmt.Errorf(`%s: %w: tunnel options need forward = "tun"`, setting, ErrTunnel)
}
