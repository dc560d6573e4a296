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
// tags may come with the MTU.
const (
	aroundMTU = 256 + header.EthernetSize + 2*header.VLANSize
	xdpMTU    = 4096 - aroundMTU
)

// choose decides how to get at p's frames: what the configuration names, and if
// that is auto, what suits the interface. Whether its driver has XDP turns out
// when the program is attached.
func (p *port) choose(mode config.Mode, prefer config.Prefer) {
	p.mode, p.named, p.why = mode, mode != config.Auto, ""
	switch {
	case mode == config.Packet:
	case p.mtu > xdpMTU:
		p.mode, p.why = config.Packet, fmt.Sprintf("its MTU is %d, and AF_XDP frames hold %d", p.mtu, xdpMTU)
	case mode != config.Auto:
	case noXDP[p.kind]:
		p.mode, p.why = config.Packet, "a "+p.kind+" has no XDP"
	case superFrames[p.kind] && prefer != config.PPS:
		p.mode, p.why = config.Packet, `a `+p.kind+` carries large TCP frames whole this way; prefer = "pps" takes XDP`
	default:
		p.mode = config.XDP
	}
}

// settle makes do with packet mode when XDP could not be had. It reports false
// if the configuration insists on XDP.
func (p *port) settle(err error) bool {
	if p.named {
		return false
	}
	p.mode, p.why = config.Packet, err.Error()
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
