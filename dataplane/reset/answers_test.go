package reset

import (
	"encoding/hex"
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
)

// An answer is what Linux 6.18 sends in answer to a segment, as
// TestKernelSendsTheSame receives it, from the IP header on.
type answer struct {
	segment []byte
	packet  string // in hexadecimal
}

// frame returns the answer in Ethernet.
func (a answer) frame(t *testing.T) []byte {
	t.Helper()
	b, err := hex.DecodeString(a.packet)
	if err != nil {
		t.Fatal(err)
	}
	frame := slices.Concat(a.segment[:header.EthernetSize], b)
	return packettest.MACs(frame, packettest.DirectorMAC(), packettest.ClientMAC())
}

func answers() map[string]answer {
	const (
		ip4 = "450000280000400040064e94c0000201c6336407"
		ip6 = "600000000014064020010db800010000000000000000000120010db8000000000000000000000007"
	)
	const syn, fin, psh, ack = header.FlagSYN, header.FlagFIN, header.FlagPSH, header.FlagACK
	return map[string]answer{
		"SYN over IPv4":             {tcp4(syn, ""), ip4 + "0050109200000000ffffffff50140000b2b20000"},
		"SYN over IPv6":             {tcp6(syn, ""), ip6 + "0050109200000000ffffffff5014000043740000"},
		"ACK over IPv4":             {tcp4(ack, ""), ip4 + "00501092010203040000000050040000aebc0000"},
		"ACK over IPv6":             {tcp6(ack, ""), ip6 + "005010920102030400000000500400003f7e0000"},
		"SYN ACK":                   {tcp4(syn|ack, ""), ip4 + "00501092010203040000000050040000aebc0000"},
		"FIN ACK":                   {tcp6(fin|ack, ""), ip6 + "005010920102030400000000500400003f7e0000"},
		"data":                      {tcp4(psh|ack, "odd"), ip4 + "00501092010203040000000050040000aebc0000"},
		"FIN alone":                 {tcp4(fin, ""), ip4 + "0050109200000000ffffffff50140000b2b20000"},
		"data with a SYN and a FIN": {tcp6(syn|fin, "fast open"), ip6 + "00501092000000000000000950140000436b0000"},
		"data and no flag at all":   {tcp4(0, "odd"), ip4 + "00501092000000000000000150140000b2b10000"},
		"every flag but RST":        {tcp4(0xff&^header.FlagRST, "odd"), ip4 + "00501092010203040000000050040000aebc0000"},
		"TCP options":               {withMSS(tcp4(syn, "")), ip4 + "0050109200000000ffffffff50140000b2b20000"},
		"IPv4 options":              {withOptions(tcp4(syn, "odd")), ip4 + "00501092000000000000000250140000b2b00000"},
		"extension header":          {withExtension(tcp6(syn, "odd")), ip6 + "0050109200000000000000025014000043720000"},
		"type of service":           {withClass(tcp4(syn, ""), 0xbb), "45b800280000400040064ddcc0000201c6336407" + "0050109200000000ffffffff50140000b2b20000"},
		"traffic class":             {withClass(tcp6(syn, ""), 0xbb), "6b8000000014064020010db800010000000000000000000120010db8000000000000000000000007" + "0050109200000000ffffffff5014000043740000"},
	}
}

// unanswered returns segments that get no answer.
func unanswered() map[string][]byte {
	const rst, ack = header.FlagRST, header.FlagACK
	return map[string][]byte{
		"RST over IPv4":              tcp4(rst, ""),
		"RST over IPv6":              tcp6(rst, ""),
		"RST ACK":                    tcp4(rst|ack, ""),
		"RST among every other flag": tcp6(0xff, "odd"),
		"wrong checksum":             damaged(tcp4(ack, "odd")),
		"wrong checksum, IPv6":       damaged(tcp6(ack, "odd")),
		"header below its size":      withDataOffset(tcp4(ack, ""), header.TCPSize-4),
		"header past the end":        withDataOffset(tcp6(ack, "odd"), header.TCPSize+4),
		"half a header":              packettest.IP("198.51.100.7", "192.0.2.1", header.ProtoTCP, make([]byte, 10)),
		"nothing":                    packettest.IP("2001:db8::7", "2001:db8:1::1", header.ProtoTCP, nil),
	}
}

// damaged returns a copy of frame whose last bit has been turned over.
func damaged(frame []byte) []byte {
	frame = slices.Clone(frame)
	frame[len(frame)-1] ^= 1
	return frame
}

// withDataOffset returns a copy of frame whose TCP header says that it has n bytes.
func withDataOffset(frame []byte, n int) []byte {
	frame = slices.Clone(frame)
	header.TCP(packettest.Transport(frame)).SetDataOffset(n)
	return packettest.Finish(frame)
}
