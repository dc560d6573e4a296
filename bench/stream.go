package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"xlvs/dataplane/header"
)

// Bounds of a stream. A frame of 60 bytes, and four of checksum on a real wire,
// is the shortest that Ethernet has; 1514 is a full one.
const (
	minSize        = 60
	maxSize        = 1514
	firstPort      = 1024 // of the client
	maxConnections = 1<<16 - firstPort
)

// maxClients bounds the addresses of a stream: the last byte of the first one
// counts them.
const maxClients = 256

// A stream is what the generator sends: UDP over IPv4, or the first segments of
// TCP connections, from ports of clients, each in its turn, to one service.
type stream struct {
	src, dst    net.HardwareAddr
	from        netip.Addr // of the first client; more follow as connections need them
	to          netip.AddrPort
	connections int  // from port firstPort on, maxConnections of each client
	size        int  // bytes of a frame
	syn         bool // TCP segments with SYN and the sequence number 0
}

// headers is how many bytes of a frame the generator's program writes, which are
// all headers, and for TCP the first bytes after.
func (s stream) headers() int {
	if s.syn {
		return (udpOffset + header.TCPSize + 7) &^ 7
	}
	return headers
}

// headers is the size of the headers of a frame of UDP, which those of others
// exceed.
const headers = udpOffset + header.UDPSize

// sumOffset is where a frame has the checksum of UDP or TCP.
func (s stream) sumOffset() int {
	if s.syn {
		return tcpSumOffset
	}
	return udpSumOffset
}

// frame returns the frame of the first client's first port, complete with
// checksums.
func (s stream) frame() ([]byte, error) {
	ip := &layers.IPv4{
		Version: 4, TTL: 64, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolUDP,
		SrcIP: s.from.AsSlice(), DstIP: s.to.Addr().AsSlice(),
	}
	parts := []gopacket.SerializableLayer{
		&layers.Ethernet{SrcMAC: s.src, DstMAC: s.dst, EthernetType: layers.EthernetTypeIPv4}, ip,
	}
	if s.syn {
		ip.Protocol = layers.IPProtocolTCP
		tcp := &layers.TCP{SrcPort: firstPort, DstPort: layers.TCPPort(s.to.Port()), SYN: true, Window: 65535}
		if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
			return nil, fmt.Errorf("build frame: %w", err)
		}
		parts = append(parts, tcp)
	} else {
		udp := &layers.UDP{SrcPort: firstPort, DstPort: layers.UDPPort(s.to.Port())}
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			return nil, fmt.Errorf("build frame: %w", err)
		}
		parts = append(parts, udp, gopacket.Payload(make([]byte, s.size-headers)))
	}
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, parts...)
	if err != nil {
		return nil, fmt.Errorf("build frame: %w", err)
	}
	return b.Bytes(), nil // gopacket pads what Ethernet finds too short
}
