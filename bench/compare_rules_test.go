package main

import (
	"testing"

	"xlvs/lvs"
)

func TestIPVSRules(t *testing.T) {
	tests := map[string]struct {
		duty duty
		want string
	}{
		"nat": {duty{protocol: lvs.TCP, method: lvs.NAT}, `
-A -t 198.51.100.1:4242 -s rr
-a -t 198.51.100.1:4242 -r 192.0.2.11:4242 -m -w 1
`},
		"tun, UDP": {duty{protocol: lvs.UDP, method: lvs.Tunnel}, `
-A -u 198.51.100.1:4242 -s rr
-a -u 198.51.100.1:4242 -r 192.0.2.11:4242 -i -w 1
`},
		"dr, two services": {duty{protocol: lvs.UDP, method: lvs.DirectRouting, crowd: crowd{services: 2}}, `
-A -u 198.51.100.1:4242 -s rr
-a -u 198.51.100.1:4242 -r 192.0.2.11:4242 -g -w 1
-A -u 198.51.100.1:10001 -s rr
-a -u 198.51.100.1:10001 -r 192.0.2.11:10001 -g -w 1
`},
		"two destinations": {duty{protocol: lvs.TCP, method: lvs.NAT, crowd: crowd{destinations: 2}}, `
-A -t 198.51.100.1:4242 -s rr
-a -t 198.51.100.1:4242 -r 192.0.2.11:10001 -m -w 1
-a -t 198.51.100.1:4242 -r 192.0.2.11:10002 -m -w 1
`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := "\n" + tt.duty.ipvsRules(); got != tt.want {
				t.Errorf("the rules are %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestNFTRules(t *testing.T) {
	tests := map[string]struct {
		duty duty
		want string
	}{
		"two services": {duty{protocol: lvs.TCP, method: lvs.NAT, crowd: crowd{services: 2}}, `
table ip bench {
 chain to_vip { type nat hook prerouting priority dstnat;
  dnat ip addr . port to ip daddr . tcp dport map { 198.51.100.1 . 4242 : 192.0.2.11 . 4242, 198.51.100.1 . 10001 : 192.0.2.11 . 10001 }
 }
}
`},
		"fullnat to two destinations": {duty{protocol: lvs.UDP, method: lvs.FullNAT, crowd: crowd{destinations: 2}}, `
table ip bench {
 chain to_vip { type nat hook prerouting priority dstnat;
  ip daddr 198.51.100.1 udp dport 4242 dnat ip addr . port to numgen inc mod 2 map { 0 : 192.0.2.11 . 10001, 1 : 192.0.2.11 . 10002 }
 }
 chain from_director { type nat hook postrouting priority srcnat;
  ip daddr 192.0.2.11 snat to 192.0.2.1
 }
}
`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := "\n" + tt.duty.nftRules(); got != tt.want {
				t.Errorf("the rules are %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestCrowdedConfigurations(t *testing.T) {
	tests := map[string]crowd{
		"a single one":         {},
		"ten thousand":         {services: 10_000},
		"a thousand to choose": {destinations: 1000},
		"room":                 {connections: 2_000_000},
	}
	for name, many := range tests {
		t.Run(name, func(t *testing.T) {
			c := service{protocol: lvs.TCP, method: lvs.NAT, mode: "xdp", crowd: many}.config()
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			if got, want := len(c.Services), max(1, many.services); got != want {
				t.Errorf("%d services, want %d", got, want)
			}
			if got, want := len(c.Services[0].Reals), max(1, many.destinations); got != want {
				t.Errorf("%d destinations, want %d", got, want)
			}
			if c.Dataplane.MaxConnections < many.connections {
				t.Errorf("room for %d connections, want %d", c.Dataplane.MaxConnections, many.connections)
			}
		})
	}
}
