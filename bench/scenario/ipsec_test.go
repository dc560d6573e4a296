package scenario

import (
	"encoding/hex"
	"fmt"
	"net"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/lvs"
)

// Packets of IPsec, by scapy 2.5.0.
const (
	// bytes(ESP(spi=0x1000, seq=1, data=b"sealed payload, "*2))
	espPacket = "00001000000000017365616c6564207061796c6f61642c207365616c6564207061796c6f61642c20"
	// bytes(AH(nh=50, payloadlen=4, spi=0x2000, seq=1, icv=b"123456789012")/Raw(b"signed"))
	ahPacket = "3204000000002000000000013132333435363738393031327369676e6564"
)

// Clients agree upon keys with a real server on UDP port 500, and what they send
// sealed or signed then, without ports, goes to the same. What belongs to no
// agreement stays with the host.
func TestIPsecFollowsItsKeyExchange(t *testing.T) {
	for _, d := range []struct {
		name string
		deployment
	}{{"masquerading", simple}, {"direct routing", s3b}} {
		for _, mode := range bothModes {
			t.Run(fmt.Sprintf("%s, %s", d.name, mode), func(t *testing.T) {
				t.Parallel()
				s := d.raise(t, lab.WireOptions{})
				s.port = 500
				director := direct(t, s, s.config(mode, "rr", lvs.UDP, 500))
				for i, f := range s.families() {
					openRaw(t, s.Client, "client", lvs.ESP, parse(f.client)).send(unhex(t, espPacket), f.vip)
					eventually(t, "the host gets what belongs to no agreement", func() bool {
						return director.verdict("given to the host") == i+1
					})
					agreed := map[string]bool{}
					for _, f.client = range moreClients(t, s, f, 2) {
						agreed[checkIPsec(t, s, f)] = true
					}
					if len(agreed) != len(s.Real) {
						t.Errorf("%s: two clients agreed with %v, want all real servers", f.name, agreed)
					}
				}
			})
		}
	}
}

// checkIPsec has the client of f exchange keys and then other packets with a real
// server, of which it returns the name.
func checkIPsec(t *testing.T, s *site, f family) (name string) {
	t.Helper()
	const offer = "let us agree upon a key"
	keys, err := s.Client.ListenPacket("udp", net.JoinHostPort(f.client, "500"))
	must(t, err)
	defer keys.Close()
	servers := make([]net.PacketConn, len(s.Real))
	for i, rs := range s.Real {
		servers[i], err = rs.ListenPacket("udp", net.JoinHostPort(s.serving(f, i).String(), "500"))
		must(t, err)
		defer servers[i].Close()
	}
	_, err = keys.WriteTo([]byte(offer), &net.UDPAddr{IP: f.vip.AsSlice(), Port: 500})
	must(t, err)
	chosen := agree(t, servers)
	for protocol, text := range map[lvs.Protocol]string{lvs.ESP: espPacket, lvs.AH: ahPacket} {
		packet := unhex(t, text)
		client := openRaw(t, s.Client, "client", protocol, parse(f.client))
		reals := openRawReals(t, s, f, protocol)
		for range 3 {
			client.send(packet, f.vip)
			reals[chosen].expect(packet, parse(f.client))
			reals[chosen].send(packet, parse(f.client))
			client.expect(packet, f.vip)
		}
	}
	return fmt.Sprintf("rs%d", chosen+1)
}

// agree waits until one of servers has got an offer, and returns which.
func agree(t *testing.T, servers []net.PacketConn) (chosen int) {
	t.Helper()
	chosen = -1
	eventually(t, "somebody gets the offer", func() bool {
		for i, c := range servers {
			must(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)))
			if _, _, err := c.ReadFrom(make([]byte, 100)); err == nil {
				chosen = i
			}
		}
		return chosen >= 0
	})
	return chosen
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	must(t, err)
	return b
}
