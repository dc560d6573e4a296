package encap

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// sctp builds a packet that carries one DATA chunk.
func sctp(value string) build {
	return func(s, d string) []byte {
		return packettest.SCTP(s, d, packettest.Chunk(header.ChunkData, value))
	}
}

// families are a client, a virtual service and a real server of each.
func families() [][3]string {
	return [][3]string{{client4, virtual4, real4}, {client6, virtual6, real6}}
}

func TestNATOfSCTP(t *testing.T) {
	for name, b := range map[string]build{
		"no chunk": func(s, d string) []byte { return packettest.SCTP(s, d) },
		"odd":      sctp("odd"),
		"long":     sctp(string(make([]byte, 1400))),
		"tagged":   func(s, d string) []byte { return packettest.VLAN(sctp("odd")(s, d), 100) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, e := range families() {
				testBothWays(t, b, e[0], e[1], e[2])
			}
		})
	}
}

func TestNATFinishesSCTP(t *testing.T) {
	for _, e := range families() {
		for name, to := range map[string]string{"to another port": e[2], "to the same port": samePort(e[2], e[1])} {
			for _, known := range []bool{true, false} {
				in := packettest.Unfinished(sctp("odd")(e[0], e[1]))
				p, proto := mustParse(t, in)
				if known {
					p.Sum = packettest.Partial(in)
				}
				addr, port := endpoint(to)
				NATRequest(p, proto, addr, port)
				wantFrame(t, p, packettest.TTL(sctp("odd")(e[0], to), 63))
				if p.Sum != (packet.Partial{}) {
					t.Errorf("%s: Sum = %+v, want none", name, p.Sum)
				}
			}
		}
	}
}

// samePort returns the endpoint with the address of one and the port of another.
func samePort(addr, port string) string {
	a, _ := endpoint(addr)
	_, n := endpoint(port)
	return netip.AddrPortFrom(a.Netip(), n).String()
}

// TestNATKeepsAWrongSCTPChecksumWrong: the director must not vouch for what was
// damaged before it came.
func TestNATKeepsAWrongSCTPChecksumWrong(t *testing.T) {
	p, proto := mustParse(t, sctp("odd")(client4, virtual4))
	header.SCTP(p.Bytes()[p.L4:]).Chunks()[5] ^= 1
	for _, to := range []string{real4, virtual4} {
		addr, port := endpoint(to)
		NATRequest(p, proto, addr, port)
		if header.SCTP(p.Bytes()[p.L4:]).ChecksumOK() {
			t.Errorf("to %s: the checksum has become right", to)
		}
	}
	header.SCTP(p.Bytes()[p.L4:]).Chunks()[5] ^= 1 // the damage undone
	wantFrame(t, p, packettest.TTL(sctp("odd")(client4, virtual4), 62))
}

func TestNATOfSCTPIsWhatBuildingAnewWouldGive(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		six := rapid.Bool().Draw(rt, "IPv6")
		c, v, r := drawEndpoint(rt, six, "client"), drawEndpoint(rt, six, "virtual"), drawEndpoint(rt, six, "real")
		b := sctp(string(rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(rt, "value")))
		p, proto, _ := parse(b(c.String(), v.String()))
		NATRequest(p, proto, lvs.AddrFrom(r.Addr()), r.Port())
		wantFrame(t, p, packettest.TTL(b(c.String(), r.String()), 63))
		NATRequest(p, proto, lvs.AddrFrom(v.Addr()), v.Port())
		wantFrame(t, p, packettest.TTL(b(c.String(), v.String()), 62))
	})
}

// TestNATOfCutSCTP has ports and no whole header, as a fragment may: it stays as
// it is, for nobody could make its checksum right.
func TestNATOfCutSCTP(t *testing.T) {
	p, _ := mustParse(t, packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoGRE, make([]byte, 8)))
	addr, port := endpoint(real4)
	NATRequest(p, lvs.SCTP, addr, port)
	wantFrame(t, p, packettest.TTL(packettest.IP("198.51.100.7", "203.0.113.9", header.ProtoGRE, make([]byte, 8)), 63))
}
