package main

import (
	"fmt"
	"os"
	"strings"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// A path is one way for the stream through the director's host.
type path struct {
	name string // for -paths
	what string
	// command runs it, until SIGTERM, in the director's host.
	command func(n *network, d *director) ([]string, error)
	arrives arrival // what its packets are when they arrive
	against string  // the path that its speed is a ratio to
	raw     bool    // on packet sockets, without an XDP program
}

// An arrival is what a packet of the stream is when it arrives: of a protocol over
// IPv4, to an address and, if that is UDP, a port; 0 is any.
type arrival struct {
	proto uint8
	dst   string
	port  uint16
}

var (
	unchanged  = arrival{header.ProtoUDP, vip, port}
	translated = arrival{header.ProtoUDP, rip, port}
)

// paths returns the paths in the order in which a round takes them.
func paths() []path {
	gue := arrival{header.ProtoUDP, rip, guePort}
	return []path{
		{forwardName, "the director's AF_XDP sockets, no director", loop(forwardName), unchanged, forwardName, false},
		{"nat", "xlvs, masquerading", direct(lvs.NAT, config.XDP), translated, forwardName, false},
		{"dr", "xlvs, direct routing", direct(lvs.DirectRouting, config.XDP), unchanged, forwardName, false},
		{"ipip", "xlvs, tunnelling by IPIP", tunnel(lvs.TunnelIPIP), arrival{proto: header.ProtoIPIP, dst: rip}, forwardName, false},
		{"gre", "xlvs, tunnelling by GRE", tunnel(lvs.TunnelGRE), arrival{proto: header.ProtoGRE, dst: rip}, forwardName, false},
		{"gue", "xlvs, tunnelling by GUE", tunnel(lvs.TunnelGUE), gue, forwardName, false},
		{"fullnat", "xlvs, FULLNAT", direct(lvs.FullNAT, config.XDP), translated, forwardName, false},
		{asavieName, "github.com/asavie/xdp v0.3.3, no director", loop(asavieName), unchanged, forwardName, false},
		{rawForwardName, "the director's packet sockets, no director", loop(rawForwardName), unchanged, rawForwardName, true},
		{"raw-nat", "xlvs, masquerading, packet mode", direct(lvs.NAT, config.Packet), translated, rawForwardName, true},
		{"raw-dr", "xlvs, direct routing, packet mode", direct(lvs.DirectRouting, config.Packet), unchanged, rawForwardName, true},
	}
}

// direct returns the command of a director with one worker, as a forward loop has:
// another would take its time from the generator.
func direct(method lvs.Method, mode config.Mode) func(*network, *director) ([]string, error) {
	return serve(service{protocol: lvs.UDP, method: method, mode: mode, workers: 1})
}

// tunnel is direct for a kind of tunnel.
func tunnel(t lvs.TunnelType) func(*network, *director) ([]string, error) {
	return serve(service{protocol: lvs.UDP, method: lvs.Tunnel, tunnel: t, mode: config.XDP, workers: 1})
}

func serve(s service) func(*network, *director) ([]string, error) {
	return func(_ *network, d *director) ([]string, error) { return d.command(s) }
}

// loop returns the command of a forward loop: this program, once more.
func loop(name string) func(*network, *director) ([]string, error) {
	return func(n *network, _ *director) ([]string, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find own program: %w", err)
		}
		return []string{self, name, inDev, n.client.HardwareAddr.String(), outDev, n.server.HardwareAddr.String()}, nil
	}
}

// pathNames returns the names of ps, as choosePaths takes them.
func pathNames(ps []path) string {
	var names []string
	for _, p := range ps {
		names = append(names, p.name)
	}
	return strings.Join(names, ",")
}

// choosePaths returns the paths whose names are in list, in the order of list.
func choosePaths(list string) (chosen []path, err error) {
	for name := range strings.SplitSeq(list, ",") {
		p, ok := findPath(name, paths())
		if !ok {
			return nil, usageError(fmt.Sprintf("-paths: %q is none of %s", name, pathNames(paths())))
		}
		if _, twice := findPath(name, chosen); twice {
			return nil, usageError(fmt.Sprintf("-paths: %q is there twice", name))
		}
		chosen = append(chosen, p)
	}
	return chosen, nil
}

func findPath(name string, in []path) (path, bool) {
	for _, p := range in {
		if p.name == name {
			return p, true
		}
	}
	return path{}, false
}
