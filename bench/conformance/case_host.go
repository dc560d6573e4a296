package conformance

import "fmt"

// hostCases are packets that are none of the director's, and what becomes of them.
func hostCases() (list []Script) {
	for vi := range families {
		list = append(list, strays(&families[vi]), ipsec(&families[vi], "50"), ipsec(&families[vi], "51"))
	}
	return list
}

func strays(f *family) Script {
	tcp, udp, sctp := f.on("tcp", 80), f.on("udp", 53), f.on("sctp", 80)
	script := Script{
		Name: "host/strays " + f.name,
		Commands: []string{
			tcp.add("rr"), tcp.with(0, 80, "-m"), udp.add("rr"), udp.with(0, 53, "-m"), sctp.add("rr"), sctp.with(0, 80, "-m"),
		},
	}
	send := func(p Packet) { script.Steps = append(script.Steps, from(Client, p)) }
	for _, word := range [...]string{"A", "PA", "FA", "R", "RA", "-", "SA"} {
		send(tcp.talk(0, 2000, 0, 0).in(word))
	}
	for _, word := range [...]string{"data", "abort", "init-ack", "shutdown"} {
		send(sctp.talk(0, 2000, 0, 0).in(word))
	}
	for _, proto := range [...]string{"tcp", "udp"} {
		send(f.on(proto, 7777).talk(0, 2000, 0, 0).in(firstWords[proto]))      // no service
		send(f.on(proto, tcp.port).talk(0, 20, 0, 0).in(firstWords[proto]))    // from FTP's data port
		send(f.on(proto, udp.port).talk(0, 20, 0, 0).in(firstWords[proto]))    // and another
		send(f.on(proto, tcp.port).talk(0, 0, 0, 0).in(firstWords[proto]))     // from port 0
		send(f.on(proto, 0).talk(0, 2000, 0, 0).in(firstWords[proto]))         // to port 0
		send(talk{proto, at(f.client(0), 9), at(f.real(0), 80), ""}.in("A"))   // through the director
		send(talk{proto, at(f.client(0), 9), at(f.client(3), 80), ""}.in("A")) // and back out
	}
	for _, proto := range [...]string{"4", "41", "47", "50"} {
		send(Packet{Proto: proto, Src: f.client(0), Dst: f.vip(), Data: "12345678901234567890123456789012"})
	}
	echo := Packet{Proto: f.icmp, Src: f.client(0), Dst: f.vip(), Type: 8, MTU: 0x10001, Data: "ping"}
	if f.name == "v6" {
		echo.Type = 128
	}
	send(echo)
	echo.TTL = 1
	send(echo)
	echo.Dst = f.real(0) // and through the director
	send(echo)
	return script
}

// ipsec has a protocol, ESP or AH, go by the connection of its key exchange.
func ipsec(f *family, proto string) Script {
	keys := f.on("udp", 500)
	payload := Packet{Proto: proto, Src: f.client(1), Dst: f.vip(), Data: fmt.Sprintf("%032d", 7)}
	answer := payload
	answer.Src, answer.Dst = f.real(0), f.client(1)
	return Script{
		Name:     fmt.Sprintf("host/%s %s", map[string]string{"50": "esp", "51": "ah"}[proto], f.name),
		Commands: []string{keys.add("rr"), keys.with(0, 500, "-m")},
		Steps: []Step{
			from(Client, payload), from(Client, keys.talk(1, 500, 0, 0).in("keys")), from(Client, payload), from(Real, answer), look(),
		},
	}
}
