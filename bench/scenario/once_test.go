package scenario

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"xlvs/bench/lab"
)

// onLoopback is s1 with a VIP that is on the director's loopback, to which the
// client has a route.
func onLoopback(t *testing.T) *site {
	t.Helper()
	s := s1.raise(t, lab.WireOptions{})
	gateway, gateway6 := s.VIP.String(), s.VIP6.String()
	s.VIP, s.VIP6 = parse("203.0.113.80"), parse("2001:db8:80::80")
	s.Public = s.VIP
	must(t, s.Director.AddAddr("lo", whole(s.VIP), whole(s.VIP6)))
	must(t, s.Client.Route(whole(s.VIP), gateway))
	must(t, s.Client.Route(whole(s.VIP6), gateway6))
	return s
}

// The host, which is a router, has the VIP and masquerades, neither answers nor
// forwards what the director handles: each segment arrives once.
func TestHostStaysOutOfIt(t *testing.T) {
	placements := []placement{
		{"VIP on the client's side", func(t *testing.T) *site { t.Helper(); return s1.raise(t, lab.WireOptions{}) }},
		{"VIP on loopback", onLoopback},
	}
	for _, p := range placements {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%s, %s", p.name, mode), func(t *testing.T) {
				t.Parallel()
				s := p.raise(t)
				serveAll(t, s)
				captures := make([]*lab.Capture, 1+len(s.Real))
				for i, h := range append([]*lab.Host{s.Client}, s.Real...) {
					c, err := h.Capture("eth0")
					must(t, err)
					captures[i] = c
				}
				direct(t, s, s.web(mode))
				for _, f := range s.families() {
					checkTurns(t, s, f, 10)
				}
				checkAnsweredOnce(t, segments(t, captures[0]))
				checkArrivals(t, captures[0], captures[1:])
			})
		}
	}
}

// checkArrivals checks that whatever the client and the real servers have sent to
// each other has arrived at the other end as often as it was sent.
func checkArrivals(t *testing.T, client *lab.Capture, reals []*lab.Capture) {
	t.Helper()
	var sent, arrived map[string]int
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		sent, arrived = map[string]int{}, map[string]int{}
		tally(segments(t, client), true, sent, arrived)
		for _, c := range reals {
			tally(segments(t, c), false, sent, arrived)
		}
		if maps.Equal(sent, arrived) {
			return
		}
	}
	for key, n := range arrived {
		if sent[key] != n {
			t.Errorf("%s: sent %d times, arrived %d times", key, sent[key], n)
		}
	}
	for key, n := range sent {
		if arrived[key] == 0 {
			t.Errorf("%s: sent %d times, never arrived", key, n)
		}
	}
}

// tally counts segments by what both ends see of them: the client's port, the
// direction, and the sender's part of the TCP header.
func tally(list []segment, atClient bool, sent, arrived map[string]int) {
	for _, s := range list {
		direction, port := "reply", s.tcp.DstPort
		if s.outgoing == atClient {
			direction, port = "request", s.tcp.SrcPort
		}
		key := fmt.Sprintf("%s of client port %d seq=%d ack=%d SYN=%t FIN=%t RST=%t, %d bytes", direction, port,
			s.tcp.Seq, s.tcp.Ack, s.tcp.SYN, s.tcp.FIN, s.tcp.RST, len(s.tcp.Payload))
		if s.outgoing {
			sent[key]++
		} else {
			arrived[key]++
		}
	}
}
