package announce

import (
	"testing"

	"xlvs/dataplane/header"
)

// Where the frames have what the tests break.
const (
	ipAt     = header.EthernetSize
	icmpAt   = ipAt + header.IPv6Size
	targetAt = icmpAt + header.ICMPSize
	optionAt = targetAt + addrSize
)

// mend makes the ICMPv6 checksum of frame right again.
func mend(frame []byte) {
	ip := header.IPv6(frame[ipAt:])
	icmp := header.ICMP(ip.Payload())
	icmp.SetChecksum(0)
	icmp.SetChecksum(sumND(ip))
}

// cut takes n bytes off the end of a neighbour discovery frame.
func cut(frame []byte, n int) []byte {
	frame = frame[:len(frame)-n]
	header.IPv6(frame[ipAt:]).SetPayloadLen(len(frame) - icmpAt)
	return frame
}

// set returns a change of one frame: bytes at an offset, and the checksum.
func set(at int, b ...byte) func([]byte) []byte {
	return func(frame []byte) []byte {
		copy(frame[at:], b)
		mend(frame)
		return frame
	}
}

func TestReadMessageRefuses(t *testing.T) {
	mapped := addr("192.0.2.1").As16()
	group := addr("ff02::5").As16()
	tests := map[string]struct {
		frame  string
		change func([]byte) []byte
	}{
		"empty":                         {arpAsks, func(b []byte) []byte { return nil }},
		"Ethernet header cut":           {arpAsks, func(b []byte) []byte { return b[:13] }},
		"another EtherType":             {arpAsks, func(b []byte) []byte { b[13] = 0; return b }},
		"to another station":            {arpAnswers, func(b []byte) []byte { b[5] = 0x77; return b }},
		"ARP one byte short":            {arpAsks, func(b []byte) []byte { return b[:41] }},
		"ARP of six-byte addresses":     {arpAsks, func(b []byte) []byte { b[ipAt+5] = 6; return b }},
		"RARP operation":                {arpAsks, func(b []byte) []byte { b[ipAt+7] = 3; return b }},
		"ARP sender without a MAC":      {arpAsks, func(b []byte) []byte { clear(b[ipAt+8 : ipAt+14]); return b }},
		"ARP sender is broadcast":       {arpAsks, func(b []byte) []byte { copy(b[ipAt+8:], broadcast[:]); return b }},
		"IPv6 header cut":               {ndAsks, func(b []byte) []byte { return b[:icmpAt-1] }},
		"IPv6 payload cut":              {ndAsks, func(b []byte) []byte { return b[:len(b)-1] }},
		"hop limit 254":                 {ndAsks, set(ipAt+7, 254)},
		"UDP":                           {ndAsks, set(ipAt+6, header.ProtoUDP)},
		"router solicitation":           {ndAsks, set(icmpAt, 133)},
		"code 1":                        {ndAsks, set(icmpAt+1, 1)},
		"checksum one off":              {ndAsks, func(b []byte) []byte { b[icmpAt+3]++; return b }},
		"target cut":                    {ndAsks, func(b []byte) []byte { b = cut(b, 9); mend(b); return b }},
		"ICMP header cut":               {ndAsks, func(b []byte) []byte { return cut(b, 25) }},
		"target is a group":             {ndAsks, set(targetAt, group[:]...)},
		"target is IPv4-mapped":         {ndAsks, set(targetAt, mapped[:]...)},
		"sender is IPv4-mapped":         {ndAsks, set(ipAt+8, mapped[:]...)},
		"sender is a group":             {ndAsks, set(ipAt+8, group[:]...)},
		"option of length 0":            {ndAsks, set(optionAt+1, 0)},
		"option longer than the packet": {ndAsks, set(optionAt+1, 2)},
		"option cut":                    {ndAsks, func(b []byte) []byte { b = cut(b, 1); mend(b); return b }},
		"source option is broadcast":    {ndAsks, set(optionAt+2, broadcast[:]...)},
		"probe with a source option":    {ndProbes, set(optionAt, optionSource)},
		"probe of another group":        {ndProbes, set(icmpAt-1, 0x81)},
		"advertisement without length":  {ndAnswers, set(optionAt+1, 0)},
		"solicited, yet to everybody":   {ndNotifies, set(icmpAt+4, 0x60)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			frame := unhex(t, tt.frame)
			to := header.Ethernet(frame).Dst()
			if m, ok := readMessage(tt.change(frame), to); ok {
				t.Errorf("readMessage() = %+v, want none", m)
			}
		})
	}
}

func TestReadMessageWithoutLinkOption(t *testing.T) {
	for name, frame := range map[string]string{"solicitation": ndAsks, "advertisement": ndAnswers, "another kind": ndAsks} {
		t.Run(name, func(t *testing.T) {
			b := unhex(t, frame)
			from := header.Ethernet(b).Src()
			if name == "another kind" {
				b[optionAt], b[optionAt+7] = 14, 0x77
			} else {
				b = cut(b, optionSize)
			}
			mend(b)
			if m, ok := readMessage(b, header.Ethernet(b).Dst()); !ok || m.from != from {
				t.Errorf("readMessage() = %+v, %t, want from %s", m, ok, from)
			}
		})
	}
}

// FuzzReadMessage holds that what is read can be answered, and that the answer
// claims the address asked for in a frame that its receiver reads.
func FuzzReadMessage(f *testing.F) {
	for _, frame := range []string{arpAsks, arpAnswers, arpNotifies, arpProbes, ndProbes, ndAsks, ndAnswers, ndNotifies} {
		f.Add(unhex(f, frame), uint16(0))
	}
	f.Add(unhex(f, ndAsks)[:60], uint16(100))
	f.Fuzz(func(t *testing.T, frame []byte, vlan uint16) {
		if len(frame) > ipAt { // chance finds no checksum
			if ip, ok := header.ParseIPv6(frame[ipAt:]); ok && ip.PayloadLen() >= header.ICMPSize {
				mend(frame)
			}
		}
		m, ok := readMessage(frame, macB)
		if !ok || !ownable(m.wanted) {
			return
		}
		out := answer(m, m.wanted, macB, tag{})
		back, ok := readMessage(out, m.from)
		if !ok || back.from != macB || back.owned != m.wanted {
			t.Errorf("answer % x to %+v reads as %+v, %t", out, m, back, ok)
		}
		tagged := answer(m, m.wanted, macB, tag{header.TypeVLAN, vlan})
		if typ, at, ok := header.Network(tagged); !ok || at != header.EthernetSize+header.VLANSize || typ != header.Ethernet(out).Type() {
			t.Errorf("tagged answer % x", tagged)
		}
	})
}
