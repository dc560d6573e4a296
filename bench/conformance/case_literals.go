package conformance

// literals are packets by scapy 2.5.0, which computes all lengths and checksums, with
//
//	from scapy.all import *
//	C4, V4, R4 = '203.0.113.7', '198.51.100.10', '192.0.2.11'
//	C6, V6, R6 = '2001:db8:f::7', '2001:db8:1::10', '2001:db8:2::11'
//	i4, i6 = lambda s, d: IP(src=s, dst=d, id=0x1234), lambda s, d: IPv6(src=s, dst=d)
//	tcp = lambda s, d, f, a, **k: TCP(sport=s, dport=d, flags=f, seq=1000, ack=a, window=64240, **k)
//	o = [('MSS', 1460), ('SAckOK', b''), ('Timestamp', (1, 0)), ('NOP', None), ('WScale', 7)]
//	n = dict(a_rwnd=65535, n_out_streams=1, n_in_streams=1, init_tsn=1)
//	u4, u6 = (i(C, R)/UDP(sport=4242, dport=8080)/'who is there', one hop on)
//
// and the expression beside each, in which i, C, V and R are of its IP version.
type literals struct {
	syn, synAck, request string
	query, answer        string
	init, initAck        string
	unreachable, ping    string
	keys, esp, ah        string
}

var literally = [...]literals{
	{
		// i(C, V)/tcp(4242, 80, 'S', 0, options=o)
		syn: "4500003c1234000040060243cb007107c633640a" +
			"10920050000003e800000000a002faf0d1fe0000020405b40402080a000000010000000001030307",
		// i(R, C)/tcp(8080, 4242, 'SA', 2000, options=o)
		synAck: "4500003c1234000040066a75c000020bcb007107" +
			"1f901092000003e8000007d0a012faf013110000020405b40402080a000000010000000001030307",
		// i(C, V)/tcp(4242, 80, 'PA', 2000)/'GET / HTTP/1.0\r\n\r\n'
		request: "4500003a1234000040060245cb007107c633640a" +
			"10920050000003e8000007d05018faf0534a0000474554202f20485454502f312e300d0a0d0a",
		// i(C, V)/UDP(sport=4242, dport=80)/'who is there'
		query: "45000028123400004011024ccb007107c633640a" +
			"1092005000143d6377686f206973207468657265",
		// i(R, C)/UDP(sport=8080, dport=4242)/'it is I'
		answer: "450000231234000040116a83c000020bcb007107" +
			"1f901092000f8b9c69742069732049",
		// i(C, V)/SCTP(sport=4242, dport=80, tag=0)/SCTPChunkInit(init_tag=7, **n)
		init: "4500003412340000408401cdcb007107c633640a" +
			"1092005000000000fd67cc3801000014000000070000ffff0001000100000001",
		// i(R, C)/SCTP(sport=8080, dport=4242, tag=7)/SCTPChunkInitAck(init_tag=8, **n)
		initAck: "4500003412340000408469ffc000020bcb007107" +
			"1f901092000000074433adde02000014000000080000ffff0001000100000001",
		// i4(R4, C4)/ICMP(type=3, code=3)/u4
		unreachable: "450000441234000040016a72c000020bcb007107" +
			"0303fb350000000045000028123400003f116b7ecb007107c000020b10921f900014865577686f206973207468657265",
		// i4(C4, V4)/ICMP(type=8, id=7, seq=1)/'ping'
		ping: "450000201234000040010264cb007107c633640a" +
			"080019270007000170696e67",
		// i(C, V)/UDP(sport=500, dport=500)/'keys'
		keys: "450000201234000040110254cb007107c633640a" +
			"01f401f4000cb0cf6b657973",
		// i(C, V)/ESP(spi=0x1000, seq=1, data=b'sealed payload, ')
		esp: "4500002c1234000040320227cb007107c633640a" +
			"00001000000000017365616c6564207061796c6f61642c20",
		// i(C, V)/AH(nh=50, payloadlen=4, spi=0x2000, seq=1, icv=b'123456789012')/Raw(b'signed')
		ah: "450000321234000040330220cb007107c633640a" +
			"3204000000002000000000013132333435363738393031327369676e6564",
	},
	{
		// i(C, V)/tcp(4242, 80, 'S', 0, options=o)
		syn: "600000000028064020010db8000f0000000000000000000720010db8000100000000000000000010" +
			"10920050000003e800000000a002faf0dcab0000020405b40402080a000000010000000001030307",
		// i(R, C)/tcp(8080, 4242, 'SA', 2000, options=o)
		synAck: "600000000028064020010db800020000000000000000001120010db8000f00000000000000000007" +
			"1f901092000003e8000007d0a012faf0b5890000020405b40402080a000000010000000001030307",
		// i(C, V)/tcp(4242, 80, 'PA', 2000)/'GET / HTTP/1.0\r\n\r\n'
		request: "600000000026064020010db8000f0000000000000000000720010db8000100000000000000000010" +
			"10920050000003e8000007d05018faf05df70000474554202f20485454502f312e300d0a0d0a",
		// i(C, V)/UDP(sport=4242, dport=80)/'who is there'
		query: "600000000014114020010db8000f0000000000000000000720010db8000100000000000000000010" +
			"109200500014481077686f206973207468657265",
		// i(R, C)/UDP(sport=8080, dport=4242)/'it is I'
		answer: "60000000000f114020010db800020000000000000000001120010db8000f00000000000000000007" +
			"1f901092000f2e1569742069732049",
		// i(C, V)/SCTP(sport=4242, dport=80, tag=0)/SCTPChunkInit(init_tag=7, **n)
		init: "600000000020844020010db8000f0000000000000000000720010db8000100000000000000000010" +
			"1092005000000000fd67cc3801000014000000070000ffff0001000100000001",
		// i(R, C)/SCTP(sport=8080, dport=4242, tag=7)/SCTPChunkInitAck(init_tag=8, **n)
		initAck: "600000000020844020010db800020000000000000000001120010db8000f00000000000000000007" +
			"1f901092000000074433adde02000014000000080000ffff0001000100000001",
		// i6(R6, C6)/ICMPv6DestUnreach(code=4)/u6
		unreachable: "6000000000443a4020010db800020000000000000000001120010db8000f00000000000000000007" +
			"010431b400000000600000000014113f20010db8000f0000000000000000000720010db800020000000000000000001110921f90001428ce77686f206973207468657265",
		// i6(C6, V6)/ICMPv6EchoRequest(id=7, seq=1, data='ping')
		ping: "60000000000c3a4020010db8000f0000000000000000000720010db8000100000000000000000010" +
			"800045470007000170696e67",
		// i(C, V)/UDP(sport=500, dport=500)/'keys'
		keys: "60000000000c114020010db8000f0000000000000000000720010db8000100000000000000000010" +
			"01f401f4000cbb7c6b657973",
		// i(C, V)/ESP(spi=0x1000, seq=1, data=b'sealed payload, ')
		esp: "600000000018324020010db8000f0000000000000000000720010db8000100000000000000000010" +
			"00001000000000017365616c6564207061796c6f61642c20",
		// i(C, V)/AH(nh=50, payloadlen=4, spi=0x2000, seq=1, icv=b'123456789012')/Raw(b'signed')
		ah: "60000000001e334020010db8000f0000000000000000000720010db8000100000000000000000010" +
			"3204000000002000000000013132333435363738393031327369676e6564",
	},
}

// literalCases send packets that nothing of this package has made.
func literalCases() (list []Script) {
	for vi := range families {
		f, l := &families[vi], &literally[vi]
		list = append(list, literalNAT(f, l), literalIPsec(f, "esp", l.keys, l.esp), literalIPsec(f, "ah", l.keys, l.ah))
		for _, m := range methods[1:] {
			list = append(list, literalOneWay(f, l, m.name, m.options))
		}
	}
	return list
}

// literalServices are where literals go.
func literalServices(f *family, port int, options string) (commands []string) {
	for _, proto := range [...]string{"tcp", "udp", "sctp"} {
		s := f.on(proto, 80)
		commands = append(commands, s.add("rr"), s.with(0, port, options))
	}
	return commands
}

// those returns the step in which literals come from a side.
func those(side Side, literals ...string) Step {
	step := Step{From: side}
	for _, l := range literals {
		step.Packets = append(step.Packets, Packet{Literal: l})
	}
	return step
}

func literalNAT(f *family, l *literals) Script {
	return Script{
		Name: "literal/nat " + f.name, Commands: literalServices(f, 8080, "-m"),
		Steps: []Step{
			those(Client, l.syn), those(Real, l.synAck), those(Client, l.request),
			those(Client, l.query), those(Real, l.answer), those(Real, l.unreachable),
			those(Client, l.init), those(Real, l.initAck), those(Client, l.ping), look(),
		},
	}
}

func literalOneWay(f *family, l *literals, name, options string) Script {
	return Script{
		Name: "literal/" + name + " " + f.name, Commands: literalServices(f, 80, options),
		Steps:  []Step{those(Client, l.syn), those(Client, l.request), those(Client, l.query), those(Client, l.init)},
		Unwrap: name != "dr",
	}
}

// literalIPsec goes by the connection of its key exchange.
func literalIPsec(f *family, name, keys, payload string) Script {
	s := f.on("udp", 500)
	return Script{
		Name: "literal/" + name + " " + f.name, Commands: []string{s.add("rr"), s.with(0, 500, "-m")},
		Steps: []Step{those(Client, payload), those(Client, keys), those(Client, payload), look()},
	}
}
