package dataplane

import (
	"fmt"

	"xlvs/config"
	"xlvs/dataplane/header"
)

// superFrames are the kinds of interfaces between which the kernel passes TCP
// segments of 64 KiB uncut. AF_PACKET keeps them whole; XDP has them cut to the
// MTU, each piece at the price of a whole one.
var superFrames = map[string]bool{
	"veth": true, "tuntap": true, "tun": true, "macvlan": true, "ipvlan": true, "bridge": true, "vlan": true, "bond": true,
}

// noXDP are the kinds whose drivers cannot run a program that redirects to
// AF_XDP sockets.
var noXDP = map[string]bool{"macvlan": true, "ipvlan": true, "bridge": true, "vlan": true}

// The largest AF_XDP frame has 4096 bytes, of which the kernel keeps 256; two
// tags may come with the MTU. Longer packets take several frames.
const (
	aroundMTU = 256 + header.EthernetSize + 2*header.VLANSize
	xdpMTU    = 4096 - aroundMTU
	jumboMTU  = 9216
)

// choose decides how to get at p's frames: what the configuration names, and if
// that is auto, what suits the interface. frags says whether the kernel has
// AF_XDP packets of several frames; whether the driver has, or any XDP, turns
// out when the program is attached.
func (p *port) choose(mode config.Mode, prefer config.Prefer, frags bool) {
	p.mode, p.named, p.frags, p.why = mode, mode != config.Auto, false, ""
	switch {
	case mode == config.Packet:
	case p.mtu > jumboMTU:
		p.mode, p.why = config.Packet, fmt.Sprintf("its MTU is %d, and AF_XDP takes %d at most", p.mtu, jumboMTU)
	case p.mtu > xdpMTU && !frags:
		p.mode, p.why = config.Packet, fmt.Sprintf("its MTU is %d, and AF_XDP takes %d before Linux 6.6", p.mtu, xdpMTU)
	case p.kind == "bond" && mode != config.XDPGeneric:
		p.mode, p.why = config.Packet, "a bond receives by its members, and AF_XDP sockets of the bond would get nothing"
	case mode != config.Auto:
	case noXDP[p.kind]:
		p.mode, p.why = config.Packet, "a "+p.kind+" has no XDP"
	case superFrames[p.kind] && prefer != config.PPS:
		p.mode, p.why = config.Packet, `a `+p.kind+` carries large TCP frames whole this way; prefer = "pps" takes XDP`
	default:
		p.mode = config.XDP
	}
}

// jumbo reports whether p's packets may be longer than an AF_XDP frame.
func (p *port) jumbo() bool { return p.mode != config.Packet && p.mtu > xdpMTU }

// settle makes do with packet mode when XDP could not be had. It reports false
// if the configuration insists on XDP, which it does for the MTUs that every
// driver with XDP takes.
func (p *port) settle(err error) bool {
	switch {
	case p.jumbo():
		p.why = fmt.Sprintf("its MTU is %d: %v", p.mtu, err)
	case p.named:
		return false
	default:
		p.why = err.Error()
	}
	p.mode, p.frags = config.Packet, false
	return true
}

// frameSize returns the size of AF_XDP frames that holds those of all ports.
func frameSize(ports []port) int {
	for _, p := range ports {
		if p.mode != config.Packet && p.mtu > 2048-aroundMTU {
			return 4096
		}
	}
	return 2048
}

// workerCount returns how many workers the ports' queues and the cores allow.
// Packet mode spreads frames over any number of them.
func workerCount(ports []port, wanted, cores int) int {
	n := cores
	if wanted > 0 {
		n = wanted
	}
	for _, p := range ports {
		if p.Index != 0 && p.mode != config.Packet {
			n = min(n, p.queues)
		}
	}
	return n
}
