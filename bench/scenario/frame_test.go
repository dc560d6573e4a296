package scenario

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"xlvs/bench/lab"
)

// A segment is a captured frame with a TCP segment.
type segment struct {
	outgoing bool // sent by the device it was captured on
	ethernet layers.Ethernet
	src, dst netip.Addr
	ttl      uint8
	network  []byte // IP header, with TTL and header checksum zero
	tcp      layers.TCP
}

// flow names the segment's connection and direction.
func (s segment) flow() string {
	return fmt.Sprintf("%v:%d -> %v:%d", s.src, s.tcp.SrcPort, s.dst, s.tcp.DstPort)
}

// String returns the segment for a failure.
func (s segment) String() string {
	return fmt.Sprintf("%s seq=%d SYN=%t ACK=%t FIN=%t RST=%t", s.flow(), s.tcp.Seq, s.tcp.SYN, s.tcp.ACK, s.tcp.FIN, s.tcp.RST)
}

// segments returns the TCP segments that c has captured.
func segments(t *testing.T, c *lab.Capture) (list []segment) {
	t.Helper()
	for _, f := range frames(t, c) {
		if s, ok := readSegment(f); ok {
			list = append(list, s)
		}
	}
	return list
}

// frames returns the frames that c has captured.
func frames(t *testing.T, c *lab.Capture) []lab.Frame {
	t.Helper()
	list, err := c.Frames()
	must(t, err)
	return list
}

func readSegment(f lab.Frame) (s segment, ok bool) {
	p := decode(f)
	tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	if !ok {
		return segment{}, false
	}
	s = segment{outgoing: f.Outgoing, ethernet: *p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet), tcp: *tcp}
	s.network = bytes.Clone(p.NetworkLayer().LayerContents())
	switch ip := p.NetworkLayer().(type) {
	case *layers.IPv4:
		s.src, s.dst, s.ttl = address(ip.SrcIP), address(ip.DstIP), ip.TTL
		clear(s.network[8:9])
		clear(s.network[10:12])
	case *layers.IPv6:
		s.src, s.dst, s.ttl = address(ip.SrcIP), address(ip.DstIP), ip.HopLimit
		clear(s.network[7:8])
	}
	return s, true
}

func decode(f lab.Frame) gopacket.Packet {
	return gopacket.NewPacket(f.Data, layers.LayerTypeEthernet, gopacket.Default)
}

// address returns what gopacket keeps as a slice.
func address(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a.Unmap()
}

// parse returns the address that text, a constant, spells.
func parse(text string) netip.Addr { return netip.MustParseAddr(text) }

// announcers returns the MAC addresses that have answered for addr, by ARP or
// neighbour advertisement.
func announcers(t *testing.T, c *lab.Capture, addr netip.Addr) map[string]bool {
	t.Helper()
	macs := map[string]bool{}
	for _, f := range frames(t, c) {
		p := decode(f)
		if arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP); ok &&
			arp.Operation == layers.ARPReply && address(arp.SourceProtAddress) == addr {
			macs[fmt.Sprintf("%x", arp.SourceHwAddress)] = true
		}
		if na, ok := p.Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement); ok &&
			address(na.TargetAddress) == addr {
			macs[fmt.Sprintf("%x", []byte(p.LinkLayer().(*layers.Ethernet).SrcMAC))] = true
		}
	}
	return macs
}
