package dataplane

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A packet from a real server to a service's address may be a reply or a request.
// It is a reply first: nat_icmp_send answers one without a connection, also if
// that might have begun one as a request.
func TestNATICMPSendBothWays(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		real, vip := f.real+":8080", f.vip+":80"
		for name, tt := range map[string]struct {
			in   []byte
			want [2]Verdict // without nat_icmp_send, and with it
		}{
			"a segment":         {packettest.TCP(real, vip, header.FlagACK, "data"), [2]Verdict{NotOurs, NoConnection}},
			"a first segment":   {packettest.TCP(real, vip, header.FlagSYN, ""), [2]Verdict{Forward, NoConnection}},
			"a datagram":        {packettest.UDP(real, vip, "data"), [2]Verdict{Forward, NoConnection}},
			"a reset":           {packettest.TCP(real, vip, header.FlagRST, ""), [2]Verdict{NotOurs, NotOurs}},
			"from another port": {packettest.TCP(f.real+":40000", vip, header.FlagSYN, ""), [2]Verdict{Forward, Forward}},
		} {
			for send, want := range tt.want {
				t.Run(fmt.Sprint(f.name(), " ", name, ", nat_icmp_send ", send), func(t *testing.T) {
					d := newPair(t)
					d.configure(t, askingConfig(f, send))
					out, v := d.push(t, tt.in)
					if v[want] != 1 || len(v) != 1 || (len(out) == 1) != (want != NotOurs) {
						t.Fatalf("verdicts = %v, sent %d frames, want %v", v, len(out), want)
					}
					if want == NoConnection {
						checkAnswer(t, tt.in, out[0].frame)
					}
				})
			}
		}
	}
}

// A real server may call a peer whose address is a service's.
func TestCallToAVirtualAddress(t *testing.T) {
	const other = "192.0.2.2"
	d := newPair(t)
	d.router.set(other, *d.router.hops[d.router.number[addr(client4)]])
	web := testService(lvs.TCP, lvs.NAT, real4)
	web.VIP = netip.MustParseAddr(other)
	d.apply(t, sipService(ipv4), web)
	caller, peer, vip := real4+":5061", other+":7000", vip4+":5060"
	call := d.forwarded(t, packettest.UDP(caller, peer, sipText("out")))
	if want := toClient(packettest.UDP(vip, peer, sipText("out"))); !bytes.Equal(call, want) {
		t.Errorf("sent\n% x, want\n% x", call, want)
	}
	if got := d.stopOf(t, packettest.UDP(peer, vip, "answer")); got != caller {
		t.Errorf("answer went to %s, want %s", got, caller)
	}
	if c := d.Services()[0].Counters; c.Conns != 1 {
		t.Errorf("%d connections counted, want one", c.Conns)
	}
}
