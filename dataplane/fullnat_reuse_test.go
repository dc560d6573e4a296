package dataplane

import (
	"bytes"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// timestamps is the option of RFC 7323 between two paddings, as Linux sends it.
var timestamps = []byte{1, 1, header.OptionTimestamps, 10, 0, 0, 1, 0, 0, 0, 0, 0}

// paddings stands where timestamps were.
var paddings = bytes.Repeat([]byte{header.OptionNone}, len(timestamps))

// openAnywhere begins a session by a service that has one local port, from the first
// of the client's ports that may have it. There is one, but for few hash seeds.
func (c crossing) openAnywhere(t *testing.T, service config.Service) *session {
	t.Helper()
	for range 5 {
		d := newTestDirector(t, c.from(service, 2000, 2000))
		for port := 1; port < 5000; port++ {
			if out, _ := d.push(t, c.begin(port, isn)); len(out) == 1 {
				in := tupleOf(c.begin(port, isn))
				return &session{d, c, endOf(in.Src, in.SrcPort), c.client.vip + ":80", seenBy(out[0].frame), c.real.real + ":8080"}
			}
		}
	}
	t.Fatal("no client has got a local port")
	return nil
}

func endOf(a lvs.Addr, port uint16) string { return stop(lvs.Tuple{Dst: a, DstPort: port}) }

// begin returns a SYN with timestamps.
func (c crossing) begin(port int, seq uint32) []byte {
	syn := c.sends(port, header.FlagSYN)
	header.TCP(packettest.Transport(syn)).SetSeq(seq)
	return withHeader(syn, timestamps...)
}

// end ends a session as HTTP does, the real server first, when the client has sent
// n bytes that reach the real server as from on.
func (s *session) end(t *testing.T, from, n uint32) {
	t.Helper()
	const fin = header.FlagFIN | header.FlagACK
	s.forwarded(t, segmentOf(s.real, s.seen, header.FlagSYN|header.FlagACK, risn, from, ""))
	s.forwarded(t, segmentOf(s.client, s.vip, header.FlagACK, isn+1, risn+1, string(make([]byte, n))))
	s.forwarded(t, segmentOf(s.real, s.seen, fin, risn+1, from+n, ""))
	s.forwarded(t, segmentOf(s.client, s.vip, fin, isn+1+n, risn+2, ""))
}

// A local port that is used again while the real server may remember the former
// connection goes on where that has ended, whatever the clients' own numbers are:
// the real server sees those of the new connection above all of the old one, and
// no timestamps, which it would compare. The client notices nothing.
func TestLocalPortIsUsedAgain(t *testing.T) {
	for _, c := range crossings {
		for _, how := range []config.ClientAddress{config.NoClientAddress, config.ProxyV2} {
			t.Run(c.String()+", "+how.String(), func(t *testing.T) {
				s := c.openAnywhere(t, c.introduced(lvs.TCP, how))
				s.end(t, isn+1, 1000)
				in := withHeader(segmentOf(s.client, s.vip, header.FlagSYN, isn-900, 0, ""), timestamps...)
				out := s.forwarded(t, in)
				first := header.TCP(packettest.Transport(out)).Seq()
				if seen := seenBy(out); seen != s.seen {
					t.Fatalf("comes from %s, want %s", seen, s.seen)
				}
				if int32(first-(isn+1002)) <= 0 {
					t.Errorf("begins at %d, want it after %d", first, isn+1002)
				}
				s.request(t, in, withHeader(segmentOf(s.seen, s.real, header.FlagSYN, first, 0, ""), paddings...)) // again
				s.reply(t, segmentOf(s.real, s.seen, header.FlagSYN|header.FlagACK, risn, first+1, ""),
					segmentOf(s.vip, s.client, header.FlagSYN|header.FlagACK, risn, isn-899, ""))
				text := ""
				if how == config.ProxyV2 {
					text = proxyText(lvs.TCP, s.client, s.vip)
				}
				s.request(t, segmentOf(s.client, s.vip, header.FlagACK, isn-899, risn+1, "data"), segmentOf(s.seen, s.real, header.FlagACK, first+1, risn+1, text+"data"))
				n := uint32(len(text)) + 4
				s.reply(t, segmentOf(s.real, s.seen, header.FlagACK, risn+1, first+1+n, "200"), segmentOf(s.vip, s.client, header.FlagACK, risn+1, isn-895, "200"))
				s.request(t, segmentOf(s.client, s.vip, header.FlagACK, isn-895, risn+4, "more"), segmentOf(s.seen, s.real, header.FlagACK, first+1+n, risn+4, "more"))
			})
		}
	}
}

// A port that has rested for two minutes is as good as new.
func TestLocalPortHasRested(t *testing.T) {
	for _, c := range crossings {
		s := c.openAnywhere(t, c.service(lvs.TCP))
		s.end(t, isn+1, 1000)
		s.wait(121 + 140) // TIME_WAIT, and what is remembered after the last packet
		t.Run(c.String(), func(t *testing.T) {
			s.request(t, withHeader(segmentOf(s.client, s.vip, header.FlagSYN, isn-900, 0, ""), timestamps...),
				withHeader(segmentOf(s.seen, s.real, header.FlagSYN, isn-900, 0, ""), timestamps...))
		})
	}
}

// Timestamps stay on a port that nobody had before, also where the numbers of a
// connection are mended for another reason.
func TestTimestampsStayOnAFreshPort(t *testing.T) {
	for _, c := range withNAT() {
		for _, how := range []config.ClientAddress{config.NoClientAddress, config.ProxyV2} {
			t.Run(c.String()+", "+how.String(), func(t *testing.T) {
				begin := func(src, dst string) []byte {
					return withHeader(segmentOf(src, dst, header.FlagSYN, isn, 0, ""), timestamps...)
				}
				s := c.open(t, newTestDirector(t, c.introduced(lvs.TCP, how)), func(src, dst string) []byte {
					return segmentOf(src, dst, header.FlagSYN, isn, 0, "")
				})
				for range 2 {
					s.request(t, begin(s.client, s.vip), begin(s.seen, s.real))
				}
			})
		}
	}
}

// Fragments of segments whose numbers have moved are mended like others.
func TestFragmentsOnAPortUsedAgain(t *testing.T) {
	for _, c := range crossings[:2] {
		s := c.openAnywhere(t, c.service(lvs.TCP))
		s.end(t, isn+1, 1000)
		first := header.TCP(packettest.Transport(s.forwarded(t, segmentOf(s.client, s.vip, header.FlagSYN, isn, 0, "")))).Seq()
		text := string(bytes.Repeat([]byte("x"), 1000))
		t.Run(c.String(), func(t *testing.T) {
			checkFullNATPieces(t, s.testDirector, packettest.Fragments(segmentOf(s.client, s.vip, header.FlagACK, isn+1, risn+1, text), 800, 7), toReal,
				packettest.Fragments(segmentOf(s.seen, s.real, header.FlagACK, first+1, risn+1, text), 800, 7))
		})
	}
}

// What a real server sends when its connection has been forgotten is answered with
// a reset: the local address is nobody else's.
func TestReplyAfterExpiry(t *testing.T) {
	for _, c := range crossings {
		d := newTestDirector(t, c.service(lvs.TCP))
		s := c.open(t, d, syn)
		d.wait(70)
		if n := d.table.Len(); n != 0 {
			t.Fatalf("%v: %d connections are left", c, n)
		}
		d.host = &fakeHost{}
		if v := d.verdict(t, packettest.TCP(s.real, s.seen, header.FlagSYN|header.FlagACK, "")); v != StoodIn {
			t.Errorf("%v: verdict = %v, want a reset", c, v)
		}
	}
}
