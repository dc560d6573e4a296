package encap

import (
	"bytes"
	"slices"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// synOptions are those of a SYN of Linux, in scapy 2.5.0's words
//
//	o = [('MSS', 1460), ('SAckOK', ''), ('Timestamp', (7, 0)), ('NOP', None), ('WScale', 7)]
const synOptions = "020405b40402080a000000070000000001030307"

// protoOf returns what a packet of either family carries.
func protoOf(p *packet.Packet) lvs.Protocol {
	b := p.Bytes()[p.L3:]
	if b[0]>>4 == 4 {
		return lvs.Protocol(header.IPv4(b).Proto())
	}
	t, _ := header.IPv6(b).Transport()
	return lvs.Protocol(t.Proto)
}

// refuses looks that f, which works on p, reports false and leaves p alone.
func refuses(t *testing.T, p *packet.Packet, f func() bool) {
	t.Helper()
	before, frame := *p, bytes.Clone(p.Bytes())
	if f() {
		t.Error("= true, want false")
	}
	wantFrame(t, p, frame)
	if p.L3 != before.L3 || p.L4 != before.L4 || p.Sum != before.Sum || p.GSO != before.GSO || p.Start() != before.Start() {
		t.Errorf("refusing leaves %+v of %+v", p, before)
	}
}

// cramped is mustParse with n bytes of headroom.
func cramped(t *testing.T, frame []byte, n int) *packet.Packet {
	t.Helper()
	p, _ := mustParse(t, frame)
	l3, l4 := p.L3, p.L4
	p.Reset(slices.Concat(make([]byte, n), frame, make([]byte, 100)), n, len(frame))
	p.L3, p.L4 = l3, l4
	return p
}

// TestInsertingDoesNotAllocate has a packet made longer and clamped.
func TestInsertingDoesNotAllocate(t *testing.T) {
	frame := withTCPOptions(tcp(header.FlagSYN, "odd")(local4, real4), 1, 1, unhex(t, synOptions))
	p, _ := mustParse(t, frame)
	l4, chunk := p.L4, make([]byte, 2048)
	client, port := endpoint(client4)
	virtual, virtualPort := endpoint(virtual4)
	n := testing.AllocsPerRun(100, func() {
		copy(chunk[packet.Headroom:], frame)
		p.Reset(chunk, packet.Headroom, len(frame))
		p.L3, p.L4 = header.EthernetSize, l4
		var b [MaxProxyV2]byte
		text := AppendProxyV2(b[:0], lvs.TCP, client, port, virtual, virtualPort)
		if !ClampMSS(p, 1000) || !StripTimestamps(p) || !InsertTOA(p, client, port) || !InsertProxy(p, text) {
			t.Fatal("refused")
		}
	})
	if n != 0 {
		t.Errorf("inserting allocates %v times, want 0", n)
	}
}

// FuzzFullNAT takes whatever a worker can parse through all that FULLNAT does:
// what was right before is right afterwards.
func FuzzFullNAT(f *testing.F) {
	for _, b := range builds() {
		f.Add(b(client4, virtual4), true, uint16(1000))
		f.Add(b(client6, virtual6), false, uint16(1000))
	}
	syn := withTCPOptions(tcp(header.FlagSYN, "")(client6, virtual6), 1, 1, unhex(f, synOptions))
	f.Add(syn, true, uint16(1000))
	f.Add(withOptions(udp("odd")(client4, virtual4)), true, uint16(0))
	f.Add(withExtension(udp("odd")(client6, virtual6)), true, uint16(0))
	f.Add(sctp("odd")(client4, virtual4), true, uint16(0))
	f.Fuzz(func(t *testing.T, frame []byte, cross bool, mss uint16) {
		p, proto, ok := parse(frame)
		if !ok || TTL(p) < 2 {
			t.Skip()
		}
		right := verifies(p.Bytes(), proto)
		look := func(what string) {
			if right && !verifies(p.Bytes(), proto) {
				t.Fatalf("%s of % x gives % x", what, frame, p.Bytes())
			}
		}
		if proto == lvs.TCP {
			ClampMSS(p, mss)
			StripTimestamps(p)
			look("SYN")
		}
		client, port := endpoint(client6)
		InsertTOA(p, client, port)
		look("TOA")
		InsertProxy(p, AppendProxyV2(nil, proto, client, port, client, port))
		look("PROXY")
		if is4 := p.Bytes()[p.L3]>>4 == 4; is4 == cross {
			readdress(p, proto, local6, real6)
		} else {
			readdress(p, proto, local4, real4)
		}
		look("new endpoints")
		if at := len(p.Bytes()) - len(packettest.Transport(p.Bytes())); at != int(p.L4) {
			t.Errorf("L4 = %d, want %d", p.L4, at)
		}
	})
}
