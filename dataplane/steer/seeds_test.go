package steer

import (
	"encoding/binary"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"xlvs/lvs"
)

// A seed is one frame and whether the director of testRules takes it. The
// seeds are the specification of both classifiers, and what fuzzing starts from.
type seed struct {
	frame []byte
	take  bool
}

const (
	client4, client6 = "203.0.113.7", "2001:db8:7::7"
	vlan, qinq       = layers.EthernetTypeDot1Q, layers.EthernetTypeQinQ
)

func seeds(t testing.TB) map[string]seed {
	all := map[string]seed{}
	for _, group := range []map[string]seed{
		recorded(t), requests(), replies(), errors4(), errors6(), unheld(), fragments(), framing(), headers4(), headers6(),
		ipsec(), networks(), pools(),
	} {
		for name, s := range group {
			if _, ok := all[name]; ok {
				t.Fatalf("two frames are called %q", name)
			}
			all[name] = s
		}
	}
	return all
}

// recorded are frames that Linux 6.18 sent (socat between two namespaces,
// tcpdump -xx), and one of scapy: Ether()/Dot1Q(vlan=7)/IPv6()/
// IPv6ExtHdrHopByHop()/IPv6ExtHdrDestOpt(options=[PadN(optdata=b'\0'*12)])/
// IPv6ExtHdrFragment(m=1,id=5)/TCP(sport=4242,dport=443).
func recorded(t testing.TB) map[string]seed {
	const macs = "e23a151993e9620a7005f092"
	return map[string]seed{
		"recorded udp query": {unhex(t, macs+"08004500001e056840004011375ecb007107c000020110920035000afe246869"), true},
		"recorded port unreachable": {unhex(t, macs+"080045c0003adec6000040019d33c0000201cb0071070303859d"+
			"000000004500001e056840004011375ecb007107c000020110920035000afe246869"), true},
		"recorded udp query over ipv6": {unhex(t, macs+"86dd600e7363000a114020010db80007000000000000000000072001"+
			"0db800000000000000000000000110920035000a5b9c6869"), true},
		"recorded port unreachable over ipv6": {unhex(t, macs+"86dd6008a341003a3a4020010db8000000000000000000000001"+
			"20010db800070000000000000000000701048df200000000600e7363000a114020010db80007000000000000000000072001"+
			"0db800000000000000000000000110920035000a5b9c6869"), true},
		"recorded arp request": {unhex(t, "ffffffffffff620a7005f09208060001080006040001620a7005f092cb007107000000000000c0000201"), false},
		"recorded neighbour solicitation": {unhex(t, "3333ff000001620a7005f09286dd6000000000203aff20010db80007000000000000"+
			"00000007ff0200000000000000000001ff00000187005b7a0000000020010db80000000000000000000000010101620a7005f092"), false},
		"crafted tag and extension headers": {unhex(t, "02005e00000102005e0000078100000786dd600000000034004020010db80007000000"+
			"0000000000000720010db80000000000000000000000013c000104000000002c01010c00000000000000000000000006000001000000"+
			"05109201bb00000000000000005002200022150000"), true},
	}
}

func requests() map[string]seed {
	return map[string]seed{
		"tcp to a service":                {frame(tcp(client4+":4242", "192.0.2.1:80")), true},
		"udp to a service":                {frame(udp(client4+":4242", "192.0.2.1:53")), true},
		"sctp to a service":               {frame(packet(lvs.SCTP, client4+":4242", "192.0.2.1:3868")), true},
		"tcp to a service over ipv6":      {frame(tcp("[2001:db8:7::7]:4242", "[2001:db8::1]:443")), true},
		"to a port 0 service":             {frame(tcp(client4+":4242", "192.0.2.2:1234")), true},
		"to port 0 of a port 0 service":   {frame(tcp(client4+":4242", "192.0.2.2:0")), true},
		"to port 0 beside a service":      {frame(tcp(client4+":4242", "192.0.2.1:0")), false},
		"to a service's other port":       {frame(tcp(client4+":4242", "192.0.2.1:22")), false},
		"to a service's other protocol":   {frame(udp(client4+":4242", "192.0.2.1:80")), false},
		"udp to a tcp port 0 service":     {frame(udp(client4+":4242", "192.0.2.2:1234")), false},
		"to a real server, not by us":     {frame(tcp(client4+":4242", "198.51.100.9:8080")), false},
		"ssh to the host":                 {frame(tcp(client4+":4242", "198.51.100.1:22")), false},
		"ssh to the host over ipv6":       {frame(tcp("[2001:db8:7::7]:4242", "[2001:db8:9::1]:22")), false},
		"udp-lite to a service":           {frame(packet(136, client4+":4242", "192.0.2.1:53")), false},
		"ipip to a service":               {frame(packet(4, client4+":4242", "192.0.2.1:80")), false},
		"service's ports in another flow": {frame(tcp("203.0.113.8:80", "203.0.113.9:80")), false},
	}
}

func replies() map[string]seed {
	return map[string]seed{
		"real server to a client":               {frame(tcp("198.51.100.9:8080", client4+":4242")), true},
		"real server to a client over ipv6":     {frame(tcp("[2001:db8:9::9]:8443", "[2001:db8:7::7]:4242")), true},
		"real server of any port":               {frame(udp("198.51.100.10:9999", client4+":4242")), true},
		"real server's other port":              {frame(tcp("198.51.100.9:22", client4+":4242")), false},
		"real server's other protocol":          {frame(udp("198.51.100.9:8080", client4+":4242")), false},
		"real server to the host":               {frame(tcp("198.51.100.9:8080", "198.51.100.1:4242")), false},
		"real server to the host over ipv6":     {frame(tcp("[2001:db8:9::9]:8443", "[2001:db8:9::1]:4242")), false},
		"real server to a local VIP":            {frame(tcp("198.51.100.9:8080", "192.0.2.1:4242")), true},
		"real server to a VIP that is nobody's": {frame(tcp("198.51.100.9:8080", "192.0.2.2:4242")), true},
		"real server as client of a service":    {frame(tcp("198.51.100.9:4242", "192.0.2.1:80")), true},
		"service to a client":                   {frame(tcp("192.0.2.1:80", client4+":4242")), true},
		"port 0 service to a client":            {frame(tcp("192.0.2.2:1234", client4+":4242")), true},
		"service's other port to a client":      {frame(tcp("192.0.2.1:22", client4+":4242")), false},
		"service to the host":                   {frame(tcp("192.0.2.1:80", "198.51.100.1:4242")), false},
	}
}

// VIPs of testRules that no interface holds.
const unheld4, unheld6 = "192.0.2.99", "2001:db8::99"

// unheld are frames that a host would answer if it knew the VIP, and those of
// clients on the director itself.
func unheld() map[string]seed {
	served := tcp("192.0.2.1:80", client4+":4242")
	return map[string]seed{
		"any port of an unheld VIP":               {frame(tcp(client4+":4242", unheld4+":4443")), true},
		"any datagram to an unheld VIP":           {frame(udp(client4+":4242", unheld4+":4443")), true},
		"any port of an unheld VIP over ipv6":     {frame(tcp("["+client6+"]:4242", "["+unheld6+"]:4443")), true},
		"echo request to an unheld VIP":           {frame(icmp(8, client4, unheld4, served)), true},
		"echo request to an unheld VIP over ipv6": {frame(icmp(128, client6, unheld6, served)), true},
		"echo reply to an unheld VIP":             {frame(icmp(0, client4, unheld4, served)), false},
		"echo reply to an unheld VIP over ipv6":   {frame(icmp(129, client6, unheld6, served)), false},
		"given back to the host":                  {stamped(frame(tcp(client4+":4242", unheld4+":80"))), false},
		"truncated echo request":                  {frame(icmp(8, client4, unheld4, served)[:24]), false},
		"real server to a local client":           {frame(tcp("198.51.100.9:8080", "198.51.100.1:40000")), true},
		"stranger to a local client":              {frame(tcp(client4+":80", "198.51.100.1:40000")), true},
		"real server to another port of the host": {frame(tcp("198.51.100.9:8080", "198.51.100.1:40001")), false},
	}
}

// stamped says that the director gave a frame back.
func stamped(frame []byte) []byte {
	copy(frame[6:], binary.BigEndian.AppendUint64(nil, HostStamp)[2:])
	return frame
}

func errors4() map[string]seed {
	request, reply := tcp(client4+":4242", "198.51.100.9:8080"), tcp("198.51.100.9:8080", client4+":4242")
	served := tcp("192.0.2.1:80", client4+":4242")
	return map[string]seed{
		"unreachable about a service's packet":      {frame(icmp(3, client4, "192.0.2.1", served)), true},
		"source quench about a service's packet":    {frame(icmp(4, client4, "192.0.2.1", served)), true},
		"time exceeded about a service's packet":    {frame(icmp(11, client4, "192.0.2.1", served)), true},
		"parameter problem about a service":         {frame(icmp(12, client4, "192.0.2.1", served)), false},
		"redirect about a service's packet":         {frame(icmp(5, client4, "192.0.2.1", served)), false},
		"echo request that looks like an error":     {frame(icmp(8, client4, "192.0.2.1", served)), false},
		"error about a packet to a real server":     {frame(icmp(3, "198.51.100.9", client4, request)), true},
		"error about a real server's packet":        {frame(icmp(3, "198.51.100.9", "198.51.100.9", reply)), true},
		"error about a packet to a service":         {frame(icmp(3, "198.51.100.9", client4, tcp(client4+":4242", "192.0.2.1:80"))), true},
		"error about a port 0 service":              {frame(icmp(3, client4, "192.0.2.2", tcp("192.0.2.2:1234", client4+":4242"))), true},
		"error about the host's own connection":     {frame(icmp(3, "198.51.100.9", "198.51.100.1", tcp("198.51.100.1:4242", "198.51.100.9:8080"))), false},
		"error about an ssh packet":                 {frame(icmp(3, client4, "192.0.2.1", tcp("192.0.2.1:22", client4+":4242"))), false},
		"error about an echo request":               {frame(icmp(3, client4, "192.0.2.1", icmp(8, "192.0.2.1", client4, served))), false},
		"error about an error":                      {frame(icmp(3, client4, "192.0.2.1", icmp(3, "192.0.2.1", client4, served))), false},
		"error about a fragment":                    {frame(icmp(11, client4, "192.0.2.1", fragment4(tcp("192.0.2.1:80", client4+":4242"), 3))), false},
		"error about a packet with options":         {frame(icmp(3, client4, "192.0.2.1", options4(tcp("192.0.2.1:80", client4+":4242"), 40))), true},
		"error that is itself a fragment":           {frame(fragment4(icmp(3, client4, "192.0.2.1", served), 1)), false},
		"error that quotes ipv6":                    {frame(icmp(3, client4, "192.0.2.1", tcp("[2001:db8::1]:443", "[2001:db8:7::7]:4242"))), false},
		"error with 8 bytes of the packet":          {frame(icmp(3, client4, "192.0.2.1", served[:ipv4Size+8])), true},
		"error with three bytes of ports":           {frame(icmp(3, client4, "192.0.2.1", served[:ipv4Size+3])), false},
		"error with options behind ethernet's tags": {frame(options4(icmp(3, client4, "192.0.2.1", served), 8), qinq, vlan), true},
	}
}

func errors6() map[string]seed {
	served := tcp("[2001:db8::1]:443", "[2001:db8:7::7]:4242")
	host := tcp("[2001:db8:9::1]:4242", "[2001:db8:9::9]:8443")
	back := tcp("[2001:db8:7::7]:4242", "[2001:db8:9::9]:8443")
	const vip = "2001:db8::1"
	return map[string]seed{
		"packet too big about a service's packet":      {frame(icmp(2, client6, vip, served)), true},
		"private error about a service's packet":       {frame(icmp(127, client6, vip, served)), true},
		"echo request over ipv6 that looks like one":   {frame(icmp(128, client6, vip, served)), false},
		"neighbour solicitation that looks like one":   {frame(icmp(135, client6, vip, served)), false},
		"ipv6 error about a packet to a real server":   {frame(icmp(1, "2001:db8:9::9", client6, back)), true},
		"ipv6 error about the host's own connection":   {frame(icmp(1, "2001:db8:9::9", "2001:db8:9::1", host)), false},
		"ipv6 error about extension headers":           {frame(icmp(1, client6, vip, extend(served, hopByHop(), fragment6(0), routing()))), true},
		"ipv6 error behind extension headers":          {frame(extend(icmp(1, client6, vip, served), routing(), destOptions())), true},
		"ipv6 error about a fragment":                  {frame(icmp(1, client6, vip, extend(served, fragment6(3)))), false},
		"ipv6 error that quotes ipv4":                  {frame(icmp(1, client6, vip, tcp("192.0.2.1:80", client4+":4242"))), false},
		"icmpv6 inside ipv4":                           {frame(ip4of(58, icmp(1, client6, vip, served)[ipv6Size:])), false},
		"icmpv4 inside ipv6":                           {frame(set(icmp(3, client6, vip, served), 6, 1)), false},
		"ipv6 error with three bytes of ports":         {frame(icmp(1, client6, vip, served[:ipv6Size+3])), false},
		"ipv6 error without the whole quoted header":   {frame(icmp(1, client6, vip, served[:ipv6Size-1])), false},
		"ipv6 error whose quoted extension is cut off": {frame(icmp(1, client6, vip, extend(served, routing())[:ipv6Size+7])), false},
	}
}

func framing() map[string]seed {
	request := tcp(client4+":4242", "192.0.2.1:80")
	return map[string]seed{
		"802.1Q tag":                       {frame(request, vlan), true},
		"802.1ad tag":                      {frame(request, qinq), true},
		"802.1ad and 802.1Q tag":           {frame(request, qinq, vlan), true},
		"802.1Q tag twice":                 {frame(request, vlan, vlan), true},
		"three tags":                       {frame(request, qinq, vlan, vlan), false},
		"tag before ipv6":                  {frame(tcp("[2001:db8:7::7]:4242", "[2001:db8::1]:443"), vlan), true},
		"tag 0x9100, which is no standard": {frame(request, 0x9100), false},
		"broadcast destination":            {set(frame(request), 0, 0xff), false},
		"multicast destination":            {set(frame(request), 0, 0x01), false},
		"another unicast destination":      {set(frame(request), 0, 0x52), true},
		"ipv4 under the type of ipv6":      {set(set(frame(request), 12, 0x86), 13, 0xdd), false},
		"mpls":                             {set(set(frame(request), 12, 0x88), 13, 0x47), false},
		"length instead of a type":         {set(set(frame(request), 12, 0), 13, 40), false},
		"padding behind the packet":        {append(frame(request), make([]byte, 6)...), true},
		"nothing behind the header":        {frame(request)[:ethernetSize], false},
		"nothing behind a tag":             {frame(request, vlan)[:ethernetSize+vlanSize], false},
		"all zeroes":                       {make([]byte, 64), false},
	}
}

func headers4() map[string]seed {
	request := func() []byte { return tcp(client4+":4242", "192.0.2.1:80") }
	return map[string]seed{
		"ipv4 with one option":          {frame(options4(request(), 4)), true},
		"ipv4 with 40 bytes of options": {frame(options4(request(), 40)), true},
		"ipv4 header of four words":     {frame(set(request(), 0, 0x44)), false},
		"ipv4 header past the frame":    {frame(set(request()[:ipv4Size+8], 0, 0x4f)), false},
		"ipv4 of version 5":             {set(frame(request()), ethernetSize, 0x55), false},
		"ipv4 total length of zero":     {frame(set(set(request(), 2, 0), 3, 0)), true},
		"ipv4 with don't fragment":      {frame(set(request(), 6, 0x40)), true},
		"ipv4 with the reserved bit":    {frame(set(request(), 6, 0x80)), true},
	}
}

func headers6() map[string]seed {
	request := func() []byte { return tcp("[2001:db8:7::7]:4242", "[2001:db8::1]:443") }
	six := []extension{hopByHop(), destOptions(), routing(), atomic(), routing(), destOptions()}
	long := extension{protoDestOptions, append([]byte{0, 255}, make([]byte, 2046)...)}
	return map[string]seed{
		"hop-by-hop options":               {frame(extend(request(), hopByHop())), true},
		"destination options":              {frame(extend(request(), destOptions())), true},
		"routing header":                   {frame(extend(request(), routing())), true},
		"atomic fragment":                  {frame(extend(request(), atomic())), true},
		"atomic fragment to ssh":           {frame(extend(tcp("[2001:db8:7::7]:4242", "[2001:db8::1]:22"), atomic())), false},
		"authentication header":            {frame(extend(request(), ah())), true},
		"six extension headers":            {frame(extend(request(), six...)), true},
		"seven extension headers":          {frame(extend(request(), append(six, hopByHop())...)), false},
		"six extension headers and tags":   {frame(extend(request(), six...), qinq, vlan), true},
		"longest extension header":         {frame(extend(request(), long)), true},
		"extension header past the frame":  {frame(extend(request(), long)[:1000]), false},
		"no next header":                   {frame(set(request(), 6, 59)), false},
		"esp":                              {frame(set(request(), 6, 50)), true},
		"mobility header":                  {frame(extend(request(), extension{135, make([]byte, 8)})), false},
		"extensions to ssh":                {frame(extend(tcp("[2001:db8:7::7]:4242", "[2001:db8::1]:22"), hopByHop())), false},
		"ipv6 of version 4":                {set(frame(request()), ethernetSize, 0x40), false},
		"ipv6 with class and label":        {set(set(frame(request()), ethernetSize, 0x6f), ethernetSize+1, 0xff), true},
		"IPv4-mapped VIP over ipv6":        {frame(mapped4("2001:db8:7::7", "192.0.2.1", 80)), false},
		"IPv4-mapped client over ipv6":     {frame(mapped4(client4, "2001:db8::1", 443)), false},
		"IPv4-compatible address over it":  {frame(tcp("[::203.0.113.7]:4242", "[2001:db8::1]:443")), true},
		"ipv6 header one byte short":       {frame(request()[:ipv6Size-1]), false},
		"ipv6 ports one byte short":        {frame(request()[:ipv6Size+3]), false},
		"ipv6 packet of nothing but ports": {frame(request()[:ipv6Size+4]), true},
	}
}

// ip4of returns an IPv4 packet to a service with a payload of any protocol.
func ip4of(proto uint8, payload []byte) []byte {
	p := append(tcp(client4+":4242", "192.0.2.1:80")[:ipv4Size], payload...)
	return set(p, 9, proto)
}

// mapped4 returns an IPv6 packet one of whose addresses is IPv4-mapped.
func mapped4(src, dst string, port uint16) []byte {
	p := tcp("[2001:db8:7::7]:4242", "[2001:db8::1]:443")
	s, d := addr(src).As16(), addr(dst).As16()
	copy(p[8:], s[:])
	copy(p[24:], d[:])
	binary.BigEndian.PutUint16(p[ipv6Size+2:], port)
	return p
}
