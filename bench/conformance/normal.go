package conformance

import (
	"bytes"
	"encoding/binary"
)

// guePort is where real servers of scripts listen for GUE.
const guePort = 6080

// Protocols of IP.
const (
	protoICMP   = 1
	protoUDP    = 17
	protoICMPv6 = 58
)

// ownAddress is where tunnels over IPv4 begin: the director's on the side of the real
// servers.
var ownAddress = [4]byte{192, 0, 2, 1}

// ethernet is the size of a frame's own header.
const ethernet = 14

// normal returns a frame without what its director was free to choose: the IP
// identification of an outer header and of an error, which tells nobody anything,
// and the source port of GUE, which only has to differ between flows. A checksum
// over these is good or bad.
func normal(frame []byte) []byte {
	b := append([]byte(nil), frame...)
	if len(b) < ethernet+20 {
		return b
	}
	packet := b[ethernet:]
	if packet[0]>>4 == 6 && len(packet) >= 40 {
		if packet[6] == protoUDP {
			normalGUE(packet[40:], packet[8:40])
		}
		return b
	}
	n := int(packet[0]&15) * 4
	if packet[0]>>4 != 4 || len(packet) < n {
		return b
	}
	if packet[9] == protoUDP && packet[6]&0x1f == 0 && packet[7] == 0 {
		normalGUE(packet[n:], packet[12:20])
	}
	if packet[9] != protoICMP && !bytes.Equal(packet[12:16], ownAddress[:]) {
		return b
	}
	if sum(packet[:n]) == 0xffff {
		packet[10], packet[11] = 0, 0
	}
	packet[4], packet[5] = 0, 0
	return b
}

// normalGUE removes the source port of a GUE datagram, if udp is one.
func normalGUE(udp, addrs []byte) {
	if len(udp) < 8 || binary.BigEndian.Uint16(udp[2:]) != guePort {
		return
	}
	if udp[6]|udp[7] != 0 {
		pseudo := append([]byte(nil), addrs...)
		pseudo = append(pseudo, 0, protoUDP, udp[4], udp[5])
		good := sum(append(pseudo, udp...)) == 0xffff
		udp[6], udp[7] = 0, 1
		if !good {
			udp[7] = 2
		}
	}
	udp[0], udp[1] = 0, 0
}
