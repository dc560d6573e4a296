package dataplane

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/replay"
	"xlvs/encap"
	"xlvs/lvs"
)

// A goldenTunnel is a capture of a kernel's director that tunnels.
type goldenTunnel struct {
	goldenFlow
	opts encap.TunnelOptions
}

// Where the client's FIN is all that the director sees, that leads to FIN_WAIT. In
// tun-6in6-tcp6 the replies pass through the director's host, in tun-6in4-tcp6
// there are none.
var goldenTunnels = []goldenTunnel{
	{tunnelled("tun-ipip-tcp4", v4to4, lvs.TCPFinWait, 120*time.Second), encap.TunnelOptions{}},
	{tunnelled("tun-gre-udp4", udp4to4, lvs.UDPNormal, 300*time.Second), encap.TunnelOptions{Type: lvs.TunnelGRE}},
	{tunnelled("tun-gre-csum-udp4", udp4to4, lvs.UDPNormal, 300*time.Second), encap.TunnelOptions{Type: lvs.TunnelGRE, Flags: lvs.TunnelCsum}},
	{tunnelled("tun-gue-udp4", udp4to4, lvs.UDPNormal, 300*time.Second), encap.TunnelOptions{Type: lvs.TunnelGUE, Port: 6080}},
	{tunnelled("tun-gue-csum-udp4", udp4to4, lvs.UDPNormal, 300*time.Second), encap.TunnelOptions{Type: lvs.TunnelGUE, Port: 6080, Flags: lvs.TunnelCsum}},
	{tunnelled("tun-4in6-udp4", udp4to6, lvs.UDPNormal, 300*time.Second), encap.TunnelOptions{}},
	{tunnelled("tun-6in4-tcp6", v6to4, lvs.TCPSynRecv, 60*time.Second), encap.TunnelOptions{}},
	{tunnelled("tun-6in6-tcp6", v6to6, lvs.TCPTimeWait, 120*time.Second), encap.TunnelOptions{}},
}

// The services of the captures: protocol, virtual address, real server.
var (
	v4to4   = goldenFlow{proto: lvs.TCP, vip: "10.1.0.100:80", real: "10.2.0.1:80"}
	udp4to4 = goldenFlow{proto: lvs.UDP, vip: "10.1.0.100:80", real: "10.2.0.1:80"}
	udp4to6 = goldenFlow{proto: lvs.UDP, vip: "10.1.0.100:80", real: "[fd02::1]:80"}
	v6to4   = goldenFlow{proto: lvs.TCP, vip: "[fd01::100]:80", real: "10.2.0.1:80"}
	v6to6   = goldenFlow{proto: lvs.TCP, vip: "[fd01::100]:80", real: "[fd02::1]:80"}
)

func tunnelled(name string, g goldenFlow, state lvs.State, timeout time.Duration) goldenFlow {
	g.name, g.method, g.state, g.timeout = name, lvs.Tunnel, state, timeout
	return g
}

// TestGoldenTunnels is TestGolden for what the kernel's director put into tunnels.
func TestGoldenTunnels(t *testing.T) {
	for _, g := range goldenTunnels {
		s := g.service()
		s.Reals[0].Tunnel, s.Reals[0].TunnelPort, s.Reals[0].TunnelFlags = g.opts.Type, g.opts.Port, g.opts.Flags
		// The captures are those that package encap is held against.
		g.run(t, filepath.Join("..", "encap", "testdata", "golden"), s, func(sent, want []replay.Frame) []replay.Frame {
			for i := range min(len(sent), len(want)) {
				want[i].Data = freely(sent[i].Data, want[i].Data, g.opts)
			}
			return want
		})
	}
}

// freely returns want with what a director is free to choose as in sent: the
// number of an outer packet that may be fragmented, and the port of GUE that the
// kernel hashes with a secret, within its range. All checksums follow.
func freely(sent, want []byte, opts encap.TunnelOptions) []byte {
	want = bytes.Clone(want)
	ours, ok := header.ParseIPv4(packettest.Network(sent))
	theirs, same := header.ParseIPv4(packettest.Network(want))
	if !ok || !same {
		return want
	}
	if !theirs.DontFragment() {
		theirs.SetID(ours.ID())
		theirs.SetChecksum(theirs.ComputeChecksum())
	}
	if opts.Type != lvs.TunnelGUE {
		return want
	}
	u := header.UDP(packettest.Transport(want))
	if port := header.UDP(packettest.Transport(sent)).SrcPort(); port >= 32768 && port < 60999 {
		u.SetSrcPort(port)
	}
	if u.Checksum() == 0 {
		return want
	}
	return packettest.Finish(want)
}
