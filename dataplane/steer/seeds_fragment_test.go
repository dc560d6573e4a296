package steer

import "xlvs/lvs"

// fragments are pieces of datagrams. Those with "first", "later" and "last" in
// their names differ in nothing else, and so must not in what becomes of them.
func fragments() map[string]seed {
	all := map[string]seed{
		"last possible fragment to a VIP":     {frame(last4(tcp(client4+":9", "192.0.2.1:9"), 0x1fff)), true},
		"later fragment without payload":      {frame(fragment4(tcp(client4+":9", "192.0.2.1:9"), 1)[:ipv4Size]), true},
		"first fragment without payload":      {frame(fragment4(tcp(client4+":9", "192.0.2.1:9"), 0)[:ipv4Size]), true},
		"later fragment with options cut off": {frame(set(fragment4(tcp(client4+":9", "192.0.2.1:9"), 1)[:ipv4Size], 0, 0x46)), false},
		"first fragment with options":         {frame(options4(fragment4(tcp(client4+":9", "192.0.2.1:9"), 0), 8)), true},
		"fragment header cut off":             {frame(extend(request6(), fragment6(1))[:ipv6Size+7]), false},
		"fragment header and nothing more":    {frame(extend(request6(), fragment6(0))[:ipv6Size+8]), true},
		"first of two fragment headers":       {frame(extend(request6(), fragment6(0), fragment6(1))), false},
		"atomic fragment header and a later":  {frame(extend(request6(), atomic(), fragment6(1))), true},
		"don't fragment and more fragments":   {frame(set(fragment4(tcp(client4+":9", "192.0.2.1:9"), 0), 6, 0x60)), true},
		"reserved bit and a whole packet":     {frame(set(tcp(client4+":9", "192.0.2.1:9"), 6, 0x80)), false},
		"given back to the host in fragments": {stamped(frame(fragment4(tcp(client4+":9", "192.0.2.1:9"), 0))), false},
		"error about a first fragment":        {frame(icmp(11, client4, "192.0.2.1", fragment4(tcp("192.0.2.1:80", client4+":4242"), 0))), true},
		"error about a first fragment of ssh": {frame(icmp(11, client4, "192.0.2.1", fragment4(tcp("192.0.2.1:22", client4+":4242"), 0))), false},
		"ipv6 error about a fragment of ssh":  {frame(icmp(3, client6, "2001:db8::1", extend(tcp("[2001:db8::1]:22", "["+client6+"]:9"), fragment6(0)))), false},
	}
	for name, s := range datagrams() {
		for which, piece := range map[string][]byte{"first": s.piece(0), "later": s.piece(1), "last": s.last(2)} {
			all[which+" fragment "+name] = seed{frame(piece), s.take}
		}
	}
	for name, s := range datagrams6() {
		for which, piece := range map[string][]byte{"first": s.piece(0), "later": s.piece(1), "last": s.last(2)} {
			all[which+" ipv6 fragment"+name] = seed{frame(piece), s.take}
		}
	}
	return all
}

func request6() []byte { return tcp("[2001:db8:7::7]:4242", "[2001:db8::1]:443") }

// A datagram is cut into pieces by piece and last.
type datagram struct {
	packet []byte
	take   bool
}

func (d datagram) piece(offset uint16) []byte {
	return fragment4(append([]byte(nil), d.packet...), offset)
}

func (d datagram) last(offset uint16) []byte {
	return last4(append([]byte(nil), d.packet...), offset)
}

func datagrams() map[string]datagram {
	served := tcp("192.0.2.1:80", client4+":4242")
	return map[string]datagram{
		"to a VIP":                    {tcp(client4+":9", "192.0.2.1:9"), true},
		"to a service":                {tcp(client4+":4242", "192.0.2.1:80"), true},
		"to a VIP's ssh":              {tcp(client4+":4242", "192.0.2.1:22"), true},
		"of sctp":                     {packet(lvs.SCTP, client4+":9", "192.0.2.1:9"), true},
		"of esp":                      {packet(lvs.ESP, client4+":0", "192.0.2.1:0"), true},
		"of ah":                       {packet(lvs.AH, client4+":0", "192.0.2.1:0"), true},
		"of another protocol":         {udp(client4+":9", "192.0.2.2:9"), false},
		"of a protocol of no service": {packet(136, client4+":9", "192.0.2.1:9"), false},
		"of protocol 0":               {packet(0, client4+":9", "192.0.2.1:9"), false},
		"of icmp":                     {icmp(8, client4, "192.0.2.1", nil), false},
		"of an error":                 {icmp(3, client4, "192.0.2.1", served), false},
		"of an echo to an unheld VIP": {icmp(8, client4, unheld4, served), true},
		"of icmpv6 to an unheld VIP":  {set(icmp(8, client4, unheld4, served), 9, 58), false},
		"of a real server":            {tcp("198.51.100.9:9", client4+":9"), true},
		"of a VIP":                    {tcp("192.0.2.1:9", client4+":9"), true},
		"to the host":                 {tcp("198.51.100.9:9", "198.51.100.20:9"), false},
		"to a client on the director": {tcp(client4+":9", "198.51.100.1:9"), true},
		"of udp to a local address":   {udp(client4+":9", lip4+":22"), true},
		"between strangers":           {tcp(client4+":80", "203.0.113.9:80"), false},
		"to a network":                {udp(client4+":9", "192.0.2.130:9"), true},
	}
}

// A datagram6 has extension headers before its fragment header and behind it.
type datagram6 struct {
	packet         []byte
	before, behind []extension
	take           bool
}

func (d datagram6) piece(offset uint16) []byte { return d.with(fragment6(offset)) }
func (d datagram6) last(offset uint16) []byte  { return d.with(last6(offset)) }

func (d datagram6) with(fragment extension) []byte {
	exts := append(append([]extension(nil), d.before...), fragment)
	return extend(d.packet, append(exts, d.behind...)...)
}

func datagrams6() map[string]datagram6 {
	two := []extension{hopByHop(), routing()}
	options := []extension{destOptions()}
	return map[string]datagram6{
		"":                             {request6(), nil, nil, true},
		" to a VIP's ssh":              {tcp("[2001:db8:7::7]:9", "[2001:db8::1]:22"), nil, nil, true},
		" behind options":              {request6(), two, nil, true},
		" of options":                  {request6(), nil, options, false},
		" of ah":                       {request6(), nil, []extension{ah()}, true},
		" of an echo to an unheld VIP": {icmp(128, client6, unheld6, nil), nil, nil, true},
		" of icmpv6":                   {icmp(128, client6, "2001:db8::1", nil), nil, nil, false},
		" to the host":                 {tcp("[2001:db8:9::9]:9", "[2001:db8:9::1]:9"), nil, nil, false},
		" to a network":                {tcp("[2001:db8:7::7]:9", "[2001:db8:ffff::1]:9"), nil, nil, true},
	}
}
