package steer

import "xlvs/lvs"

// portless adds to the rules of the tests what has no ports: AH and ESP, and
// networks whose packets may carry a firewall mark.
func portless(r Rules) {
	for _, vip := range []string{"192.0.2.1", "2001:db8::1"} {
		r.AddService(lvs.AH, addr(vip), 0)
		r.AddService(lvs.ESP, addr(vip), 0)
	}
	r.AddReply(lvs.ESP, addr("198.51.100.9"), 0)
	r.AddReply(lvs.AH, addr("2001:db8:9::9"), 0)
	r.AddNetwork(lvs.IP, prefix("192.0.2.130/25"))
	r.AddNetwork(lvs.TCP, prefix("192.0.2.160/27")) // inside of it
	r.AddNetwork(lvs.ESP, prefix("192.0.2.128/25"))
	r.AddNetwork(lvs.UDP, prefix("198.51.100.0/29")) // with an address of the host's
	r.AddNetwork(lvs.TCP, prefix("2001:db8:8000::/33"))
	r.AddNetwork(lvs.SCTP, prefix("192.0.2.3/32"))
}

func ipsec() map[string]seed {
	esp := func(from, to string) []byte { return packet(lvs.ESP, from+":0", to+":0") }
	esp6 := packet(lvs.ESP, "[2001:db8:7::7]:0", "[2001:db8::1]:0")
	request6 := tcp("[2001:db8:7::7]:4242", "[2001:db8::1]:443")
	nothing := func(packet []byte) []byte { return packet[:ipv4Size] }
	return map[string]seed{
		"esp to a service":                     {frame(esp(client4, "192.0.2.1")), true},
		"esp that is nothing but a header":     {frame(nothing(esp(client4, "192.0.2.1"))), true},
		"esp to a VIP without it":              {frame(esp(client4, "192.0.2.2")), false},
		"esp to the host":                      {frame(esp(client4, "198.51.100.1")), false},
		"esp of a service":                     {frame(esp("192.0.2.1", client4)), true},
		"esp of a real server":                 {frame(esp("198.51.100.9", client4)), true},
		"esp of a real server to the host":     {frame(esp("198.51.100.9", "198.51.100.1")), false},
		"ah of a real server of esp":           {frame(packet(lvs.AH, "198.51.100.9:0", client4+":0")), false},
		"error about esp":                      {frame(icmp(3, client4, "192.0.2.1", esp("192.0.2.1", client4))), true},
		"error about esp to a real server":     {frame(icmp(3, "198.51.100.9", client4, esp(client4, "198.51.100.9"))), true},
		"error about esp and nothing more":     {frame(icmp(3, client4, "192.0.2.1", nothing(esp("192.0.2.1", client4)))), true},
		"error about a later fragment of esp":  {frame(icmp(3, client4, "192.0.2.1", fragment4(esp("192.0.2.1", client4), 1))), true},
		"error about a stranger's esp":         {frame(icmp(3, client4, "198.51.100.1", esp("198.51.100.1", client4))), false},
		"esp over ipv6":                        {frame(esp6), true},
		"esp over ipv6 behind options":         {frame(extend(esp6, hopByHop())), true},
		"later ipv6 fragment of esp":           {frame(extend(esp6, fragment6(1))), true},
		"ipv6 error about esp":                 {frame(icmp(1, client6, "2001:db8::1", esp6)), true},
		"ipv6 error about a fragment of esp":   {frame(icmp(1, client6, "2001:db8::1", extend(esp6, fragment6(1)))), true},
		"ah over ipv4":                         {frame(set(tcp(client4+":4242", "192.0.2.1:80"), 9, byte(lvs.AH))), true},
		"ah to a VIP without it":               {frame(set(tcp(client4+":4242", "192.0.2.2:80"), 9, byte(lvs.AH))), false},
		"ah over ipv6 to a VIP without it":     {frame(extend(tcp("[2001:db8:7::7]:4242", "["+unheld6+"]:443"), ah())), false},
		"ah over ipv6 of a real server":        {frame(extend(tcp("[2001:db8:9::9]:22", "[2001:db8:7::7]:4242"), ah())), true},
		"ah over ipv6 behind options":          {frame(extend(request6, hopByHop(), ah())), true},
		"ah over ipv6 behind options past it":  {frame(set(extend(request6, hopByHop(), ah()), ipv6Size+1, 127)), false},
		"ipv6 error about ah":                  {frame(icmp(1, client6, "2001:db8::1", extend(request6, ah()))), true},
		"error about sctp":                     {frame(icmp(3, client4, "192.0.2.1", packet(lvs.SCTP, "192.0.2.1:3868", client4+":4242"))), true},
		"error about the other ports of sctp":  {frame(icmp(3, client4, "192.0.2.1", packet(lvs.SCTP, "192.0.2.1:3869", client4+":4242"))), false},
		"sctp of a service":                    {frame(packet(lvs.SCTP, "192.0.2.1:3868", client4+":4242")), true},
		"ipsec's key exchange beside services": {frame(udp(client4+":500", "192.0.2.1:500")), false},
	}
}

func networks() map[string]seed {
	const inside, host = "192.0.2.130", "198.51.100.1"
	return map[string]seed{
		"tcp to a network":                                  {frame(tcp(client4+":4242", inside+":22")), true},
		"udp to a network":                                  {frame(udp(client4+":4242", inside+":22")), true},
		"sctp to a network":                                 {frame(packet(lvs.SCTP, client4+":4242", inside+":22")), true},
		"to a network's first address":                      {frame(tcp(client4+":4242", "192.0.2.128:22")), true},
		"to a network's last address":                       {frame(tcp(client4+":4242", "192.0.2.255:22")), true},
		"to the address before a network":                   {frame(tcp(client4+":4242", "192.0.2.127:22")), false},
		"to the address behind a network":                   {frame(tcp(client4+":4242", "192.0.3.0:22")), false},
		"to a network inside a network":                     {frame(tcp(client4+":4242", "192.0.2.161:22")), true},
		"udp to a tcp network inside of one":                {frame(udp(client4+":4242", "192.0.2.161:22")), true},
		"esp to a network":                                  {frame(packet(lvs.ESP, client4+":0", inside+":0")), true},
		"ah to a network without it":                        {frame(packet(lvs.AH, client4+":0", inside+":0")), false},
		"ipip to a network":                                 {frame(packet(4, client4+":0", inside+":0")), false},
		"echo request to a network":                         {frame(icmp(8, client4, inside, nil)), false},
		"from a network to a client":                        {frame(tcp(inside+":80", client4+":4242")), false},
		"error about a network's packet":                    {frame(icmp(3, client4, inside, tcp(inside+":80", client4+":4242"))), true},
		"error about a packet to a network":                 {frame(icmp(3, "198.51.100.9", client4, tcp(client4+":4242", inside+":80"))), true},
		"a network's packet and tags":                       {frame(udp(client4+":4242", inside+":22"), qinq, vlan), true},
		"host's own address in a network":                   {frame(udp(client4+":4242", host+":123")), true},
		"host's own address and ssh":                        {frame(tcp(client4+":4242", host+":22")), false},
		"network of one address":                            {frame(packet(lvs.SCTP, client4+":4242", "192.0.2.3:22")), true},
		"from a network of one address":                     {frame(packet(lvs.SCTP, "192.0.2.3:22", client4+":4242")), true},
		"ipv6 network":                                      {frame(tcp("[2001:db8:7::7]:4242", "[2001:db8:ffff::1]:22")), true},
		"ipv6 network's other half":                         {frame(tcp("[2001:db8:7::7]:4242", "[2001:db8:7fff::1]:22")), false},
		"ipv6 error about a network":                        {frame(icmp(1, client6, "2001:db8:ffff::1", tcp("[2001:db8:ffff::1]:80", "[2001:db8:7::7]:4242"))), true},
		"network that an ipv6 address ends in as ipv4 does": {frame(tcp("[2001:db8:7::7]:4242", "[::192.0.2.130]:22")), false},
	}
}
