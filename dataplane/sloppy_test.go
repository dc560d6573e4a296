package dataplane

import (
	"fmt"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// Which packets may begin a connection, and with which state it is known then.
func TestSloppiness(t *testing.T) {
	tcp := func(flags header.TCPFlags) func(f family) []byte {
		return func(f family) []byte { return packettest.TCP(f.client+":4242", f.vip+":80", flags, "") }
	}
	sctp := func(chunks ...[]byte) func(f family) []byte {
		return func(f family) []byte { return packettest.SCTP(f.client+":4242", f.vip+":80", chunks...) }
	}
	tests := map[string]struct {
		in             func(f family) []byte
		strict, sloppy string // states; "none" for no connection
	}{
		"SYN":                   {tcp(header.FlagSYN), "SYN_RECV", "SYN_RECV"},
		"SYN and ACK":           {tcp(header.FlagSYN | header.FlagACK), "SYN_RECV", "SYN_RECV"},
		"ACK":                   {tcp(header.FlagACK), "none", "ESTABLISHED"},
		"FIN":                   {tcp(header.FlagFIN | header.FlagACK), "none", "CLOSE"},
		"nothing":               {tcp(0), "none", "CLOSE"},
		"RST":                   {tcp(header.FlagRST), "none", "none"},
		"RST and ACK":           {tcp(header.FlagRST | header.FlagACK), "none", "none"},
		"INIT":                  {sctp(packettest.Chunk(header.ChunkInit, "................")), "INIT1", "INIT1"},
		"DATA":                  {sctp(packettest.Chunk(header.ChunkData, "data")), "none", "ESTABLISHED"},
		"COOKIE ECHO":           {sctp(packettest.Chunk(header.ChunkCookieEcho, "cookie")), "none", "C-REPLIED"},
		"ABORT":                 {sctp(packettest.Chunk(header.ChunkAbort, "")), "none", "none"},
		"COOKIE ECHO and ABORT": {sctp(packettest.Chunk(header.ChunkCookieEcho, "cookie"), packettest.Chunk(header.ChunkAbort, "")), "none", "CLOSED"},
		"ABORT and COOKIE ECHO": {sctp(packettest.Chunk(header.ChunkAbort, ""), packettest.Chunk(header.ChunkCookieEcho, "cookie")), "none", "none"},
		"SHUTDOWN":              {sctp(packettest.Chunk(header.ChunkShutdown, "....")), "none", "S-RECEIVED"},
		"HEARTBEAT":             {sctp(packettest.Chunk(4, "beat")), "none", "ESTABLISHED"},
		"an unknown type":       {sctp(packettest.Chunk(200, "?")), "none", "ESTABLISHED"},
	}
	for _, f := range []family{ipv4, ipv6} {
		for name, tt := range tests {
			for sloppy, want := range []string{tt.strict, tt.sloppy} {
				t.Run(fmt.Sprint(f.name(), " ", name, ", sloppy ", sloppy), func(t *testing.T) {
					d := newPair(t)
					c := testConfig(testService(lvs.TCP, lvs.NAT, f.bare()), testService(lvs.SCTP, lvs.NAT, f.bare()))
					c.Sysctl.SloppyTCP, c.Sysctl.SloppySCTP = sloppy, sloppy
					d.configure(t, c)
					v := d.verdict(t, tt.in(f))
					if wantVerdict := map[bool]Verdict{true: NotOurs, false: Forward}[want == "none"]; v != wantVerdict {
						t.Errorf("verdict = %q, want %q", v, wantVerdict)
					}
					if got := d.state(); got != want {
						t.Errorf("state = %s, want %s", got, want)
					}
				})
			}
		}
	}
}

// An ICMP error about a connection that this director has not seen begins one
// under schedule_icmp: it reaches the real server that the rest will go to.
func TestScheduleICMP(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		typ := map[bool]uint8{true: 3, false: 1}[f == ipv4]
		about := map[string]func(src, dst string) []byte{
			"TCP":  func(src, dst string) []byte { return packettest.TCP(src, dst, header.FlagACK, "data") },
			"UDP":  func(src, dst string) []byte { return packettest.UDP(src, dst, "data") },
			"SCTP": func(src, dst string) []byte { return packettest.SCTP(src, dst, packettest.Chunk(0, "data")) },
		}
		for name, build := range about {
			for schedule := range 2 {
				t.Run(fmt.Sprint(f.name(), " ", name, ", schedule_icmp ", schedule), func(t *testing.T) {
					d := newPair(t)
					c := testConfig()
					for _, p := range ported {
						c.Services = append(c.Services, testService(p, lvs.NAT, f.bare()))
					}
					c.Sysctl.ScheduleICMP = schedule
					d.configure(t, c)
					in := packettest.ICMPError(f.bareOf(f.client), typ, 1, 0, build(f.vip+":80", f.client+":4242"))
					out, v := d.push(t, in)
					if schedule == 0 {
						if v[NotOurs] != 1 || d.table.Len() != 0 {
							t.Errorf("verdicts = %v, %d in the table", v, d.table.Len())
						}
						return
					}
					if v[Forward] != 1 || len(out) != 1 || d.table.Len() != 1 {
						t.Fatalf("verdicts = %v, sent %d frames, %d in the table", v, len(out), d.table.Len())
					}
					if got := tupleOf(out[0].frame); got.Src != addr(f.bareOf(f.client)) || got.Dst != addr(f.bare()) || got.SrcPort != 4242 || got.DstPort != 8080 {
						t.Errorf("sent an error about the answer to %v", got)
					}
					d.wait(4) // it is no packet of the connection, which stays new
					if n := d.table.Len(); n != 0 {
						t.Errorf("%d in the table after 4 s", n)
					}
				})
			}
		}
	}
}

// Such an error finds no real server as quietly as it begins nothing.
func TestScheduleICMPInVain(t *testing.T) {
	d := newPair(t)
	c := testConfig()
	c.Services = append(c.Services, testService(lvs.TCP, lvs.NAT, real4))
	c.Services[0].Reals[0].Weight, c.Sysctl.ScheduleICMP = 0, 1
	d.configure(t, c)
	in := packettest.ICMPError(client4, 3, 1, 0, packettest.TCP(vip4+":80", client4+":4242", header.FlagACK, ""))
	if out, v := d.push(t, in); v[NoDestination] != 1 || len(out) != 0 {
		t.Errorf("verdicts = %v, sent %d frames", v, len(out))
	}
}
