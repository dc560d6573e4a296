package scenario

import (
	"net"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// A forger sends TCP segments that no socket of its host knows of. The host's
// own stack adds the IP header and routes them.
type forger struct {
	t    *testing.T
	conn net.PacketConn
	f    family
}

// forge returns a forger in the client of s, which ends with the test. The client
// must have the address that real servers see.
func forge(t *testing.T, s *site, f family) *forger {
	t.Helper()
	network := "ip4:6"
	if f.vip.Is6() {
		network = "ip6:6"
	}
	c, err := s.Client.ListenPacket(network, f.client)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return &forger{t, c, f}
}

// segment returns an acknowledgement of ack to port 80 of the VIP.
func (g *forger) segment(port uint16, ack uint32) []byte {
	g.t.Helper()
	tcp := &layers.TCP{SrcPort: layers.TCPPort(port), DstPort: 80, Seq: 1000, Ack: ack, ACK: true, Window: 4096}
	src, dst := parse(g.f.client).AsSlice(), g.f.vip.AsSlice()
	var ip gopacket.NetworkLayer = &layers.IPv4{SrcIP: src, DstIP: dst, Protocol: layers.IPProtocolTCP}
	if g.f.vip.Is6() {
		ip = &layers.IPv6{SrcIP: src, DstIP: dst, NextHeader: layers.IPProtocolTCP}
	}
	must(g.t, tcp.SetNetworkLayerForChecksum(ip))
	b := gopacket.NewSerializeBuffer()
	must(g.t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, tcp))
	return b.Bytes()
}

// send sends b to the VIP.
func (g *forger) send(b []byte) error {
	_, err := g.conn.WriteTo(b, &net.IPAddr{IP: g.f.vip.AsSlice()})
	return err
}
