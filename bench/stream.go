package main

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"xlvs/dataplane/header"
)

// headers is the size of the headers of a frame of a stream.
const headers = header.EthernetSize + header.IPv4Size + header.UDPSize

// Bounds of a stream. A frame of 60 bytes, and four of checksum on a real wire,
// is the shortest that Ethernet has; 1514 is a full one.
const (
	minSize        = 60
	maxSize        = 1514
	firstPort      = 1024 // of the client
	maxConnections = 1<<16 - firstPort
)

// A stream is what the generator sends: UDP over IPv4 from ports of one client,
// each in its turn, to one service.
type stream struct {
	src, dst    net.HardwareAddr
	from        netip.Addr
	to          netip.AddrPort
	connections int // how many ports the client has, from firstPort on
	size        int // bytes of a frame
}

// frame returns the frame of the client's first port, complete with checksums.
func (s stream) frame() ([]byte, error) {
	ip := &layers.IPv4{
		Version: 4, TTL: 64, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolUDP,
		SrcIP: s.from.AsSlice(), DstIP: s.to.Addr().AsSlice(),
	}
	udp := &layers.UDP{SrcPort: firstPort, DstPort: layers.UDPPort(s.to.Port())}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		return nil, fmt.Errorf("build frame: %w", err)
	}
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{SrcMAC: s.src, DstMAC: s.dst, EthernetType: layers.EthernetTypeIPv4},
		ip, udp, gopacket.Payload(make([]byte, s.size-headers)))
	if err != nil {
		return nil, fmt.Errorf("build frame: %w", err)
	}
	return b.Bytes(), nil
}
