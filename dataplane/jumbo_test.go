package dataplane

import (
	"bytes"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"xlvs/config"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/xsk"
)

// needFrags skips the test where AF_XDP has no packets of several frames, unless
// somebody says that nothing is wanting.
func needFrags(t *testing.T) {
	t.Helper()
	privileged(t)
	if !xsk.HasFrags() {
		t.Skip("the kernel has no XDP_USE_SG")
	}
}

// longDatagram is a datagram that makes a packet of n bytes.
func longDatagram(n int) []byte {
	text := strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", n/36+1)
	return packettest.UDP(client4+":4242", vip4+":80", text[:n-28])
}

// TestJumboFramesAreCarried takes packets of up to 9000 bytes from each kind of
// port to each.
func TestJumboFramesAreCarried(t *testing.T) {
	needFrags(t)
	ownNamespace(t)
	addLongWire(t, "eth0", 1, 9000)
	addLongWire(t, "eth1", 1, 9000)
	r := newTestRig(t, 1, nil)
	if p := r.ports[0]; p.mode != config.XDP || !p.frags || p.why != "" {
		t.Fatalf("eth0 is %+v, want XDP with packets of several frames", p)
	}
	q := r.queues[0]
	for i, n := range []int{60, 1500, 3826, 3827, 4096, 7680, 8192, 8999, 9000} {
		frame := longDatagram(n)
		for way := range 4 {
			in, out := way%2, way/2
			r.far[in].send(packettest.Frame(frame))
			ps := arrive(t, q, 1)
			if int(ps[0].In) != in || !bytes.Equal(ps[0].Bytes(), frame) {
				t.Fatalf("packet of %d bytes came in by port %d as %d, or not the same", n, in, ps[0].Len())
			}
			ps[0].Out = uint16(out)
			q.Send(ps)
			if got, _ := r.far[out].recv(); !bytes.Equal(got, frame) {
				t.Fatalf("packet %d of %d bytes from port %d left port %d as %d, or not the same", i, n, in, out, len(got))
			}
		}
	}
	rests(t, q)
	must(t, q.err)
}

// TestSuperFramesAreCutLong has segments longer than an AF_XDP frame.
func TestSuperFramesAreCutLong(t *testing.T) {
	needFrags(t)
	ownNamespace(t)
	addLongWire(t, "eth0", 1, 9000)
	addLongWire(t, "eth1", 1, 9000)
	r := newTestRig(t, 1, nil)
	q := r.queues[0]
	const size, whole = 8960, 60000
	r.far[1].send(superFrame(longDatagram(whole), packet.GSOUDP, size))
	ps := arrive(t, q, 1)
	ps[0].Out = 0
	q.Send(ps)
	var payload []byte
	for len(payload) < whole-28 {
		got, _ := r.far[0].recv()
		if want := min(size, whole-28-len(payload)) + 42; len(got) != want {
			t.Fatalf("a segment has %d bytes, want %d", len(got), want)
		}
		payload = append(payload, got[42:]...)
	}
	if !bytes.Equal(payload, longDatagram(whole)[42:]) {
		t.Error("the payload has changed")
	}
	rests(t, q)
}

// TestDriverOfSmallBuffers: a veth takes no program that knows one buffer alone
// at an MTU that our frames would hold.
func TestDriverOfSmallBuffers(t *testing.T) {
	needFrags(t)
	ownNamespace(t)
	addLongWire(t, "eth0", 1, xdpMTU)
	addLongWire(t, "eth1", 1, xdpMTU)
	r := newTestRig(t, 1, nil)
	if p := r.ports[0]; p.mode != config.XDP || !p.frags || p.jumbo() {
		t.Errorf("eth0 is %+v, want XDP with packets of several frames", p)
	}
	frame := longDatagram(xdpMTU)
	r.far[0].send(packettest.Frame(frame))
	ps := arrive(t, r.queues[0], 1)
	if !bytes.Equal(ps[0].Bytes(), frame) {
		t.Errorf("packet of %d bytes arrived as %d, or not the same", xdpMTU, ps[0].Len())
	}
	r.queues[0].Release(ps)
	rests(t, r.queues[0])
}

// TestDriverWithoutXDP: a veth has none for a peer that sends by more queues than
// it receives from. Whoever has not insisted on XDP gets packet mode.
func TestDriverWithoutXDP(t *testing.T) {
	for mode, mtu := range map[config.Mode]int{config.Auto: 1500, config.XDP: 9000} {
		t.Run(string(mode), func(t *testing.T) {
			ownNamespace(t)
			a := named("eth0")
			a.MTU, a.NumTxQueues = mtu, 2
			must(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: a, PeerName: "eth0-far", PeerNumTxQueues: 2, PeerMTU: uint32(mtu)}))
			must(t, netlink.LinkSetUp(linkNamed(t, "eth0")))
			c := config.Dataplane{Mode: mode, Prefer: config.PPS, Interfaces: []string{"eth0"}}
			ports, err := findPorts(c)
			must(t, err)
			r, err := openRig(ports, c, newClassifier(t), nil)
			must(t, err)
			if p := r.ports[0]; p.mode != config.Packet || !strings.Contains(p.why, "attach native xdp program") {
				t.Errorf("eth0 is %+v, want packet mode, as XDP could not be attached", p)
			}
			must(t, r.close())
		})
	}
}
