package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"xlvs/bench/guest"
	"xlvs/lvs"
)

// errNoIPVS is why kernel IPVS is left out of the host's matrix.
var errNoIPVS = errors.New("this kernel has no ip_vs")

func hostIPVS() error {
	if !guest.HostHasIPVS() {
		return errNoIPVS
	}
	return nil
}

// startIPVS has the kernel's IPVS do it.
func startIPVS(ctx context.Context, s *site, _ *director) error {
	if err := s.forwards(); err != nil {
		return err
	}
	return s.feed(ctx, s.ipvsRules(), "ipvsadm", "-R")
}

// ipvsRules returns the services for ipvsadm -R.
func (o duty) ipvsRules() string {
	protocol, method := "-t", map[lvs.Method]string{lvs.NAT: "-m", lvs.DirectRouting: "-g", lvs.Tunnel: "-i"}[o.method]
	if o.protocol == lvs.UDP {
		protocol = "-u"
	}
	var b strings.Builder
	add := func(vipPort uint16, ports []uint16) {
		fmt.Fprintf(&b, "-A %s %s:%d -s rr\n", protocol, vip, vipPort)
		for _, p := range ports {
			fmt.Fprintf(&b, "-a %s %s:%d -r %s:%d %s -w 1\n", protocol, vip, vipPort, rip, p, method)
		}
	}
	add(port, o.ports())
	for _, p := range o.others() {
		add(p, []uint16{p})
	}
	return b.String()
}

// startNFT has the kernel translate by nftables.
func startNFT(ctx context.Context, s *site, _ *director) error {
	if err := s.forwards(); err != nil {
		return err
	}
	return s.feed(ctx, s.nftRules(), "nft", "-f", "-")
}

// nftRules returns the ruleset: one map of all services, which is how nftables
// has many, and for many destinations one after the other.
func (o duty) nftRules() string {
	word := o.protocolWord()
	var b strings.Builder
	b.WriteString("table ip bench {\n chain to_vip { type nat hook prerouting priority dstnat;\n")
	if o.destinations > 1 {
		var list []string
		for i, p := range o.ports() {
			list = append(list, fmt.Sprintf("%d : %s . %d", i, rip, p))
		}
		fmt.Fprintf(&b, "  ip daddr %s %s dport %d dnat ip addr . port to numgen inc mod %d map { %s }\n", vip, word, port, o.destinations, strings.Join(list, ", "))
	} else {
		list := []string{fmt.Sprintf("%s . %d : %s . %d", vip, port, rip, port)}
		for _, p := range o.others() {
			list = append(list, fmt.Sprintf("%s . %d : %s . %d", vip, p, rip, p))
		}
		fmt.Fprintf(&b, "  dnat ip addr . port to ip daddr . %s dport map { %s }\n", word, strings.Join(list, ", "))
	}
	b.WriteString(" }\n")
	if o.method == lvs.FullNAT {
		fmt.Fprintf(&b, " chain from_director { type nat hook postrouting priority srcnat;\n  ip daddr %s snat to %s\n }\n", rip, dip)
	}
	b.WriteString("}\n")
	return b.String()
}

// conntrackMax returns how many connections nftables can hold. Only the host
// could raise it.
func conntrackMax() (int, error) {
	b, err := os.ReadFile("/proc/sys/net/netfilter/nf_conntrack_max")
	if errors.Is(err, os.ErrNotExist) { // connection tracking is not loaded yet
		return 1 << 30, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("read nf_conntrack_max: %w", err)
	}
	return n, nil
}
