package lab

import (
	"fmt"
	"net/netip"
)

// The scenarios are deployments that tutorials describe, with the tutorials'
// own IPv4 addresses. Their IPv6 twins are ours: scenario N has 2001:db8:N::/48,
// where a subnet has the third number of its IPv4 twin, and a host the fourth.
// IPv6 is routed where a firewall or the client's router translates IPv4. The packet
// filters need the nft program; the error is exec.ErrNotFound without it.

// S1 is LVS-NAT with one public address. The director masquerades what its
// real servers, whose gateway it is, send outside:
//
//	client 192.168.56.1 ── 192.168.56.128 director 192.168.0.139 ── switch ──┬─ rs1 192.168.0.134
//	                                                                       └─ rs2 192.168.0.140
func S1(l *Lab, opts WireOptions) (*Topology, error) {
	gateways := []string{"192.168.0.139", "2001:db8:1::139"}
	t, err := l.raise(opts,
		node{name: "client", ports: []port{
			{"eth0", "wan", []string{"192.168.56.1/24", "2001:db8:1:56::1/64"}}}},
		node{name: "director", router: true, ruleset: masqueradeS1, ports: []port{
			{"eth0", "wan", []string{"192.168.56.128/24", "2001:db8:1:56::128/64"}},
			{"eth1", "switch", []string{"192.168.0.139/24", "2001:db8:1::139/64"}}}},
		node{name: "rs1", gateways: gateways, ports: []port{
			{"eth0", "switch", []string{"192.168.0.134/24", "2001:db8:1::134/64"}}}},
		node{name: "rs2", gateways: gateways, ports: []port{
			{"eth0", "switch", []string{"192.168.0.140/24", "2001:db8:1::140/64"}}}},
	)
	if err != nil {
		return nil, fmt.Errorf("scenario S1: %w", err)
	}
	t.serve("192.168.56.128", "2001:db8:1:56::128")
	return t, nil
}

const masqueradeS1 = `
table inet nat {
	chain postrouting {
		type nat hook postrouting priority srcnat
		oifname eth0 ip saddr 192.168.0.0/24 masquerade
		oifname eth0 ip6 saddr 2001:db8:1::/64 masquerade
	}
}`

// S2 is LVS-NAT behind a firewall. The director has one device, and is the
// gateway of its real servers, which serve on port 8080:
//
//	client 192.168.10.7 ── 192.168.10.1 router 1.0.0.1 ── 1.0.0.2 firewall 192.168.80.1 ── switch
//	switch ──┬─ director 192.168.80.10
//	         ├─ rs1 192.168.80.11
//	         ├─ rs2 192.168.80.12
//	         └─ rs3 192.168.80.13
//
// The router masquerades the client; the firewall masquerades what goes out,
// and sends port 80 of 1.0.0.2 to the director.
func S2(l *Lab, opts WireOptions) (*Topology, error) {
	vip := "192.168.80.10"
	nodes := append(outside(2, vip), node{
		name: "director", router: true,
		// A router that sends a packet out where it came in also tells the
		// sender of the shorter way, which would not lead past the director.
		sysctls:  []string{"net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.eth0.send_redirects=0"},
		gateways: []string{"192.168.80.1", "2001:db8:2:80::1"},
		ports:    onSwitch(2, 10),
	})
	for i := range 3 {
		nodes = append(nodes, node{
			name:     fmt.Sprintf("rs%d", i+1),
			gateways: []string{"192.168.80.10", "2001:db8:2:80::10"},
			ports:    onSwitch(2, 11+i),
		})
	}
	t, err := l.raise(opts, nodes...)
	if err != nil {
		return nil, fmt.Errorf("scenario S2: %w", err)
	}
	t.serve(vip, "2001:db8:2:80::10")
	t.Public = netip.MustParseAddr("1.0.0.2")
	return t, nil
}

// S3 is LVS-DR on the hosts of S2. The VIP 192.168.80.66 is on the director and,
// silent, on the loopback of each real server. The gateway of all is the
// firewall, which sends port 80 of 1.0.0.2 to the VIP.
func S3(l *Lab, opts WireOptions) (*Topology, error) {
	vip, vip6 := "192.168.80.66", "2001:db8:3:80::66"
	gateways := []string{"192.168.80.1", "2001:db8:3:80::1"}
	director := node{name: "director", gateways: gateways, ports: onSwitch(3, 10)}
	director.ports[0].addrs = append(director.ports[0].addrs, vip+"/32", vip6+"/128")
	nodes := append(outside(3, vip), director)
	for i := range 3 {
		nodes = append(nodes, node{
			name: fmt.Sprintf("rs%d", i+1), gateways: gateways, sysctls: arpSilence,
			ports: append(onSwitch(3, 11+i), port{"lo", "", []string{vip + "/32", vip6 + "/128"}}),
		})
	}
	t, err := l.raise(opts, nodes...)
	if err != nil {
		return nil, fmt.Errorf("scenario S3: %w", err)
	}
	t.serve(vip, vip6)
	t.Public = netip.MustParseAddr("1.0.0.2")
	return t, nil
}

// arpSilence keeps a real server from answering ARP for, and from asking with,
// an address of its loopback. IPv6 needs no such thing: a neighbour
// solicitation is answered only for addresses of the device it came in on.
var arpSilence = []string{"net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2"}

// S3b is LVS-DR on one subnet, with a standby director that does not have the
// VIP 192.168.147.100:
//
//	switch ──┬─ client 192.168.147.1, everybody's gateway
//	         ├─ rs1 192.168.147.3
//	         ├─ rs2 192.168.147.4
//	         ├─ standby 192.168.147.5
//	         └─ director 192.168.147.6
//
// Its IPv6 subnet is 2001:db8:3:147::/64.
func S3b(l *Lab, opts WireOptions) (*Topology, error) {
	vip, vip6 := "192.168.147.100", "2001:db8:3:147::100"
	gateways := []string{"192.168.147.1", "2001:db8:3:147::1"}
	eth0 := func(host int, more ...string) port {
		own := []string{fmt.Sprintf("192.168.147.%d/24", host), fmt.Sprintf("2001:db8:3:147::%d/64", host)}
		return port{"eth0", "switch", append(own, more...)}
	}
	silent := port{"lo", "", []string{vip + "/32", vip6 + "/128"}}
	t, err := l.raise(opts,
		node{name: "client", ports: []port{eth0(1)}},
		node{name: "director", gateways: gateways, ports: []port{eth0(6, silent.addrs...)}},
		node{name: "standby", gateways: gateways, ports: []port{eth0(5)}},
		node{name: "rs1", gateways: gateways, sysctls: arpSilence, ports: []port{eth0(3), silent}},
		node{name: "rs2", gateways: gateways, sysctls: arpSilence, ports: []port{eth0(4), silent}},
	)
	if err != nil {
		return nil, fmt.Errorf("scenario S3b: %w", err)
	}
	t.serve(vip, vip6)
	return t, nil
}

// outside is the client, the router and the firewall of scenarios 2 and 3. The
// firewall sends port 80 to vip.
func outside(scenario int, vip string) []node {
	twin := func(rest string) string { return fmt.Sprintf("2001:db8:%d:%s", scenario, rest) }
	return []node{
		{name: "client", gateways: []string{"192.168.10.1", twin("10::1")}, ports: []port{
			{"eth0", "home", []string{"192.168.10.7/24", twin("10::7/64")}}}},
		{name: "router", router: true, ruleset: masqueradeRouter,
			routes: []string{twin("80::/64") + " via " + twin(":2")},
			ports: []port{
				{"eth0", "home", []string{"192.168.10.1/24", twin("10::1/64")}},
				{"eth1", "wan", []string{"1.0.0.1/24", twin(":1/64")}}}},
		{name: "firewall", router: true, ruleset: fmt.Sprintf(translateFirewall, vip),
			gateways: []string{"1.0.0.1", twin(":1")},
			ports: []port{
				{"eth0", "wan", []string{"1.0.0.2/24", twin(":2/64")}},
				{"eth1", "switch", []string{"192.168.80.1/24", twin("80::1/64")}}}},
	}
}

const masqueradeRouter = `
table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat
		oifname eth1 ip saddr 192.168.10.0/24 masquerade
	}
}`

const translateFirewall = `
table ip nat {
	chain prerouting {
		type nat hook prerouting priority dstnat
		iifname eth0 ip daddr 1.0.0.2 tcp dport 80 dnat to %s
	}
	chain postrouting {
		type nat hook postrouting priority srcnat
		oifname eth0 ip saddr 192.168.80.0/24 masquerade
	}
}`

// onSwitch is the one device of a host behind the firewall.
func onSwitch(scenario, host int) []port {
	return []port{{"eth0", "switch", []string{
		fmt.Sprintf("192.168.80.%d/24", host),
		fmt.Sprintf("2001:db8:%d:80::%d/64", scenario, host),
	}}}
}
