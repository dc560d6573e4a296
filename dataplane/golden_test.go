package dataplane

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/conntrack"
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/replay"
	"xlvs/lvs"
)

var _ Queues = (*replay.Queues)(nil)

// The stations of the captures in testdata/golden, whose README.md shows them:
// port 0 is the director's f0, port 1 its f1.
var (
	goldenClientMAC = header.MAC{2, 0, 0, 0, 0, 1}
	goldenRealMAC   = header.MAC{2, 0, 0, 0, 0, 4}
	goldenMAC       = [2]header.MAC{{2, 0, 0, 0, 0, 2}, {2, 0, 0, 0, 0, 3}}
)

// A goldenFlow is a capture of the kernel's director: how that was configured,
// and what it made of the connection in the end.
type goldenFlow struct {
	name      string
	proto     lvs.Protocol
	method    lvs.Method
	vip, real string
	state     lvs.State     // of the connection after the last packet
	timeout   time.Duration // of that state
}

// The end of a connection follows from tcp_states in ip_vs_proto_tcp.c. Where
// both sides' FINs pass the director that is TIME_WAIT. Under dr-tcp4 it sees
// the client alone, whose FIN leads to FIN_WAIT (table INPUT_ONLY). The replies
// in dr-tcp6 pass through the director's host: IPVS leaves them as they are, but
// steps the state, and from the first one on uses the full tables.
var goldenFlows = []goldenFlow{
	{"nat-tcp4", lvs.TCP, lvs.NAT, "10.1.0.100:80", "10.2.0.1:8080", lvs.TCPTimeWait, 120 * time.Second},
	{"nat-udp4", lvs.UDP, lvs.NAT, "10.1.0.100:80", "10.2.0.1:8080", lvs.UDPNormal, 300 * time.Second},
	{"nat-tcp6", lvs.TCP, lvs.NAT, "[fd01::100]:80", "[fd02::1]:8080", lvs.TCPTimeWait, 120 * time.Second},
	{"dr-tcp4", lvs.TCP, lvs.DirectRouting, "10.1.0.100:80", "10.2.0.1:80", lvs.TCPFinWait, 120 * time.Second},
	{"dr-tcp6", lvs.TCP, lvs.DirectRouting, "[fd01::100]:80", "[fd02::1]:80", lvs.TCPTimeWait, 120 * time.Second},
}

// TestGolden feeds the director what the kernel's director received, and wants
// it to send what that sent, byte for byte, and to remember the same.
func TestGolden(t *testing.T) {
	for _, g := range goldenFlows {
		g.run(t, filepath.Join("testdata", "golden"), g.service(), func(_, want []replay.Frame) []replay.Frame { return want })
	}
}

// run replays the captures that are in folder. What free makes of the kernel's
// frames is what is wanted: it has seen what was sent.
func (g goldenFlow) run(t *testing.T, folder string, s config.Service, free func(sent, want []replay.Frame) []replay.Frame) {
	for name, size := range map[string]int{"frame by frame": 1, "in batches": 0} {
		t.Run(g.name+" "+name, func(t *testing.T) {
			in, want := g.read(t, folder)
			d, q := replayThrough(t, g.router(), s, in, size)
			if passed := q.Passed(); len(passed) != 0 {
				t.Errorf("%d frames were left to the host, the first % x", len(passed), passed[0].Data)
			}
			for port := range uint16(2) {
				sent := ofPort(q.Sent(), port)
				sameFrames(t, port, sent, free(sent, ofPort(want, port)))
			}
			g.checkConnection(t, d)
			g.checkCounters(t, d, in)
		})
	}
}

// read returns what the kernel received, in the order of arrival on both ports,
// and what it sent.
func (g goldenFlow) read(t *testing.T, folder string) (in, out []replay.Frame) {
	t.Helper()
	for port, side := range []string{"client", "server"} {
		name := filepath.Join(folder, g.name+"."+side+"-side.pcap")
		for _, f := range readPCAP(t, name, uint16(port)) {
			if header.Ethernet(f.Data).Src() == goldenMAC[port] {
				out = append(out, f)
			} else {
				in = append(in, f)
			}
		}
	}
	if len(in) == 0 || len(in) != len(out) {
		t.Fatalf("%s: the kernel received %d frames and sent %d", g.name, len(in), len(out))
	}
	return replay.Merge(in), out
}

// router knows the hosts of the captures, and which addresses are the
// director's own: the virtual ones are on its lo.
func (g goldenFlow) router() *fakeRouter {
	r := newFakeRouter()
	for _, a := range []string{"10.1.0.1", "fd01::1"} {
		r.set(a, neigh.Hop{Port: 0, State: neigh.Reachable, Src: goldenMAC[0], Dst: goldenClientMAC, MTU: 1500})
	}
	for real, own := range map[string]string{"10.2.0.1": "10.2.0.2", "fd02::1": "fd02::2"} {
		r.set(real, neigh.Hop{Port: 1, State: neigh.Reachable, Src: goldenMAC[1], Dst: goldenRealMAC, MTU: 1500, Source: addr(own)})
	}
	for _, a := range []string{"10.1.0.2", "fd01::2", "10.2.0.2", "fd02::2", "10.1.0.100", "fd01::100"} {
		r.locals = append(r.locals, addr(a))
	}
	return r
}

func (g goldenFlow) service() config.Service {
	vip, real := netip.MustParseAddrPort(g.vip), netip.MustParseAddrPort(g.real)
	return config.Service{
		ServiceKey: config.ServiceKey{Protocol: g.proto, VIP: vip.Addr(), Port: vip.Port()},
		Scheduler:  "rr",
		Reals:      []config.Real{{RealKey: config.RealKey{Addr: real.Addr(), Port: real.Port()}, Method: g.method, Weight: 1}},
	}
}

// checkConnection wants the one connection to be listed as the kernel would.
func (g goldenFlow) checkConnection(t *testing.T, d *Director) {
	t.Helper()
	var list []string
	for c := range d.Connections() {
		list = append(list, fmt.Sprintf("%v %s %v -> %v by %v", c.Proto, lvs.StateName(c.Proto, c.State),
			netip.AddrPortFrom(c.Virtual.Netip(), c.VirtualPort), netip.AddrPortFrom(c.Real.Netip(), c.RealPort), c.Method))
		if rest := time.Duration(c.Expires-d.Now()) * conntrack.Tick; rest != g.timeout {
			t.Errorf("connection expires in %v, want %v", rest, g.timeout)
		}
	}
	want := fmt.Sprintf("%v %s %s -> %s by %v", g.proto, lvs.StateName(g.proto, g.state), g.vip, g.real, g.method)
	if len(list) != 1 || list[0] != want {
		t.Errorf("connections are %q, want %q", list, want)
	}
}

// checkCounters wants every frame counted under its direction, and the
// connection as active or not by its state.
func (g goldenFlow) checkCounters(t *testing.T, d *Director, in []replay.Frame) {
	t.Helper()
	want := Counters{Conns: 1}
	for _, f := range in {
		if size := uint64(len(f.Data) - header.EthernetSize); f.Port == 0 {
			want.Add(Counters{InPkts: 1, InBytes: size})
		} else {
			want.Add(Counters{OutPkts: 1, OutBytes: size})
		}
	}
	s := d.Services()[0]
	if s.Counters != want {
		t.Errorf("service counts %+v, want %+v", s.Counters, want)
	}
	r := s.Destinations[0]
	if active := lvs.Active(g.proto, g.state); r.Active+r.Inactive != 1 || (r.Active == 1) != active {
		t.Errorf("real server has %d active and %d inactive connections, want one, active: %t", r.Active, r.Inactive, active)
	}
	if n := d.Verdicts()[Forward]; n != uint64(len(in)) {
		t.Errorf("%d frames were forwarded, want %d", n, len(in))
	}
}

func readPCAP(t *testing.T, name string, port uint16) []replay.Frame {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	frames, err := replay.Read(f, port)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return frames
}

func ofPort(frames []replay.Frame, port uint16) []replay.Frame {
	var list []replay.Frame
	for _, f := range frames {
		if f.Port == port {
			list = append(list, f)
		}
	}
	return list
}

// sameFrames wants got to be the frames of want, in that order.
func sameFrames(t *testing.T, port uint16, got, want []replay.Frame) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("port %d sent %d frames, want %d", port, len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if !bytes.Equal(got[i].Data, want[i].Data) {
			t.Errorf("port %d, frame %d:\n% x, want\n% x", port, i, got[i].Data, want[i].Data)
		}
	}
}
