package main

import (
	"context"
	"fmt"

	"xlvs/config"
	"xlvs/lvs"
)

// A way is one way for TCP connections to the VIP through the director's host to
// the real server.
type way struct {
	name, what string
	// open makes the way, stop ends what works on it.
	open func(ctx context.Context, n *network, d *director) (stop func() error, err error)
}

// referenceWay is the name of the way that all are ratios to.
const referenceWay = "nft"

// ways returns the ways in the order in which a round takes them.
func ways() []way {
	return []way{
		{referenceWay, "the kernel: nftables DNAT, connection tracking", openNFT},
		{"packet", "xlvs, masquerading, packet mode", openDirector(config.Packet)},
		{"xdp", "xlvs, masquerading, AF_XDP", openDirector(config.XDP)},
	}
}

// openNFT has the kernel translate and forward.
func openNFT(ctx context.Context, n *network, _ *director) (stop func() error, err error) {
	if err := n.director.Sysctl("net.ipv4.ip_forward", "1"); err != nil {
		return nil, err
	}
	ruleset := fmt.Sprintf(`add table ip bench
		add chain ip bench to_vip { type nat hook prerouting priority dstnat; }
		add rule ip bench to_vip ip daddr %s tcp dport %d dnat to %s:%d`, vip, port, rip, port)
	if _, err := n.director.Run(ctx, "nft", ruleset); err != nil {
		return nil, fmt.Errorf("have the kernel translate: %w", err)
	}
	return func() error { return nil }, nil // it goes with the network
}

// openDirector returns the opening of a director in the given mode.
func openDirector(mode config.Mode) func(context.Context, *network, *director) (func() error, error) {
	return func(ctx context.Context, n *network, d *director) (stop func() error, err error) {
		command, err := d.command(service{protocol: lvs.TCP, method: lvs.NAT, mode: mode})
		if err != nil {
			return nil, err
		}
		p, err := startProcess(ctx, n.director, command)
		if err != nil {
			return nil, err
		}
		return func() error { return stopProcess(p) }, nil
	}
}
