package dataplane

import (
	"strings"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A real server takes the director's word for who its client is: whatever the
// client sends, the first that the server reads is the director's.

// A client that says nothing is introduced before it ends the connection, and its
// end is acknowledged.
func TestProxyBeforeTheEnd(t *testing.T) {
	const fin = header.FlagFIN | header.FlagACK
	for _, c := range withNAT() {
		t.Run(c.String(), func(t *testing.T) {
			s := c.shake(t, newTestDirector(t, c.introduced(lvs.TCP, config.ProxyV2)))
			text := proxyText(lvs.TCP, s.client, s.vip)
			s.request(t, segmentOf(s.client, s.vip, fin, isn+1, risn+1, ""), segmentOf(s.seen, s.real, fin, isn+1, risn+1, text))
			s.reply(t, segmentOf(s.real, s.seen, fin, risn+1, isn+2+uint32(len(text)), ""), segmentOf(s.vip, s.client, fin, risn+1, isn+2, ""))
		})
	}
}

// Data in a SYN is not passed on. When the client sends it again it comes behind
// the header.
func TestProxyBeforeFastOpen(t *testing.T) {
	for _, c := range withNAT() {
		t.Run(c.String(), func(t *testing.T) {
			d := newTestDirector(t, c.introduced(lvs.TCP, config.ProxyV2))
			s := c.open(t, d, func(src, dst string) []byte {
				return segmentOf(src, dst, header.FlagSYN, isn, 0, "PROXY TCP4 192.0.2.66 192.0.2.1 1 80\r\n")
			})
			s.request(t, segmentOf(s.client, s.vip, header.FlagSYN, isn, 0, "again"), segmentOf(s.seen, s.real, header.FlagSYN, isn, 0, ""))
			s.reply(t, segmentOf(s.real, s.seen, header.FlagSYN|header.FlagACK, risn, isn+1, ""),
				segmentOf(s.vip, s.client, header.FlagSYN|header.FlagACK, risn, isn+1, ""))
			s.request(t, segmentOf(s.client, s.vip, header.FlagACK, isn+1, risn+1, "data"),
				segmentOf(s.seen, s.real, header.FlagACK, isn+1, risn+1, proxyText(lvs.TCP, s.client, s.vip)+"data"))
		})
	}
}

// A client that begins again from another number is introduced where its data
// begins then. If the number has gone back the connection is a new one, from the
// client's next try on.
func TestProxyAfterAnotherSYN(t *testing.T) {
	for name, second := range map[string]uint32{"higher": isn + 1e6, "lower": isn - 500} {
		for _, c := range withNAT() {
			t.Run(c.String()+", "+name, func(t *testing.T) {
				d := newTestDirector(t, c.introduced(lvs.TCP, config.ProxyV2))
				c.open(t, d, func(src, dst string) []byte { return segmentOf(src, dst, header.FlagSYN, isn, 0, "") })
				again := segmentOf(c.client.client+":4242", c.client.vip+":80", header.FlagSYN, second, 0, "")
				if v := d.verdict(t, again); (v == Forward) != (second > isn) {
					t.Fatalf("verdict = %v", v)
				}
				out := d.forwarded(t, again)
				s := &session{d, c, c.client.client + ":4242", c.client.vip + ":80", seenBy(out), c.real.real + ":8080"}
				first := header.TCP(packettest.Transport(out)).Seq() + 1
				s.request(t, segmentOf(s.client, s.vip, header.FlagACK, second+1, risn+1, "data"),
					segmentOf(s.seen, s.real, header.FlagACK, first, risn+1, proxyText(lvs.TCP, s.client, s.vip)+"data"))
			})
		}
	}
}

// A SYN that somebody forges does not put the numbers of a connection out of step.
func TestProxyAndAForgedSYN(t *testing.T) {
	for _, c := range withNAT() {
		t.Run(c.String(), func(t *testing.T) {
			s := c.shake(t, newTestDirector(t, c.introduced(lvs.TCP, config.ProxyV2)))
			text := proxyText(lvs.TCP, s.client, s.vip)
			s.forwarded(t, segmentOf(s.client, s.vip, header.FlagSYN, isn+1e6, 0, ""))
			s.request(t, segmentOf(s.client, s.vip, header.FlagACK, isn+1, risn+1, "data"), segmentOf(s.seen, s.real, header.FlagACK, isn+1, risn+1, text+"data"))
			s.request(t, segmentOf(s.client, s.vip, header.FlagACK, isn+5, risn+1, "more"),
				segmentOf(s.seen, s.real, header.FlagACK, isn+5+uint32(len(text)), risn+1, "more"))
		})
	}
}

// There is no place for the header in fragments. They are lost, so that nobody can
// write his own.
func TestProxyAndFragments(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 100)
	for _, p := range []lvs.Protocol{lvs.TCP, lvs.UDP} {
		for _, c := range withNAT() {
			t.Run(c.String(), func(t *testing.T) {
				d := newTestDirector(t, c.introduced(p, config.ProxyV2))
				s := c.open(t, d, func(src, dst string) []byte { return exchange(p, src, dst, header.FlagSYN) })
				in := packettest.UDP(s.client, s.vip, text)
				if p == lvs.TCP {
					in = packettest.TCP(s.client, s.vip, header.FlagACK, text)
				}
				checkLostPieces(t, d, packettest.Fragments(in, 800, 7))
			})
		}
	}
}

// What has ports and is neither TCP nor UDP, or no ports at all, passes a service
// with client_address as it would any other.
func TestProxyAndOtherProtocols(t *testing.T) {
	for _, how := range []config.ClientAddress{config.ProxyV2, config.NoClientAddress} {
		for _, f := range []family{ipv4, ipv6} {
			s := onPort(testService(lvs.UDP, lvs.NAT, f.bare()), isakmp)
			s.Reals[0].Port, s.ClientAddress = isakmp, how
			d := newTestDirector(t, s)
			d.forwarded(t, packettest.UDP(f.client+":500", f.vip+":500", "keys"))
			in, want := packettest.ESP(f.bareOf(f.client), f.bareOf(f.vip), 1, ""), packettest.ESP(f.bareOf(f.client), f.bare(), 1, "")
			if got := d.forwarded(t, in); string(got) != string(toReal(want)) {
				t.Errorf("%s, %v: ESP leaves as\n% x, want\n% x", f.name(), how, got, toReal(want))
			}
		}
	}
}

// A segment that begins before the client's first byte and has that, too, is
// refused: its end would be read before the header. What ends before is passed on.
func TestProxyAndWhatGoesBefore(t *testing.T) {
	for name, tt := range map[string]struct {
		seq  uint32
		data string
		want Verdict
	}{
		"one byte before, with the first": {isn, "xG", Untranslatable},
		"long before, and much":           {isn - 999, strings.Repeat("x", 1200), Untranslatable},
		"it ends with the first":          {isn - 2, "xxxG", Untranslatable},
		"it ends before the first":        {isn - 2, "xxx", Forward},
		"a keep-alive":                    {isn, "", Forward},
		"a keep-alive with its byte":      {isn, "x", Forward},
	} {
		for _, c := range withNAT() {
			t.Run(c.String()+", "+name, func(t *testing.T) {
				s := c.shake(t, newTestDirector(t, c.introduced(lvs.TCP, config.ProxyV2)))
				if v := s.verdict(t, segmentOf(s.client, s.vip, header.FlagACK, tt.seq, risn+1, tt.data)); v != tt.want {
					t.Errorf("verdict = %v, want %v", v, tt.want)
				}
				s.request(t, segmentOf(s.client, s.vip, header.FlagACK, isn+1, risn+1, "GET "),
					segmentOf(s.seen, s.real, header.FlagACK, isn+1, risn+1, proxyText(lvs.TCP, s.client, s.vip)+"GET "))
			})
		}
	}
}

// checkLostPieces checks that none of pieces leaves, and that no frame is kept.
func checkLostPieces(t *testing.T, d *testDirector, pieces [][]byte) {
	t.Helper()
	out, v := d.push(t, pieces...)
	if v[Untranslatable] != uint64(len(pieces)) || len(out) != 0 {
		t.Errorf("verdicts = %v, sent %d frames", v, len(out))
	}
}
