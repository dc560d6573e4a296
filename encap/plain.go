package encap

import (
	"encoding/binary"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/lvs"
)

// A plain is what most packets begin with: an IPv4 header without options, and
// that of TCP behind it. It is rewritten in one go; readdress4, forward4 and
// setPorts say the same of all others.
type plain [header.IPv4Size + header.TCPSize]byte

// plainIn views what p begins with. It returns nil if that is no plain, or one
// whose checksum is not finished.
func plainIn(p *packet.Packet, proto lvs.Protocol) *plain {
	if proto != lvs.TCP || p.L4 != p.L3+header.IPv4Size || p.Sum.Start == p.L4 {
		return nil
	}
	b := p.Bytes()[p.L3:]
	if len(b) < len(plain{}) {
		return nil
	}
	return (*plain)(b)
}

// addrs returns both addresses, and ports both ports, each as a word.
func (h *plain) addrs() uint64 { return binary.BigEndian.Uint64(h[12:]) }
func (h *plain) ports() uint32 { return binary.BigEndian.Uint32(h[header.IPv4Size:]) }

// forward takes one hop off and sets addresses and ports, with one update of each
// checksum for all that it covers.
func (h *plain) forward(addrs uint64, ports uint32) {
	delta := checksum.Delta64(h.addrs(), addrs)
	binary.BigEndian.PutUint64(h[12:], addrs)
	ip, tcp := header.IPv4(h[:header.IPv4Size]), header.TCP(h[header.IPv4Size:])
	ip.SetTTL(ip.TTL() - 1)
	ip.SetChecksum(checksum.Apply(ip.Checksum(), delta+checksum.Delta32(1<<8, 0)))
	delta += checksum.Delta32(h.ports(), ports)
	binary.BigEndian.PutUint32(tcp, ports)
	tcp.SetChecksum(checksum.Apply(tcp.Checksum(), delta))
}
