package dataplane

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"xlvs/dataplane/header"
	"xlvs/dataplane/host"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// superFrame returns frame as a sender leaves it to be cut into segments of size
// bytes: its checksum is unfinished, too.
func superFrame(frame []byte, kind packet.GSOKind, size uint16) *packet.Packet {
	p := packettest.Frame(packettest.Unfinished(frame))
	p.Sum = packettest.Partial(frame)
	p.GSO = packet.GSO{Kind: kind, Size: size}
	return p
}

// withOptions returns frame, which has TCP payload, with the first 12 bytes of
// that declared to be options that do nothing.
func withOptions(frame []byte) []byte {
	frame = bytes.Clone(frame)
	tcp := packettest.Transport(frame)
	tcp[12] = 8 << 4
	copy(tcp[header.TCPSize:], bytes.Repeat([]byte{1}, 12))
	return packettest.Finish(frame)
}

// gsoFrames are super-frames of a conversation, by what their longest segment
// adds to its payload.
func gsoFrames(f family) map[string]struct {
	frame   []byte
	kind    packet.GSOKind
	headers int
} {
	client, vip, text := f.client+":4242", f.vip+":80", strings.Repeat("x", 8000)
	kind, network := packet.GSOTCP4, header.IPv4Size
	if f == ipv6 {
		kind, network = packet.GSOTCP6, header.IPv6Size
	}
	tcp := packettest.TCP(client, vip, header.FlagSYN, text)
	return map[string]struct {
		frame   []byte
		kind    packet.GSOKind
		headers int
	}{
		"TCP":              {tcp, kind, network + header.TCPSize},
		"TCP with options": {withOptions(tcp), kind, network + header.TCPSize + 12},
		"TCP, tagged":      {packettest.VLAN(tcp, 7), kind, network + header.TCPSize},
		"UDP":              {packettest.UDP(client, vip, text), packet.GSOUDP, network + header.UDPSize},
	}
}

func TestSegmentSize(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for name, tt := range gsoFrames(f) {
			for _, size := range []uint16{1, 1400, 0xffff} {
				p, fl := superFrame(tt.frame, tt.kind, size), new(flow)
				fl.read(p)
				if got, want := segmentSize(p, fl), tt.headers+int(size); got != want {
					t.Errorf("%s %s of %d bytes: segmentSize() = %d, want %d", f.name(), name, size, got, want)
				}
				p.GSO = packet.GSO{}
				if got, want := segmentSize(p, fl), len(packettest.Network(tt.frame)); got != want {
					t.Errorf("%s %s whole: segmentSize() = %d, want %d", f.name(), name, got, want)
				}
			}
		}
	}
}

// handleOne takes p, which came in by port 0, through the worker.
func (d *testDirector) handleOne(t *testing.T, p *packet.Packet) ([]sentFrame, Verdict) {
	t.Helper()
	before := d.Verdicts()
	d.queue.sent = nil
	d.workers[0].handle([]packet.Packet{*p})
	for v, n := range d.Verdicts() {
		if n != before[v] {
			return d.queue.sent, Verdict(v)
		}
	}
	return d.queue.sent, undecided
}

// A super-frame passes whole if its segments fit the next link. If not, its
// sender is told once, in an ordinary frame.
func TestSuperFramesAndTheMTU(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for name, tt := range gsoFrames(f) {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				proto := lvs.TCP
				if tt.kind == packet.GSOUDP {
					proto = lvs.UDP
				}
				d := newTestDirector(t, testService(proto, lvs.NAT, f.bare()))
				fits := superFrame(tt.frame, tt.kind, uint16(1500-tt.headers))
				if out, v := d.handleOne(t, fits); v != Forward || len(out) != 1 || out[0].port != 1 ||
					len(packettest.Network(out[0].frame)) != len(packettest.Network(tt.frame)) {
					t.Errorf("segments of the MTU: %v, sent %d frames", v, len(out))
				}
				out, v := d.handleOne(t, superFrame(tt.frame, tt.kind, uint16(1501-tt.headers)))
				if v != TooBig || len(out) != 1 || out[0].port != 0 || len(out[0].frame) > 1294+14 {
					t.Fatalf("segments beyond the MTU: %v, sent %d frames", v, len(out))
				}
				if l4 := packettest.Transport(out[0].frame); be16(l4[6:]) != 1500 {
					t.Errorf("answer is % x, want MTU 1500", l4[:8])
				}
			})
		}
	}
}

// An answer must not inherit how its packet was to be cut, or finished.
func TestAnswersToSuperFramesAreOrdinary(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for name, tt := range gsoFrames(f) {
			d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, f.bare()), testService(lvs.UDP, lvs.NAT, f.bare()))
			tests := map[string]*packet.Packet{
				"too big":     superFrame(tt.frame, tt.kind, 1490),
				"TTL of one":  superFrame(packettest.TTL(tt.frame, 1), tt.kind, 500),
				"no listener": superFrame(otherPort(tt.frame), tt.kind, 500),
			}
			d.router.locals = nil
			d.followLocals()
			for why, p := range tests {
				ps := []packet.Packet{*p}
				d.queue.sent = nil
				d.workers[0].handle(ps)
				if len(d.queue.sent) != 1 || ps[0].GSO != (packet.GSO{}) || ps[0].Sum != (packet.Partial{}) {
					t.Errorf("%s %s, %s: sent %d frames with %+v, %+v", f.name(), name, why, len(d.queue.sent), ps[0].GSO, ps[0].Sum)
				}
			}
		}
	}
}

// otherPort returns frame for port 81, where nobody listens.
func otherPort(frame []byte) []byte {
	frame = bytes.Clone(frame)
	packettest.Transport(frame)[3] = 81
	return packettest.Finish(frame)
}

func TestDontFragmentDecidesAboutFragments(t *testing.T) {
	in := packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, strings.Repeat("x", 1480))
	packettest.Network(in)[6] &^= 0x40
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	out, v := d.push(t, packettest.Finish(in))
	if v[Forward] != 1 || len(out) != 2 {
		t.Fatalf("verdicts = %v, sent %d frames, want the packet in two", v, len(out))
	}
	for i, f := range out {
		if n := len(packettest.Network(f.frame)); n > 1500 || f.port != 1 {
			t.Errorf("fragment %d has %d bytes and leaves by port %d", i, n, f.port)
		}
	}
}

// Replies to a client on the director's host leave by the door, one hop further
// and from the VIP.
func TestToLocalClient(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
			t.Run(f.name()+" "+m.String(), func(t *testing.T) {
				d := newTestDirector(t, testService(lvs.TCP, m, f.bare()))
				client, vip, real := f.client+":4242", f.vip+":80", f.real+":8080"
				if m == lvs.DirectRouting {
					real = vip
				}
				d.ports = make([]port, 2)
				d.router.set(f.bareOf(f.client), neigh.Hop{State: neigh.Local})
				d.push(t, packettest.TCP(client, vip, header.FlagSYN, ""))
				in := packettest.TCP(real, client, header.FlagACK, "data")
				if _, v := d.push(t, in); v[NoRoute] != 1 {
					t.Errorf("without a door: verdicts = %v", v)
				}
				d.door = new(host.Door) // whose address is all zeros
				out, v := d.push(t, in)
				if v[Forward] != 1 || len(out) != 1 || out[0].port != 2 {
					t.Fatalf("verdicts = %v, sent %v", v, out)
				}
				want := left(packettest.TCP(vip, client, header.FlagACK, "data"), header.MAC{}, header.MAC{})
				if !bytes.Equal(out[0].frame, want) {
					t.Errorf("sent\n% x, want\n% x", out[0].frame, want)
				}
			})
		}
	}
}

// A real server on the director itself is not reached, door or not.
func TestRealServerOnTheDirector(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	d.ports, d.door = make([]port, 2), new(host.Door)
	d.router.set(real4, neigh.Hop{State: neigh.Local})
	if out, v := d.push(t, syn4(1)); v[NoRoute] != 1 || len(out) != 1 || out[0].port != 0 {
		t.Errorf("verdicts = %v, sent %v", v, out)
	}
}

// What a client on the host is to be told goes back through the door.
func TestLocalClientsAreAnswered(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	d.ports, d.door = make([]port, 2), new(host.Door)
	p := packettest.Frame(packettest.TTL(syn4(1), 1))
	p.In = 2
	if out, v := d.handleOne(t, p); v != TTLExceeded || len(out) != 1 || out[0].port != 2 {
		t.Errorf("verdict = %v, sent %v", v, out)
	}
}

func TestNoQueues(t *testing.T) {
	var q Queues = noQueues{}
	ps := make([]packet.Packet, 2)
	if n, err := q.Recv(ps); n != 0 || err != nil {
		t.Errorf("Recv() = %d, %v", n, err)
	}
	q.Send([]*packet.Packet{&ps[0]})
	q.Release([]*packet.Packet{&ps[1]})
	q.Wake()
	for _, err := range []error{q.Wait(time.Millisecond), q.Close()} {
		if err != nil {
			t.Error(err)
		}
	}
}
