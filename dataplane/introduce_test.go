package dataplane

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// segmentOf returns a TCP segment with these numbers.
func segmentOf(src, dst string, flags header.TCPFlags, seq, ack uint32, payload string) []byte {
	frame := packettest.TCP(src, dst, flags, payload)
	h := header.TCP(packettest.Transport(frame))
	h.SetSeq(seq)
	h.SetAck(ack)
	return packettest.Finish(frame)
}

// proxyText returns what a real server reads before a client's first byte, spelled
// after proxy-protocol.txt, section 2.2.
func proxyText(p lvs.Protocol, client, virtual string) string {
	c, v := netip.MustParseAddrPort(client), netip.MustParseAddrPort(virtual)
	family, size := byte(0x10), byte(12)
	if c.Addr().Is6() {
		family, size = 0x20, 36
	}
	transport := map[lvs.Protocol]byte{lvs.TCP: 1, lvs.UDP: 2}[p]
	b := append([]byte("\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a\x21"), family|transport, 0, size)
	b = append(append(b, c.Addr().AsSlice()...), v.Addr().AsSlice()...)
	return string(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, c.Port()), v.Port()))
}

// introduced returns the service of c that tells its real server who the client is.
func (c crossing) introduced(p lvs.Protocol, how config.ClientAddress) config.Service {
	s := c.service(p)
	s.ClientAddress = how
	return s
}

// The first sequence numbers of a client and a real server.
const isn, risn = 1000, 5000

// shake takes the three segments of a handshake through, which are changed in
// their addresses only.
func (c crossing) shake(t testing.TB, d *testDirector) *session {
	t.Helper()
	s := c.open(t, d, func(src, dst string) []byte { return segmentOf(src, dst, header.FlagSYN, isn, 0, "") })
	d.forwarded(t, segmentOf(s.real, s.seen, header.FlagSYN|header.FlagACK, risn, isn+1, ""))
	d.forwarded(t, segmentOf(s.client, s.vip, header.FlagACK, isn+1, risn+1, ""))
	return s
}

// TestProxyConversation has the header before the client's first byte, however
// often and in whatever pieces that comes, and neither end notice what has been
// put in.
func TestProxyConversation(t *testing.T) {
	const push = header.FlagPSH | header.FlagACK
	for _, c := range withNAT() {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.introduced(lvs.TCP, config.ProxyV2))
			s := c.open(t, d, func(src, dst string) []byte { return segmentOf(src, dst, header.FlagSYN, isn, 0, "") })
			text := proxyText(lvs.TCP, s.client, s.vip)
			n := uint32(len(text))
			for _, step := range []struct {
				reply     bool
				flags     header.TCPFlags
				seq, ack  uint32
				wantSeq   uint32
				wantAck   uint32
				data      string
				introduce bool
			}{
				{false, header.FlagSYN, isn, 0, isn, 0, "", false}, // again
				{true, header.FlagSYN | header.FlagACK, risn, isn + 1, risn, isn + 1, "", false},
				{false, header.FlagACK, isn + 1, risn + 1, isn + 1, risn + 1, "", false},
				{false, push, isn + 5, risn + 1, isn + 5 + n, risn + 1, "/ HTTP/1.1", false}, // comes too early
				{false, push, isn + 1, risn + 1, isn + 1, risn + 1, "GET ", true},
				{false, push, isn + 1, risn + 1, isn + 1, risn + 1, "GET ", true}, // again
				{true, header.FlagACK, risn + 1, isn + 5 + n, risn + 1, isn + 5, "", false},
				{false, push, isn + 1, risn + 1, isn + 1, risn + 1, "GET / HTTP/1.1", true}, // again, at once
				{false, push, isn + 3, risn + 1, isn + 3 + n, risn + 1, "T / HTTP", false},
				{true, push, risn + 1, isn + 15 + n, risn + 1, isn + 15, "200 OK", false},
				{false, header.FlagACK, isn + 15, risn + 7, isn + 15 + n, risn + 7, "", false},
				{true, header.FlagFIN | header.FlagACK, risn + 7, isn + 15 + n, risn + 7, isn + 15, "", false},
				{false, header.FlagFIN | header.FlagACK, isn + 15, risn + 8, isn + 15 + n, risn + 8, "", false},
				{true, header.FlagACK, risn + 8, isn + 16 + n, risn + 8, isn + 16, "", false},
			} {
				if step.reply {
					s.reply(t, segmentOf(s.real, s.seen, step.flags, step.seq, step.ack, step.data),
						segmentOf(s.vip, s.client, step.flags, step.wantSeq, step.wantAck, step.data))
					continue
				}
				data := step.data
				if step.introduce {
					data = text + data
				}
				s.request(t, segmentOf(s.client, s.vip, step.flags, step.seq, step.ack, step.data),
					segmentOf(s.seen, s.real, step.flags, step.wantSeq, step.wantAck, data))
			}
		})
	}
}

// The first that a client says may be a super-frame, whose checksum is unfinished.
func TestProxyBeforeASuperFrame(t *testing.T) {
	text := strings.Repeat("x", 8000)
	for _, c := range withNAT() {
		t.Run(c.String(), func(t *testing.T) {
			s := c.shake(t, newTestDirector(t, c.introduced(lvs.TCP, config.ProxyV2)))
			kind := map[bool]packet.GSOKind{true: packet.GSOTCP4, false: packet.GSOTCP6}[c.client == ipv4]
			out, v := s.handleBalanced(t, superFrame(segmentOf(s.client, s.vip, header.FlagACK, isn+1, risn+1, text), kind, 1380))
			want := segmentOf(s.seen, s.real, header.FlagACK, isn+1, risn+1, proxyText(lvs.TCP, s.client, s.vip)+text)
			if v != Forward || len(out) != 1 || !slices.Equal(out[0].frame, packettest.Unfinished(toReal(want))) {
				t.Errorf("%v, sent %d frames: % .150x, want\n% .150x", v, len(out), out, want)
			}
		})
	}
}

// Every datagram of a client is introduced, and no answer.
func TestProxyDatagrams(t *testing.T) {
	for _, c := range withNAT() {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.introduced(lvs.UDP, config.ProxyV2))
			s := c.open(t, d, func(src, dst string) []byte { return packettest.UDP(src, dst, "") })
			text := proxyText(lvs.UDP, s.client, s.vip)
			for _, data := range []string{"", "odd", "who is there", strings.Repeat("x", 1200)} {
				s.request(t, packettest.UDP(s.client, s.vip, data), packettest.UDP(s.seen, s.real, text+data))
				s.reply(t, packettest.UDP(s.real, s.seen, data), packettest.UDP(s.vip, s.client, data))
			}
		})
	}
}

// A super-frame of datagrams is cut, as each of them is introduced.
func TestProxyBeforeManyDatagrams(t *testing.T) {
	const size, n = 1000, 5
	for _, c := range withNAT() {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.introduced(lvs.UDP, config.ProxyV2))
			s := c.open(t, d, func(src, dst string) []byte { return packettest.UDP(src, dst, "") })
			in := superFrame(packettest.UDP(s.client, s.vip, strings.Repeat("x", size*n)), packet.GSOUDP, size)
			out, v := d.handleBalanced(t, in)
			if v != Forward || len(out) != n {
				t.Fatalf("%v, sent %d frames, want %d", v, len(out), n)
			}
			want := proxyText(lvs.UDP, s.client, s.vip) + strings.Repeat("x", size)
			for i, f := range out {
				if got := string(packettest.Transport(f.frame)[header.UDPSize:]); got != want {
					t.Errorf("datagram %d: %.60q, want %.60q", i, got, want)
				}
				if !slices.Equal(packettest.Unfinished(f.frame), f.frame) {
					t.Errorf("datagram %d has a wrong checksum, of what its device is to finish", i)
				}
			}
		})
	}
}

// What would not fit the next link with the header is refused, with an MTU that
// leaves room for it; an IPv4 datagram that may be is fragmented instead.
func TestProxyAndTheMTU(t *testing.T) {
	for _, c := range withNAT() {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.introduced(lvs.UDP, config.ProxyV2))
			s := c.open(t, d, func(src, dst string) []byte { return packettest.UDP(src, dst, "") })
			room := 1500 - len(proxyText(lvs.UDP, s.client, s.vip))
			room -= c.real.headerSize() - c.client.headerSize()
			of := func(n int) []byte {
				return packettest.UDP(s.client, s.vip, strings.Repeat("x", n-c.client.headerSize()-header.UDPSize))
			}
			d.forwarded(t, of(room))
			out, v := d.push(t, of(room+1))
			if v[TooBig] != 1 || len(out) != 1 || int(be16(packettest.Transport(out[0].frame)[6:])) != room {
				t.Errorf("%d bytes: verdicts = %v, sent %d frames, want an answer with MTU %d", room+1, v, len(out), room)
			}
			if c.client == ipv4 && c.real == ipv4 {
				in := of(1500)
				header.IPv4(packettest.Network(in)).SetFragment(0, 0)
				if out, v := d.push(t, packettest.Finish(in)); v[Forward] != 1 || len(out) != 2 {
					t.Errorf("1500 bytes that may be fragmented: verdicts = %v, sent %d frames, want 2", v, len(out))
				}
			}
		})
	}
}

// A session that began before client_address was set is not introduced in the
// middle.
func TestProxyIsTurnedOn(t *testing.T) {
	for _, c := range withNAT() {
		d := newTestDirector(t, c.service(lvs.TCP))
		s := c.shake(t, d)
		d.apply(t, c.introduced(lvs.TCP, config.ProxyV2))
		in, want := segmentOf(s.client, s.vip, header.FlagACK, isn+1, risn+1, "data"), segmentOf(s.seen, s.real, header.FlagACK, isn+1, risn+1, "data")
		t.Run(fmt.Sprint(c), func(t *testing.T) { s.request(t, in, want) })
	}
}
