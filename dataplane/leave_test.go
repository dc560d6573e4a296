package dataplane

import (
	"bytes"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// quiesced returns s with all of its real servers at weight 0.
func quiesced(s config.Service) config.Service {
	return withReals(s, func(_ int, r *config.Real) { r.Weight = 0 })
}

// Whoever finds no real server is told that nobody listens, whatever it speaks.
func TestNobodyListens(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for name, in := range map[string][]byte{
			"TCP":  packettest.TCP(f.client+":4242", f.vip+":80", header.FlagSYN, ""),
			"UDP":  packettest.UDP(f.client+":4242", f.vip+":80", "data"),
			"SCTP": packettest.SCTP(f.client+":4242", f.vip+":80", packettest.Chunk(header.ChunkInit, "................")),
		} {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d := newPair(t)
				c := testConfig()
				for _, p := range ported {
					c.Services = append(c.Services, quiesced(testService(p, lvs.NAT, f.bare())))
				}
				d.configure(t, c)
				out, v := d.push(t, in)
				if v[NoDestination] != 1 || len(out) != 1 {
					t.Fatalf("verdicts = %v, sent %d frames", v, len(out))
				}
				want := map[bool][]byte{true: {3, 3}, false: {1, 4}}[f == ipv4]
				if got := packettest.Transport(out[0].frame)[:2]; !bytes.Equal(got, want) {
					t.Errorf("answered with type and code %v, want %v", got, want)
				}
				checkAnswer(t, in, out[0].frame)
				if d.Services()[0].Counters != (Counters{}) || d.table.Len() != 0 {
					t.Errorf("counted %+v, %d in the table", d.Services()[0].Counters, d.table.Len())
				}
			})
		}
	}
}

// The FTP rule brings packets here that may be for another server on the VIP's
// host: without a real server they are left to that.
func TestFTPWithoutDestination(t *testing.T) {
	for port, want := range map[string]Verdict{"21": NoDestination, "20": NotOurs, "3000": NotOurs} {
		for _, f := range []family{ipv4, ipv6} {
			for name, s := range map[string]config.Service{
				"plain": testService(lvs.TCP, lvs.NAT, f.bare()), "persistent": persistent(testService(lvs.TCP, lvs.NAT, f.bare())),
			} {
				d := newPair(t)
				d.configure(t, testConfig(quiesced(onPort(s, 21))))
				if v := d.verdict(t, packettest.TCP(f.client+":4242", f.vip+":"+port, header.FlagSYN, "")); v != want {
					t.Errorf("%s, %s, port %s: verdict = %q, want %q", f.name(), name, port, v, want)
				}
			}
		}
	}
}

// What comes from FTP's data port begins no connection, of whatever service.
func TestSourcePortOfFTPData(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		every := persistent(onPort(testService(lvs.UDP, lvs.NAT, f.bare()), 0))
		for name, tt := range map[string]struct {
			service config.Service
			in      []byte
		}{
			"TCP":              {testService(lvs.TCP, lvs.NAT, f.bare()), packettest.TCP(f.client+":20", f.vip+":80", header.FlagSYN, "")},
			"persistent TCP":   {persistent(testService(lvs.TCP, lvs.NAT, f.bare())), packettest.TCP(f.client+":20", f.vip+":80", header.FlagSYN, "")},
			"UDP, every port":  {every, packettest.UDP(f.client+":20", f.vip+":99", "data")},
			"SCTP":             {testService(lvs.SCTP, lvs.NAT, f.bare()), packettest.SCTP(f.client+":20", f.vip+":80", packettest.Chunk(1, ""))},
			"without anything": {quiesced(testService(lvs.TCP, lvs.NAT, f.bare())), packettest.TCP(f.client+":20", f.vip+":80", header.FlagSYN, "")},
		} {
			d := newPair(t)
			d.configure(t, testConfig(tt.service))
			if out, v := d.push(t, tt.in); v[NotOurs] != 1 || len(out) != 0 || d.table.Len() != 0 {
				t.Errorf("%s %s: verdicts = %v, sent %d frames", f.name(), name, v, len(out))
			}
		}
	}
}
