package dataplane

import (
	"bytes"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// repair makes an IPv4 header checksum right, which mutations seldom leave so.
func repair(frame []byte) {
	if typ, l3, ok := header.Network(frame); ok && typ == header.TypeIPv4 {
		if h, ok := header.ParseIPv4(frame[l3:]); ok {
			h.SetChecksum(h.ComputeChecksum())
		}
	}
}

// checkOne takes one frame through the worker of d: it must end in one verdict,
// unless it waits, and every frame of its way must be given back once.
func checkOne(t *testing.T, d *testDirector, frame []byte) {
	t.Helper()
	given, back := d.queue.given, d.queue.dropped
	sent, verdicts := d.push(t, frame)
	total := uint64(0)
	for _, n := range verdicts {
		total += n
	}
	if waits := len(d.workers[0].held); total != uint64(1-waits) {
		t.Errorf("verdicts = %v, want one, and %d packets wait", verdicts, waits)
	}
	d.workers[0].releaseHeld()
	if d.queue.given-given != len(sent)+d.queue.dropped-back {
		t.Errorf("gave 1 frame, got back %d", len(sent)+d.queue.dropped-back)
	}
}

// FuzzWorker takes any frame through the whole worker, before and after there is
// a connection: no panic, one verdict, and the frame given back once.
func FuzzWorker(f *testing.F) {
	for _, fam := range []family{ipv4, ipv6} {
		client, vip, real := fam.client+":4242", fam.vip+":80", fam.real+":8080"
		tcp := packettest.TCP(client, vip, header.FlagACK, "data")
		f.Add(tcp)
		f.Add(packettest.TCP(real, client, header.FlagACK, "data"))
		f.Add(packettest.UDP(client, vip, "data"))
		f.Add(packettest.VLAN(tcp, 5, 6))
		f.Add(packettest.TTL(tcp, 1))
		f.Add(packettest.Unfinished(tcp))
		f.Add(packettest.Fragments(tcp, 16, 1)[1])
		f.Add(packettest.ICMPError(fam.bareOf(fam.client), 1, 0, 0, packettest.TCP(vip, client, 0, "data")))
		f.Add(packettest.ICMPError(fam.bareOf(fam.client), 3, 4, 1400, packettest.TCP(vip, client, 0, "data")))
		f.Add(packettest.ICMPError(fam.bareOf(fam.client), 3, 1, 0, packettest.TCP(client, real, 0, "data")))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		frame := bytes.Clone(input)
		if len(frame) > 9000 {
			t.Skip()
		}
		d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4), testService(lvs.TCP, lvs.DirectRouting, real6),
			testService(lvs.UDP, lvs.NAT, real6), testService(lvs.UDP, lvs.DirectRouting, real4))
		for _, fam := range []family{ipv4, ipv6} {
			d.push(t, packettest.TCP(fam.client+":4242", fam.vip+":80", header.FlagSYN, ""), packettest.UDP(fam.client+":4242", fam.vip+":80", ""))
		}
		repair(frame)
		checkOne(t, d, frame)
	})
}
