// Package packettest builds frames for tests and demos.
//
// A frame is a []byte that a builder (TCP, UDP, SCTP, ICMP, AH, ESP, IP, ARP) makes from
// addresses as one reads them, complete with right checksums; functions such as
// VLAN or TTL take a frame and return a changed copy. The frames are built with
// package header, so that package's mistakes would be theirs: the tests here
// hold them against frames that scapy made. A string that is no address, or
// addresses of two families, are a broken test and panic.
package packettest

import (
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// chunkSize is the chunk that Frame puts a frame in, as in an AF_XDP UMEM.
const chunkSize = 2048

// ClientMAC is the source address of every frame that is built.
func ClientMAC() header.MAC { return header.MAC{0x02, 0, 0, 0, 0, 0x01} }

// DirectorMAC is the destination address of every frame that is built, but for
// broadcasts.
func DirectorMAC() header.MAC { return header.MAC{0x02, 0, 0, 0, 0, 0x02} }

// Broadcast is the address of all stations.
func Broadcast() header.MAC { return header.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff} }

// Frame returns a packet that holds a copy of frame in a chunk of its own, of
// 2048 bytes if that is enough, with packet.Headroom before it.
func Frame(frame []byte) *packet.Packet {
	chunk := make([]byte, max(chunkSize, packet.Headroom+len(frame)))
	copy(chunk[packet.Headroom:], frame)
	p := new(packet.Packet)
	p.Reset(chunk, packet.Headroom, len(frame))
	return p
}

// Network returns the network packet in frame, in place: an inner packet for IP
// and what a checksum or a header is to be looked up in.
func Network(frame []byte) []byte {
	_, offset, ok := header.Network(frame)
	if !ok {
		panic("packettest: frame without a network header")
	}
	return frame[offset:]
}

// Transport returns what follows the network header in frame, in place, so that
// a test can set what the builders do not. Finish makes the checksums right.
func Transport(frame []byte) []byte { return frame[locate(frame).start:] }
