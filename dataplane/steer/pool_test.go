package steer

import (
	"maps"
	"net/netip"
	"testing"

	"xlvs/lvs"
)

// Local addresses of testRules: one is the host's own, the other on no interface.
const lip4, lip6 = "198.51.100.17", "2001:db8:9::17"

// addPools adds to the rules of the tests the local addresses of FULLNAT.
func addPools(r Rules) {
	r.AddLocal(addr(lip4))
	r.AddPool(lvs.IP, addr(lip4), 10000, 19999)
	r.AddPool(lvs.TCP, addr(lip6), 1024, 65535)
}

// pools are frames to and from local addresses.
func pools() map[string]seed {
	const real4, host6 = "198.51.100.9", "2001:db8:9::1"
	sent := tcp(lip4+":10000", "203.0.113.80:80")
	sent6 := tcp("["+lip6+"]:1024", "[2001:db8:9::9]:8443")
	return map[string]seed{
		"to a pool":                                {frame(tcp("203.0.113.80:80", lip4+":10000")), true},
		"udp to a pool":                            {frame(udp("203.0.113.80:53", lip4+":10001")), true},
		"to a pool's last port":                    {frame(tcp("203.0.113.80:80", lip4+":19999")), true},
		"to the port before a pool":                {frame(tcp("203.0.113.80:80", lip4+":9999")), false},
		"to the port behind a pool":                {frame(udp("203.0.113.80:80", lip4+":20000")), false},
		"to a pool's port in the wrong byte order": {frame(tcp("203.0.113.80:80", lip4+":4135")), false},
		"to port 0 of a local address":             {frame(tcp("203.0.113.80:80", lip4+":0")), false},
		"ssh to a local address":                   {frame(tcp(client4+":4242", lip4+":22")), false},
		"sctp to a pool of tcp and udp":            {frame(packet(lvs.SCTP, client4+":4242", lip4+":10000")), false},
		"esp to a local address":                   {frame(packet(lvs.ESP, client4+":0", lip4+":0")), false},
		"echo request to a local address":          {frame(icmp(8, client4, lip4, nil)), false},
		"real server to a pool":                    {frame(tcp(real4+":8080", lip4+":10000")), true},
		"real server to ssh of a local address":    {frame(tcp(real4+":8080", lip4+":22")), false},
		"pool's port of another address":           {frame(tcp(client4+":10000", "198.51.100.1:10000")), false},
		"from a pool":                              {frame(tcp(lip4+":10000", client4+":4242")), false},
		"to a pool behind tags":                    {frame(tcp("203.0.113.80:80", lip4+":10000"), qinq, vlan), true},
		"to a pool over ipv6":                      {frame(tcp("[2001:db8:9::9]:8443", "["+lip6+"]:1024")), true},
		"to the last port there is":                {frame(tcp("[2001:db8:9::9]:8443", "["+lip6+"]:65535")), true},
		"ssh to a local address over ipv6":         {frame(tcp("["+client6+"]:4242", "["+lip6+"]:22")), false},
		"udp to a pool of tcp over ipv6":           {frame(udp("["+client6+"]:4242", "["+lip6+"]:1024")), false},
		"error about a pool's packet":              {frame(icmp(3, "203.0.113.80", lip4, sent)), true},
		"error about ssh of a local address":       {frame(icmp(3, client4, lip4, tcp(lip4+":22", client4+":4242"))), false},
		"error about a pool's first fragment":      {frame(icmp(11, "203.0.113.80", lip4, fragment4(tcp(lip4+":10000", "203.0.113.80:80"), 0))), true},
		"error about a pool's later fragment":      {frame(icmp(11, "203.0.113.80", lip4, fragment4(tcp(lip4+":10000", "203.0.113.80:80"), 3))), false},
		"error with 8 bytes of a pool's packet":    {frame(icmp(3, "203.0.113.80", lip4, sent[:ipv4Size+8])), true},
		"packet too big about a pool's packet":     {frame(icmp(2, "2001:db8:9::9", lip6, sent6)), true},
		"first fragment to a local address":        {frame(fragment4(tcp(client4+":9", lip4+":22"), 0)), true},
		"later fragment to a local address":        {frame(fragment4(udp(client4+":9", lip4+":9"), 1)), true},
		"fragment of sctp to a local address":      {frame(fragment4(packet(lvs.SCTP, client4+":9", lip4+":9"), 1)), false},
		"ipv6 fragment to a local address":         {frame(extend(sent6to(lip6), fragment6(1))), true},
		"ipv6 fragment to the host beside it":      {frame(extend(sent6to(host6), fragment6(1))), false},
	}
}

// sent6to is a packet of a real server's.
func sent6to(dst string) []byte { return tcp("[2001:db8:9::9]:8443", "["+dst+"]:9") }

func TestAddPool(t *testing.T) {
	type pool struct {
		proto       lvs.Protocol
		first, last uint16
	}
	lip := addr(lip4)
	tcp, udp := Endpoint{Addr: lip, Proto: lvs.TCP}, Endpoint{Addr: lip, Proto: lvs.UDP}
	taken := ServiceAddr | Pool
	tests := map[string]struct {
		in   []pool
		want Rules
	}{
		"one protocol":      {[]pool{{lvs.TCP, 1024, 2047}}, Rules{tcp: {taken, 1024, 2047}}},
		"any protocol":      {[]pool{{lvs.IP, 1, 2}}, Rules{tcp: {taken, 1, 2}, udp: {taken, 1, 2}}},
		"one port":          {[]pool{{lvs.TCP, 9, 9}}, Rules{tcp: {taken, 9, 9}}},
		"all ports":         {[]pool{{lvs.TCP, 0, 65535}}, Rules{tcp: {taken, 0, 65535}}},
		"none":              {[]pool{{lvs.TCP, 2, 1}}, Rules{}},
		"two apart":         {[]pool{{lvs.TCP, 30, 40}, {lvs.TCP, 10, 20}}, Rules{tcp: {taken, 10, 40}}},
		"one inside of one": {[]pool{{lvs.TCP, 10, 40}, {lvs.TCP, 20, 30}}, Rules{tcp: {taken, 10, 40}}},
		"one for each":      {[]pool{{lvs.TCP, 10, 20}, {lvs.UDP, 30, 40}}, Rules{tcp: {taken, 10, 20}, udp: {taken, 30, 40}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := Rules{}
			for _, p := range tt.in {
				r.AddPool(p.proto, lip, p.first, p.last)
			}
			if !maps.Equal(r, tt.want) {
				t.Errorf("rules are %v, want %v", r, tt.want)
			}
		})
	}
}

// TestPoolBesideOthers: what else is said of an address does not depend on
// whether it was said before its pool or after.
func TestPoolBesideOthers(t *testing.T) {
	lip := addr(lip4)
	pool := func(r Rules) { r.AddPool(lvs.TCP, lip, 10000, 19999) }
	for name, other := range map[string]func(Rules){
		"service":       func(r Rules) { r.AddService(lvs.TCP, lip, 80) },
		"whole service": func(r Rules) { r.AddService(lvs.TCP, lip, 0) },
		"reply":         func(r Rules) { r.AddReply(lvs.TCP, lip, 8080) },
		"client":        func(r Rules) { r.AddClient(lvs.TCP, lip, 40000) },
		"unheld":        func(r Rules) { r.AddUnheld(lip) },
		"local":         func(r Rules) { r.AddLocal(lip) },
	} {
		before, after := Rules{}, Rules{}
		other(before)
		pool(before)
		pool(after)
		other(after)
		if !maps.Equal(before, after) {
			t.Errorf("%s: before the pool %v, after it %v", name, before, after)
		}
		e := Endpoint{Addr: lip, Proto: lvs.TCP}
		if rule := after[e]; rule.Flags&Pool == 0 || rule.First != 10000 || rule.Last != 19999 {
			t.Errorf("%s: %v = %v, want the pool in it", name, e, rule)
		}
	}
}

// TestPoolsOfEveryPort has pools that end at the edges of ports and bytes, and
// packets to the ports next to them.
func TestPoolsOfEveryPort(t *testing.T) {
	c := newClassifier(t)
	p := newShells(t, c)["xdp"]
	edges := []uint16{0, 1, 254, 255, 256, 257, 0x7fff, 0x8000, 65534, 65535}
	for _, first := range edges {
		for _, last := range edges {
			r := Rules{}
			r.AddLocal(addr(lip4))
			r.AddPool(lvs.TCP, addr(lip4), first, last)
			must(t, c.replace(r))
			for _, port := range edges {
				f := frame(tcp(client4+":9", netip.AddrPortFrom(addr(lip4).Netip(), port).String()))
				want := first <= port && port <= last
				if got := r.Take(f); got != want {
					t.Errorf("pool %d to %d, port %d: Take() = %t, want %t", first, last, port, got, want)
				}
				if got := p.takes(t, f); got != want {
					t.Errorf("pool %d to %d, port %d: program takes %t, want %t", first, last, port, got, want)
				}
			}
		}
	}
}

// TestPoolWidens while it is in use: the rule stays, its ports change.
func TestPoolWidens(t *testing.T) {
	c := newClassifier(t)
	p := newShells(t, c)["xdp"]
	for _, last := range []uint16{100, 300, 200} {
		r := Rules{}
		r.AddPool(lvs.UDP, addr(lip6), 50, last)
		must(t, c.replace(r))
		holds(t, c, r)
		for port, want := range map[string]bool{"49": false, "50": true, "150": last >= 150, "250": last >= 250, "301": false} {
			if got := p.takes(t, frame(udp("["+client6+"]:9", "["+lip6+"]:"+port))); got != want {
				t.Errorf("pool 50 to %d: port %s is taken: %t, want %t", last, port, got, want)
			}
		}
	}
}
