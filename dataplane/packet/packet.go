// Package packet is a frame in memory and what is known about it.
//
// A Packet owns a chunk with room before and after the frame: encapsulation
// moves the start, never the payload. A queue hands packets out and takes them
// back; between the two, whoever holds a packet is its only owner. Nothing here
// knows a protocol beyond where the frame begins and ends.
package packet

// Headroom is the room before a received frame, in bytes: what the kernel
// leaves in an AF_XDP chunk (XDP_PACKET_HEADROOM). The largest outer header the
// director adds (IPv6, UDP, GUE with remcsum) is 60 bytes.
const Headroom = 256

// NoPort is the egress of a packet that nobody has routed yet.
const NoPort = ^uint16(0)

// A Packet is a frame inside its chunk. Ports are numbered by the director.
type Packet struct {
	Frame uint64  // the chunk's name in the queue that owns it, for example its UMEM address
	In    uint16  // port that received it
	Out   uint16  // port to send it to, NoPort until it is routed
	L3    uint16  // offset of the IP header in the frame, 0 until it is parsed
	L4    uint16  // offset of the transport header, 0 if there is none to be read
	Sum   Partial // checksum that is not finished yet
	GSO   GSO     // how to cut the frame, if it is longer than a link takes
	start uint32
	end   uint32
	buf   []byte
}

// A Partial is a transport checksum that holds only the pseudo-header's sum,
// as a Linux sender leaves it for its device to finish (CHECKSUM_PARTIAL).
// Both are offsets into the frame; the zero Partial is a finished checksum.
type Partial struct {
	Start uint16 // first byte to sum, the transport header
	Field uint16 // the checksum's own place
}

// A GSO is a frame of many segments that share headers, as the kernel hands it
// around until a device has to cut it (generic segmentation offload). The zero
// GSO is an ordinary frame.
type GSO struct {
	Kind GSOKind
	ECN  bool   // the first segment alone carries CWR
	Size uint16 // payload bytes of each segment but the last
}

// A GSOKind is what the segments are.
type GSOKind uint8

// The kinds; GSONone is an ordinary frame.
const (
	GSONone GSOKind = iota
	GSOTCP4
	GSOTCP6
	GSOUDP // datagrams of either family (UDP_SEGMENT)
)

// Reset makes p the frame of n bytes that starts at buf[start]. Everything
// known about an earlier frame is forgotten but Frame and In.
func (p *Packet) Reset(buf []byte, start, n int) {
	p.Out, p.L3, p.L4, p.Sum, p.GSO = NoPort, 0, 0, Partial{}, GSO{}
	p.buf, p.start, p.end = buf, uint32(start), uint32(start+n)
}

// Bytes returns the frame, from its first Ethernet byte to its last. The slice
// is good until the next Push, Pull, Truncate or Grow.
func (p *Packet) Bytes() []byte { return p.buf[p.start:p.end] }

// Len returns the length of the frame in bytes.
func (p *Packet) Len() int { return int(p.end - p.start) }

// Start returns the offset of the frame in its chunk.
func (p *Packet) Start() int { return int(p.start) }

// Push grows the frame at the front by n bytes and returns them, unset. It
// returns nil, and leaves p alone, if less than n bytes of headroom are left.
func (p *Packet) Push(n int) []byte {
	if n > int(p.start) {
		return nil
	}
	p.start -= uint32(n)
	p.shift(uint16(n))
	return p.buf[p.start : int(p.start)+n]
}

// Pull drops n bytes, at most all, from the front of the frame. A header or a
// checksum's place that was among them is forgotten.
func (p *Packet) Pull(n int) {
	n = min(n, p.Len())
	p.start += uint32(n)
	if int(p.L3) < n {
		p.L3 = 0
	}
	if int(p.L4) < n {
		p.L4 = 0
	}
	if int(p.Sum.Start) < n {
		p.Sum = Partial{}
	}
	p.shift(-uint16(n))
}

// shift moves the offsets that are set by n, which may be a negative number in
// two's complement.
func (p *Packet) shift(n uint16) {
	if p.L3 != 0 {
		p.L3 += n
	}
	if p.L4 != 0 {
		p.L4 += n
	}
	if p.Sum != (Partial{}) {
		p.Sum.Start += n
		p.Sum.Field += n
	}
}

// Truncate shortens the frame to its first n bytes; a longer n changes nothing.
func (p *Packet) Truncate(n int) {
	if n < p.Len() {
		p.end = p.start + uint32(n)
	}
}

// Grow lengthens the frame at its end by n bytes and returns them, unset. It
// returns nil, and leaves p alone, if the chunk has less room than that.
func (p *Packet) Grow(n int) []byte {
	if int(p.end)+n > len(p.buf) {
		return nil
	}
	p.end += uint32(n)
	return p.buf[int(p.end)-n : p.end]
}
