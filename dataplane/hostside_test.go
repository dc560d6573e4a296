package dataplane

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/host"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// A fakeHost takes as many packets as it has room for, or refuses them.
type fakeHost struct {
	room    int
	given   [][]byte
	refuses bool
}

func (h *fakeHost) Allow(time.Duration) bool {
	h.room--
	return h.room >= 0
}

func (h *fakeHost) Give(p *packet.Packet) host.Outcome {
	if h.refuses {
		return host.Refused
	}
	h.given = append(h.given, bytes.Clone(p.Bytes()))
	return host.Given
}

// What the host does not take is not counted as given.
func TestHostRefuses(t *testing.T) {
	d := newPair(t)
	d.configure(t, testConfig(testService(lvs.TCP, lvs.NAT, real4)))
	d.host = &fakeHost{room: 1000, refuses: true}
	d.setState(real4, neigh.Local)
	_, v := d.push(t, syn4(1), echoRequest(ipv4), echoRequest(ipv4))
	if v[HostRefused] != 3 || v[ToHost] != 0 || v[Local] != 0 || d.queue.dropped != 3 {
		t.Errorf("verdicts = %v, %d packets released", v, d.queue.dropped)
	}
}

// The programs that let given frames pass and the door that gives them must
// mean the same mark and the same stamp.
func TestDoorAndClassifierAgree(t *testing.T) {
	if steer.HostMark != host.Mark {
		t.Errorf("steer.HostMark = %#x, host.Mark = %#x", steer.HostMark, host.Mark)
	}
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], steer.HostStamp)
	if mac := host.Stamp(); header.MAC(stamp[2:]) != mac || stamp[0]|stamp[1] != 0 {
		t.Errorf("steer.HostStamp = %#x, host.Stamp() = %v", uint64(steer.HostStamp), mac)
	}
}

// strays are packets that pass the classifier and are not the director's after
// all.
func strays(f family) map[string][]byte {
	client, vip := f.client+":4242", f.vip+":80"
	return map[string][]byte{
		"ack without connection":  packettest.TCP(client, vip, header.FlagACK, ""),
		"another port":            packettest.TCP(client, f.vip+":22", header.FlagSYN, ""),
		"datagram":                packettest.UDP(client, vip, "data"),
		"echo request":            echoRequest(f),
		"real server on its own":  packettest.TCP(f.real+":9999", f.client+":1", header.FlagSYN, ""),
		"error about nothing":     packettest.ICMPError(f.bareOf(f.client), 3, 0, 0, packettest.TCP(vip, client, 0, "")),
		"protocol without a name": packettest.IP(f.bareOf(f.client), f.bareOf(f.vip), 200, []byte("....")),
	}
}

func echoRequest(f family) []byte {
	typ := uint8(header.ICMPEcho)
	if f == ipv6 {
		typ = header.ICMPv6EchoRequest
	}
	return packettest.ICMP(f.bareOf(f.client), f.bareOf(f.vip), typ, 0, 7<<16|1, "are you there")
}

func TestStraysOfHeldVIPsAreTheHosts(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for name, in := range strays(f) {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, f.bare()))
				if out, v := d.push(t, in); v[NotOurs] != 1 || len(out) != 0 {
					t.Errorf("without a door: verdicts = %v, sent %d frames", v, len(out))
				}
				h := &fakeHost{room: 1}
				d.host = h
				out, v := d.push(t, in, in, in)
				if v[ToHost] != 1 || v[HostLimit] != 2 || len(out) != 0 {
					t.Errorf("verdicts = %v, sent %d frames, want one given and two too many", v, len(out))
				}
				if len(h.given) != 1 || !bytes.Equal(h.given[0], in) {
					t.Errorf("the host got %x, want % x", h.given, in)
				}
				if d.queue.dropped != d.queue.given {
					t.Errorf("%d of %d packets were released", d.queue.dropped, d.queue.given)
				}
			})
		}
	}
}

// Each stray of a batch is given once and released once, among packets that go
// elsewhere.
func TestGiveBack(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	h := &fakeHost{room: 1000}
	d.host = h
	var frames [][]byte
	for port := range 100 {
		frames = append(frames, syn4(port+1000), packettest.TCP(client4+":4242", vip4+":22", header.FlagACK, string(rune('A'+port))))
	}
	out, v := d.push(t, frames...)
	if v[Forward] != 100 || len(out) != 100 || v[ToHost] != 100 || len(h.given) != 100 {
		t.Fatalf("verdicts = %v, %d frames sent, %d given", v, len(out), len(h.given))
	}
	for i, got := range h.given {
		if !bytes.Equal(got, frames[2*i+1]) {
			t.Errorf("packet %d given is % x, want % x", i, got, frames[2*i+1])
		}
	}
	if d.queue.dropped != 100 || len(d.workers[0].strays) != 0 {
		t.Errorf("%d packets released, %d strays left", d.queue.dropped, len(d.workers[0].strays))
	}
}

// What a client on the host sends to no service came from the host already.
func TestStraysOfLocalClientsStayOut(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	h := &fakeHost{room: 1}
	d.host, d.door = h, new(host.Door) // it is port 0, as there are no others
	if _, v := d.push(t, packettest.TCP(client4+":4242", vip4+":22", header.FlagSYN, "")); v[NotOurs] != 1 || len(h.given) != 0 {
		t.Errorf("verdicts = %v, %d packets given", v, len(h.given))
	}
}

// newUnheld returns a director whose VIPs no interface holds, and whose host
// must not be given anything.
func newUnheld(t *testing.T, s config.Service) *testDirector {
	t.Helper()
	d := newTestDirector(t)
	d.router.locals = nil
	h := &fakeHost{room: 1000}
	d.host = h
	d.apply(t, s)
	t.Cleanup(func() {
		if len(h.given) != 0 {
			t.Errorf("the host got %x", h.given)
		}
	})
	return d
}

func TestStandIn(t *testing.T) {
	spoil := func(frame []byte) []byte {
		frame = bytes.Clone(frame)
		frame[len(frame)-1] ^= 1
		return frame
	}
	for _, f := range []family{ipv4, ipv6} {
		client, vip, other := f.client+":4242", f.vip+":80", f.vip+":22"
		segment := packettest.TCP(client, other, header.FlagACK, "data")
		tests := map[string]struct {
			in     []byte
			answer string // protocol of the answer, "" for silence
		}{
			"segment to another port":     {segment, "reset"},
			"segment of no connection":    {packettest.TCP(client, vip, header.FlagACK, ""), "reset"},
			"reset":                       {packettest.TCP(client, other, header.FlagRST, ""), ""},
			"segment with a wrong sum":    {spoil(segment), ""},
			"datagram":                    {packettest.UDP(client, other, "data"), "unreachable"},
			"echo request":                {echoRequest(f), "echo"},
			"echo with a wrong sum":       {spoil(echoRequest(f)), ""},
			"echo reply":                  {packettest.ICMP(f.bareOf(f.client), f.bareOf(f.vip), echoReplyType(f), 0, 1, ""), ""},
			"error about nothing":         {strays(f)["error about nothing"], ""},
			"a protocol nobody speaks":    {packettest.IP(f.bareOf(f.client), f.bareOf(f.vip), 200, []byte("....")), ""},
			"tagged segment":              {packettest.VLAN(segment, 7), "reset"},
			"segment with unfinished sum": {packettest.Unfinished(segment), "reset"},
		}
		for name, tt := range tests {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d := newUnheld(t, testService(lvs.TCP, lvs.NAT, f.bare()))
				out, v := d.push(t, tt.in)
				if tt.answer == "" {
					if v[NotOurs] != 1 || len(out) != 0 || d.queue.dropped != 1 {
						t.Fatalf("verdicts = %v, sent %d frames, released %d", v, len(out), d.queue.dropped)
					}
					return
				}
				if v[StoodIn] != 1 || len(out) != 1 || d.queue.dropped != 0 {
					t.Fatalf("verdicts = %v, sent %d frames, released %d", v, len(out), d.queue.dropped)
				}
				checkStandIn(t, f, tt.in, out[0], tt.answer)
			})
		}
	}
}

func echoReplyType(f family) uint8 {
	if f == ipv6 {
		return header.ICMPv6EchoReply
	}
	return header.ICMPEchoReply
}

// checkStandIn checks that out goes back where in came from, is from the VIP,
// and is an answer of that kind.
func checkStandIn(t *testing.T, f family, in []byte, out sentFrame, answer string) {
	t.Helper()
	if out.port != 0 || !bytes.Equal(out.frame[:6], in[6:12]) || !bytes.Equal(out.frame[6:12], in[:6]) {
		t.Errorf("port %d, station % x to % x", out.port, out.frame[6:12], out.frame[:6])
	}
	src, dst := networkAddresses(out.frame)
	if !bytes.Equal(src, addr(f.bareOf(f.vip)).Netip().AsSlice()) || !bytes.Equal(dst, addr(f.bareOf(f.client)).Netip().AsSlice()) {
		t.Errorf("answer goes from % x to % x", src, dst)
	}
	if !bytes.Equal(packettest.Finish(out.frame), out.frame) {
		t.Error("a checksum is wrong")
	}
	l4 := packettest.Transport(out.frame)
	unreachable := [2]byte{header.ICMPDstUnreachable, header.ICMPPortUnreachable}
	if f == ipv6 {
		unreachable = [2]byte{header.ICMPv6DstUnreachable, header.ICMPv6PortUnreachable}
	}
	good := map[string]bool{
		"reset":       len(l4) == header.TCPSize && header.TCPFlags(l4[13])&header.FlagRST != 0,
		"unreachable": [2]byte(l4[:2]) == unreachable,
		"echo":        l4[0] == echoReplyType(f) && bytes.HasSuffix(l4, []byte("are you there")),
	}
	if !good[answer] {
		t.Errorf("answer is no %s: % x", answer, l4)
	}
}

func networkAddresses(frame []byte) (src, dst []byte) {
	ip := packettest.Network(frame)
	if ip[0]>>4 == 6 {
		return ip[8:24], ip[24:40]
	}
	return ip[12:16], ip[16:20]
}

func TestStandingInIsRateLimited(t *testing.T) {
	tests := map[string]struct {
		in      []byte
		silence Verdict // when there are too many
	}{
		"segments":  {packettest.TCP(client4+":4242", vip4+":22", header.FlagSYN, ""), NotOurs},
		"datagrams": {packettest.UDP(client4+":4242", vip4+":22", ""), StoodIn},
		"echoes":    {echoRequest(ipv4), NotOurs},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newUnheld(t, testService(lvs.TCP, lvs.NAT, real4))
			frames := slices.Repeat([][]byte{tt.in}, 200)
			out, v := d.push(t, frames...)
			if n := len(out); n == 0 || n >= 100 || v[StoodIn]+v[tt.silence] < 200 {
				t.Errorf("%d answers, verdicts = %v", n, v)
			}
			d.now += time.Second
			if again, _ := d.push(t, frames...); len(again) != len(out) {
				t.Errorf("%d answers a second later, want %d", len(again), len(out))
			}
		})
	}
}
