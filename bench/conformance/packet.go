package conformance

import (
	"fmt"
	"strings"
)

// A Packet describes one IP packet. What is zero has its usual value, so that
// only what matters to a script stands in it.
type Packet struct {
	Proto string `json:"proto"`         // "tcp", "udp", "sctp", "icmp", "icmp6" or a number
	Src   string `json:"src"`           // "203.0.113.7:4242"; without a port where there is none
	Dst   string `json:"dst"`           //
	TTL   uint8  `json:"ttl,omitempty"` // 0 means 64
	TOS   uint8  `json:"tos,omitempty"`
	ID    uint16 `json:"id,omitempty"`
	DF    bool   `json:"df,omitempty"`
	// Options are those of the IPv4 header, padded to 4 bytes.
	Options []byte `json:"options,omitempty"`

	Flags string `json:"flags,omitempty"` // of TCP, by the letters that tcpdump has: "S", "SA", "FA", "R"
	Seq   uint32 `json:"seq,omitempty"`
	Ack   uint32 `json:"ack,omitempty"`
	Chunk string `json:"chunk,omitempty"` // of SCTP: its first chunks, divided by "+"
	Data  string `json:"data,omitempty"`  // behind the transport header
	Size  int    `json:"size,omitempty"`  // pads Data to so many bytes

	// Inner is a packet inside, in place of Data, behind the tunnel's header.
	Inner  *Packet `json:"inner,omitempty"`
	Header []byte  `json:"header,omitempty"`

	Type  uint8   `json:"type,omitempty"` // of ICMP
	Code  uint8   `json:"code,omitempty"` //
	MTU   uint32  `json:"mtu,omitempty"`  // in the second word of ICMP
	Quote *Packet `json:"quote,omitempty"`
	Cut   int     `json:"cut,omitempty"` // bytes of Quote; 0 means all

	Fragment *Fragment `json:"fragment,omitempty"`
	Broken   string    `json:"broken,omitempty"` // one of breakages
	// Unfinished has the transport checksum left to a device, as senders on this
	// machine do. It is of TCP and UDP.
	Unfinished bool `json:"unfinished,omitempty"`

	// Literal is a packet that was made elsewhere, in hex. It goes as it is, in place
	// of one with the fields above.
	Literal string `json:"literal,omitempty"`
}

// A Fragment is a piece of the payload of a packet, which is described whole.
type Fragment struct {
	Offset int  `json:"offset"` // bytes, a multiple of 8
	Length int  `json:"length"`
	More   bool `json:"more"`
}

// String returns p in a line.
func (p Packet) String() string {
	if p.Literal != "" {
		return "literally " + p.Literal
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s > %s", p.Proto, p.Src, p.Dst)
	for _, word := range [...]string{p.Flags, p.Chunk, p.Broken} {
		if word != "" {
			b.WriteString(" " + word)
		}
	}
	if n := max(len(p.Data), p.Size); n > 0 {
		fmt.Fprintf(&b, " %d bytes", n)
	}
	if p.Inner != nil {
		fmt.Fprintf(&b, " (%v)", *p.Inner)
	}
	if p.Fragment != nil {
		fmt.Fprintf(&b, " fragment %d+%d", p.Fragment.Offset, p.Fragment.Length)
	}
	if p.Quote != nil {
		fmt.Fprintf(&b, " %d/%d (%v)", p.Type, p.Code, *p.Quote)
	}
	return b.String()
}
