package dataplane

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// withHeader returns a segment with options, in multiples of four bytes.
func withHeader(frame []byte, options ...byte) []byte {
	ip := packettest.Network(frame)
	at := len(frame) - len(packettest.Transport(frame)) + header.TCPSize
	grown := append(append(bytes.Clone(frame[:at]), options...), frame[at:]...)
	if h := packettest.Network(grown); h[0]>>4 == 4 {
		header.IPv4(h).SetTotalLen(len(ip) + len(options))
	} else {
		header.IPv6(h).SetPayloadLen(len(ip) + len(options) - header.IPv6Size)
	}
	h := header.TCP(packettest.Transport(grown))
	h.SetDataOffset(h.DataOffset() + len(options))
	return packettest.Finish(grown)
}

// toa returns the option that tells of a client: kind 254, length, port, address.
func toa(client string) []byte {
	c := netip.MustParseAddrPort(client)
	a := c.Addr().AsSlice()
	return append(binary.BigEndian.AppendUint16([]byte{254, byte(4 + len(a))}, c.Port()), a...)
}

// TOA is in the SYN and in every segment that acknowledges that of the real server
// and nothing more, and no other.
func TestTOAConversation(t *testing.T) {
	const push = header.FlagPSH | header.FlagACK
	for _, c := range withNAT() {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.introduced(lvs.TCP, config.TOA))
			s := c.open(t, d, func(src, dst string) []byte { return segmentOf(src, dst, header.FlagSYN, isn, 0, "") })
			told := toa(s.client)
			for _, step := range []struct {
				reply    bool
				flags    header.TCPFlags
				seq, ack uint32
				data     string
				told     bool
			}{
				{false, header.FlagSYN, isn, 0, "", true},
				{true, header.FlagSYN | header.FlagACK, risn, isn + 1, "", false},
				{false, header.FlagACK, isn + 1, risn + 1, "", true},
				{false, push, isn + 1, risn + 1, "GET ", true},
				{true, header.FlagACK, risn + 1, isn + 5, "", false},
				{true, push, risn + 1, isn + 5, "200", false},
				{false, header.FlagACK, isn + 5, risn + 4, "", false},
				{false, push, isn + 5, risn + 4, "more", false},
				{false, header.FlagRST, isn + 9, risn + 1, "", false},
			} {
				if step.reply {
					s.reply(t, segmentOf(s.real, s.seen, step.flags, step.seq, step.ack, step.data),
						segmentOf(s.vip, s.client, step.flags, step.seq, step.ack, step.data))
					continue
				}
				want := segmentOf(s.seen, s.real, step.flags, step.seq, step.ack, step.data)
				if step.told {
					want = withHeader(want, told...)
				}
				s.request(t, segmentOf(s.client, s.vip, step.flags, step.seq, step.ack, step.data), want)
			}
		})
	}
}

// Where the header has no room for the option the segment goes without it, and a
// super-frame goes whole.
func TestTOAWithoutRoom(t *testing.T) {
	nops := bytes.Repeat([]byte{header.OptionNone}, 36)
	for _, c := range withNAT() {
		t.Run(c.String(), func(t *testing.T) {
			s := c.shake(t, newTestDirector(t, c.introduced(lvs.TCP, config.TOA)))
			full := func(src, dst string) []byte {
				return withHeader(segmentOf(src, dst, header.FlagACK, isn+1, risn+1, "data"), nops...)
			}
			s.request(t, full(s.client, s.vip), full(s.seen, s.real))
			kind := map[bool]packet.GSOKind{true: packet.GSOTCP4, false: packet.GSOTCP6}[c.client == ipv4]
			text := string(bytes.Repeat([]byte("x"), 8000))
			out, v := s.handleBalanced(t, superFrame(segmentOf(s.client, s.vip, header.FlagACK, isn+1, risn+1, text), kind, 1380))
			want := packettest.Unfinished(toReal(segmentOf(s.seen, s.real, header.FlagACK, isn+1, risn+1, text)))
			if v != Forward || len(out) != 1 || !bytes.Equal(out[0].frame, want) {
				t.Errorf("%v, sent %d frames", v, len(out))
			}
		})
	}
}

// A client that sends the option itself is not believed: its own is padding when
// the director's, if that is due, comes before it.
func TestTOAOfAClient(t *testing.T) {
	for _, c := range withNAT() {
		for name, claim := range map[string]string{"IPv4": "192.0.2.66:1", "IPv6": "[2001:db8::66]:1"} {
			t.Run(c.String()+", "+name, func(t *testing.T) {
				if c.client == ipv6 && name == "IPv6" {
					t.Skip("two such options do not fit a header")
				}
				s := c.shake(t, newTestDirector(t, c.introduced(lvs.TCP, config.TOA)))
				claimed, told := toa(claim), toa(s.client)
				padding := bytes.Repeat([]byte{header.OptionNone}, len(claimed))
				for _, step := range []struct {
					flags    header.TCPFlags
					seq, ack uint32
					data     string
					told     bool
				}{
					{header.FlagSYN, isn, 0, "", true},
					{header.FlagACK, isn + 1, risn + 1, "", true},
					{header.FlagACK, isn + 1, risn + 1, "GET ", true},
					{header.FlagACK, isn + 5, risn + 4, "more", false},
					{header.FlagRST, isn + 9, 0, "", false},
				} {
					want := withHeader(segmentOf(s.seen, s.real, step.flags, step.seq, step.ack, step.data), padding...)
					if step.told {
						want = withHeader(want, told...)
					}
					s.request(t, withHeader(segmentOf(s.client, s.vip, step.flags, step.seq, step.ack, step.data), claimed...), want)
				}
			})
		}
	}
}

// What a real server says in that option is between it and the client.
func TestTOAOfARealServer(t *testing.T) {
	for _, c := range withNAT() {
		t.Run(c.String(), func(t *testing.T) {
			s := c.shake(t, newTestDirector(t, c.introduced(lvs.TCP, config.TOA)))
			of := func(src, dst string) []byte {
				return withHeader(segmentOf(src, dst, header.FlagACK, risn+1, isn+1, "200"), toa("192.0.2.66:1")...)
			}
			s.reply(t, of(s.real, s.seen), of(s.vip, s.client))
		})
	}
}
