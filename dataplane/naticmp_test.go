package dataplane

import (
	"fmt"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// nat_icmp_send tells a real server that its connection is unknown, unless it
// has ended that itself.
func TestNATICMPSend(t *testing.T) {
	abort := packettest.Chunk(header.ChunkAbort, "")
	for _, f := range []family{ipv4, ipv6} {
		from, to := f.real+":8080", f.client+":4242"
		tests := map[string]struct {
			in       []byte
			answered bool
		}{
			"a segment":            {packettest.TCP(from, to, header.FlagACK, "data"), true},
			"a datagram":           {packettest.UDP(from, to, "data"), true},
			"an SCTP packet":       {packettest.SCTP(from, to, packettest.Chunk(0, "data")), true},
			"a reset":              {packettest.TCP(from, to, header.FlagRST, ""), false},
			"an ABORT":             {packettest.SCTP(from, to, abort), false},
			"an ABORT, but second": {packettest.SCTP(from, to, packettest.Chunk(header.ChunkCookieEcho, "cookie"), abort), true},
			"from another port":    {packettest.TCP(f.real+":8081", to, header.FlagACK, ""), false},
			"from a dr server":     {packettest.TCP(f.vip+":90", to, header.FlagACK, ""), false},
			"of a mark's server":   {packettest.UDP(f.real+":8090", to, "data"), true},
			"an error about it":    {packettest.ICMPError(f.bare(), 3, 0, 0, packettest.TCP(to, from, 0, "")), false},
			"a packet of IPsec":    {packettest.ESP(f.bare(), f.bareOf(f.client), 1, "secret"), false},
			"the real server asks": {packettest.TCP(f.real+":40000", to, header.FlagSYN, ""), false},
		}
		for name, tt := range tests {
			for send := range 2 {
				t.Run(fmt.Sprint(f.name(), " ", name, ", nat_icmp_send ", send), func(t *testing.T) {
					d := newPair(t)
					d.configure(t, askingConfig(f, send))
					out, v := d.push(t, tt.in)
					if !tt.answered || send == 0 {
						if v[NotOurs] != 1 || len(out) != 0 {
							t.Errorf("verdicts = %v, sent %d frames", v, len(out))
						}
						return
					}
					if v[NoConnection] != 1 || len(out) != 1 {
						t.Fatalf("verdicts = %v, sent %d frames", v, len(out))
					}
					checkAnswer(t, tt.in, out[0].frame)
				})
			}
		}
	}
}

// askingConfig has a nat service of every protocol, one of dr on port 90, one of
// IPsec's keys, and a mark.
func askingConfig(f family, send int) *config.Config {
	c := testConfig(onPort(testService(lvs.TCP, lvs.DirectRouting, f.bare()), 90))
	for _, p := range ported {
		c.Services = append(c.Services, testService(p, lvs.NAT, f.bare()))
	}
	c.Services = append(c.Services, toPort(onPort(testService(lvs.UDP, lvs.NAT, f.bare()), isakmp), isakmp), toPort(markService(1, lvs.NAT, f.bare()), 8090))
	c.Marks = webMarks(f)
	c.Sysctl.NATICMPSend = send
	return c
}
