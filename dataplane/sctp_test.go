package dataplane

import (
	"bytes"
	"fmt"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// An association from INIT to SHUTDOWN COMPLETE, as both sides say it, and the
// states that the director has it in where it sees both sides and where it sees
// the client alone.
var association = []struct {
	kind     header.ChunkType
	fromReal bool
	nat, dr  string
}{
	{header.ChunkInit, false, "INIT1", "INIT1"},
	{header.ChunkInitAck, true, "C-SENT", ""},
	{header.ChunkCookieEcho, false, "C-REPLIED", "ESTABLISHED"},
	{header.ChunkCookieAck, true, "ESTABLISHED", ""},
	{header.ChunkData, false, "ESTABLISHED", "ESTABLISHED"},
	{header.ChunkData, true, "ESTABLISHED", ""},
	{header.ChunkShutdown, false, "S-RECEIVED", "S-RECEIVED"},
	{header.ChunkShutdownAck, true, "S-ACK-SENT", ""},
	{header.ChunkShutdownComplete, false, "CLOSED", "CLOSED"},
}

func sctpFrame(kind header.ChunkType, src, dst string) []byte {
	return packettest.SCTP(src, dst, packettest.Chunk(kind, "what the chunk carries"))
}

// checkCRC wants the checksum of frame to be right.
func checkCRC(t *testing.T, frame []byte) {
	t.Helper()
	h, ok := header.ParseSCTP(packettest.Transport(frame))
	if !ok || !h.ChecksumOK() {
		t.Errorf("checksum is %#x, want %#x", h.Checksum(), h.ComputeChecksum())
	}
}

// TestSCTP takes an association through nat and dr. What leaves is what came in,
// with other ends, and with a checksum that is right even if the sender has left
// it to a device.
func TestSCTP(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
			for _, unfinished := range []bool{false, true} {
				t.Run(fmt.Sprint(f.name(), " ", m, ", unfinished ", unfinished), func(t *testing.T) {
					d := newPair(t)
					d.configure(t, testConfig(testService(lvs.SCTP, m, f.bare())))
					d.associate(t, f, m, unfinished)
					s := d.Services()[0]
					if s.Counters.Conns != 1 || s.Destinations[0].Active != 0 || s.Destinations[0].Inactive != 1 {
						t.Errorf("service = %+v", s)
					}
				})
			}
		}
	}
}

func (d *testDirector) associate(t *testing.T, f family, m lvs.Method, unfinished bool) {
	t.Helper()
	client, vip, real := f.client+":4242", f.vip+":80", f.real+":8080"
	if m == lvs.DirectRouting {
		real = vip
	}
	for i, step := range association {
		in, want, state := sctpFrame(step.kind, client, vip), toReal(sctpFrame(step.kind, client, real)), step.nat
		switch {
		case m == lvs.DirectRouting && step.fromReal:
			continue
		case m == lvs.DirectRouting:
			state = step.dr
		case step.fromReal:
			in, want = sctpFrame(step.kind, real, client), toClient(sctpFrame(step.kind, vip, client))
		}
		if unfinished {
			in = packettest.Unfinished(in)
		}
		out := d.forwarded(t, in)
		if !bytes.Equal(out, want) {
			t.Errorf("step %d: sent\n% x, want\n% x", i, out, want)
		}
		checkCRC(t, out)
		if got := d.state(); got != state {
			t.Errorf("step %d: state = %s, want %s", i, got, state)
		}
		if active := d.Services()[0].Destinations[0].Active; (active == 1) != (state == "ESTABLISHED") {
			t.Errorf("step %d: %d active connections in state %s", i, active, state)
		}
	}
}

// Of an association that an ABORT has ended the client's port is free again; an
// ABORT behind a COOKIE ECHO ends it, too.
func TestSCTPAbort(t *testing.T) {
	for name, chunks := range map[string][][]byte{
		"ABORT":               {packettest.Chunk(header.ChunkAbort, "")},
		"ABORT behind cookie": {packettest.Chunk(header.ChunkCookieEcho, "four"), packettest.Chunk(header.ChunkAbort, "")},
	} {
		for mode, conns := range []uint64{1, 2} {
			d := newPair(t)
			c := testConfig(testService(lvs.SCTP, lvs.NAT, real4))
			c.Sysctl.ConnReuseMode = mode
			d.configure(t, c)
			client, vip := client4+":4242", vip4+":80"
			d.forwarded(t, sctpFrame(header.ChunkInit, client, vip))
			d.forwarded(t, packettest.SCTP(client, vip, chunks...))
			if got := d.state(); got != "CLOSED" {
				t.Errorf("%s: state = %s, want CLOSED", name, got)
			}
			d.forwarded(t, sctpFrame(header.ChunkInit, client, vip))
			if got := d.Services()[0].Counters.Conns; got != conns {
				t.Errorf("%s, conn_reuse_mode %d: %d connections, want %d", name, mode, got, conns)
			}
		}
	}
}

// A damaged packet stays as wrong as it was: the receiver is to notice.
func TestSCTPDamaged(t *testing.T) {
	for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
		d := newPair(t)
		d.configure(t, testConfig(testService(lvs.SCTP, m, real4)))
		in := sctpFrame(header.ChunkInit, client4+":4242", vip4+":80")
		in[len(in)-1] ^= 0x55
		if h := header.SCTP(packettest.Transport(d.forwarded(t, in))); h.ChecksumOK() {
			t.Errorf("%v: the checksum has become right", m)
		}
	}
}

func TestSCTPUnreadable(t *testing.T) {
	for name, in := range map[string][]byte{
		"half a header":         packettest.IP(client4, vip4, uint8(lvs.SCTP), make([]byte, 11)),
		"no chunk":              packettest.SCTP(client4+":4242", vip4+":80"),
		"half a chunk's header": packettest.IP(client4, vip4, uint8(lvs.SCTP), make([]byte, 14)),
	} {
		d := newPair(t)
		d.configure(t, testConfig(testService(lvs.SCTP, lvs.NAT, real4)))
		if v := d.verdict(t, in); v != Unreadable {
			t.Errorf("%s: verdict = %q, want %q", name, v, Unreadable)
		}
	}
}

// Errors about either side's packets reach the other side in its own terms.
func TestErrorsAboutSCTP(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		typ := map[bool]uint8{true: 3, false: 1}[f == ipv4]
		routerAt := map[bool]string{true: "198.51.100.1", false: "2001:db8:c::1"}[f == ipv4]
		for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
			t.Run(fmt.Sprint(f.name(), " ", m), func(t *testing.T) {
				client, vip, real, from := f.client+":4242", f.vip+":80", f.real+":8080", f.bareOf(f.vip)
				if m == lvs.DirectRouting {
					real, from = vip, routerAt
				}
				d := newPair(t)
				d.configure(t, testConfig(testService(lvs.SCTP, m, f.bare())))
				d.forwarded(t, sctpFrame(header.ChunkInit, client, vip))
				aboutReply := d.forwarded(t, packettest.ICMPError(routerAt, typ, 0, 0, sctpFrame(0, vip, client)))
				sameErrorAboutSCTP(t, aboutReply, toReal(packettest.ICMPError(routerAt, typ, 0, 0, sctpFrame(0, real, client))))
				aboutRequest := d.forwarded(t, packettest.ICMPError(routerAt, typ, 0, 0, sctpFrame(0, client, real)))
				sameErrorAboutSCTP(t, aboutRequest, toClient(packettest.ICMPError(from, typ, 0, 0, sctpFrame(0, client, vip))))
			})
		}
	}
}

// sameErrorAboutSCTP compares two errors up to where they quote the checksum,
// but for their own: translation does not finish what it quotes.
func sameErrorAboutSCTP(t *testing.T, got, want []byte) {
	t.Helper()
	network := map[uint8]int{4: 20, 6: 40}[want[14]>>4]
	at := 14 + network + header.ICMPChecksumOffset
	got, want = bytes.Clone(got), bytes.Clone(want)
	copy(got[at:at+2], want[at:at+2])
	if n := 14 + network + 8 + network + header.SCTPChecksumOffset; !bytes.Equal(got[:n], want[:n]) {
		t.Errorf("sent\n% x, want\n% x", got[:n], want[:n])
	}
}
