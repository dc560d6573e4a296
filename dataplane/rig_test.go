package dataplane

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/host"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// A testRig has eth0 in XDP mode and eth1 in packet mode, each with a station at
// its other end, and takes datagrams to the VIP and from the real server.
type testRig struct {
	*rig
	classifier *steer.Classifier
	far        [2]*station
}

func newTestRig(t *testing.T, workers int, door *host.Door) *testRig {
	t.Helper()
	r := &testRig{classifier: newClassifier(t)}
	c := config.Dataplane{Mode: config.XDP, Interfaces: []string{"eth0", "eth1"}, Workers: workers}
	c.Interface = map[string]config.InterfaceSettings{"eth1": {Mode: config.Packet}}
	ports, err := findPorts(c)
	must(t, err)
	r.rig, err = openRig(ports, c, r.classifier, door)
	must(t, err)
	t.Cleanup(func() {
		if err := r.close(); err != nil {
			t.Errorf("close the rig: %v", err)
		}
	})
	r.far = [2]*station{newStation(t, "eth0-far"), newStation(t, "eth1-far")}
	return r
}

func newClassifier(t *testing.T) *steer.Classifier {
	t.Helper()
	c, err := steer.New(100)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	rules := steer.Rules{}
	for _, p := range []lvs.Protocol{lvs.TCP, lvs.UDP} {
		rules.AddService(p, addr(vip4), 80)
		rules.AddReply(p, addr(real4), 8080)
	}
	must(t, c.Update(rules))
	return c
}

// arrive returns the next n packets of q, read.
func arrive(t *testing.T, q *queues, n int) []*packet.Packet {
	t.Helper()
	ps := make([]packet.Packet, n)
	got := 0
	eventually(t, "packets arrive", func() bool {
		must(t, q.Wait(10*time.Millisecond))
		k, err := q.Recv(ps[got:])
		must(t, err)
		got += k
		return got == n
	})
	list := make([]*packet.Packet, n)
	for i := range ps {
		var f flow
		f.read(&ps[i])
		list[i] = &ps[i]
	}
	return list
}

// rests fails the test unless all frames are where they are at rest.
func rests(t *testing.T, q *queues) {
	t.Helper()
	if a := q.raw.Account(); a.Held != 0 || a.Free+a.Fill != a.Total {
		t.Errorf("packet sockets: %+v, want no frame held", a)
	}
	eventually(t, "AF_XDP frames come back", func() bool {
		_, err := q.Recv(nil) // which takes back what has been sent
		must(t, err)
		a := q.rings.Account()
		return a.Held == 0 && a.Tx == 0 && a.Free+a.Fill == a.Total
	})
}

func datagram(i int) []byte {
	return packettest.UDP(client4+":4242", vip4+":80", strings.Repeat(string(rune('a'+i%26)), 18+i%1400))
}

// TestFramesAreCarried takes frames from each kind of port to each.
func TestFramesAreCarried(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	r := newTestRig(t, 1, nil)
	q := r.queues[0]
	for i := range 400 {
		in, out := i%2, i/2%2
		r.far[in].send(packettest.Frame(datagram(i)))
		ps := arrive(t, q, 1)
		if int(ps[0].In) != in || !bytes.Equal(ps[0].Bytes(), datagram(i)) {
			t.Fatalf("frame %d came in by port %d, want %d: % x", i, ps[0].In, in, ps[0].Bytes())
		}
		ps[0].Out = uint16(out)
		q.Send(ps)
		if got, _ := r.far[out].recv(); !bytes.Equal(got, datagram(i)) {
			t.Fatalf("frame %d from port %d left port %d as % x", i, in, out, got)
		}
	}
	rests(t, q)
	must(t, q.err)
}

// TestBatchesAreSorted sends one batch of frames of both ports to both and to the
// door.
func TestBatchesAreSorted(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	door := openDoor(t)
	r := newTestRig(t, 1, door)
	q := r.queues[0]
	const n = 24
	for i := range n {
		r.far[i%2].send(packettest.Frame(datagram(i)))
	}
	ps := arrive(t, q, n)
	var want [2][]string
	for i, p := range ps {
		if p.Out = uint16(i % 3); i%3 < 2 {
			want[i%3] = append(want[i%3], string(p.Bytes()))
		}
	}
	q.Send(ps)
	for port, frames := range want {
		var got []string
		for range frames {
			frame, _ := r.far[port].recv()
			got = append(got, string(frame))
		}
		slices.Sort(got)
		slices.Sort(frames)
		if !slices.Equal(got, frames) {
			t.Errorf("port %d sent %q, want %q", port, got, frames)
		}
	}
	if st := door.Stats(); st.Given != n/3 {
		t.Errorf("the door: %+v, want %d given", st, n/3)
	}
	rests(t, q)
}

// TestReleaseByKind drops frames of both kinds.
func TestReleaseByKind(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	r := newTestRig(t, 1, nil)
	for i := range 10 {
		r.far[i%2].send(packettest.Frame(datagram(i)))
	}
	r.queues[0].Release(arrive(t, r.queues[0], 10))
	rests(t, r.queues[0])
}

// TestSuperFramesAreCut where the port they leave by cannot carry them whole, and
// nowhere else.
func TestSuperFramesAreCut(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	r := newTestRig(t, 1, nil)
	q := r.queues[0]
	const size = 1400
	text := strings.Repeat("0123456789", 3000)
	for kind, frame := range map[packet.GSOKind][]byte{
		packet.GSOTCP4: packettest.TCP(client4+":4242", vip4+":80", header.FlagACK, text),
		packet.GSOUDP:  packettest.UDP(client4+":4242", vip4+":80", text),
	} {
		for out := range uint16(2) {
			p := superFrame(frame, kind, size)
			p.L3, p.L4 = 14, 34
			r.far[1].send(p)
			ps := arrive(t, q, 1)
			if ps[0].GSO.Kind != kind || ps[0].Len() != len(frame) {
				t.Fatalf("frame of %d bytes arrived as %+v of %d", len(frame), ps[0].GSO, ps[0].Len())
			}
			ps[0].Out = out
			q.Send(ps)
			var payload []byte
			for len(payload) < len(text) {
				got, gso := r.far[out].recv()
				if cut := len(got) < len(frame); cut != (out == 0) || cut != (gso == packet.GSO{}) {
					t.Fatalf("port %d sent %d bytes with %+v", out, len(got), gso)
				}
				payload = append(payload, got[len(frame)-len(text):]...)
			}
			if string(payload) != text {
				t.Errorf("port %d: the payload has changed", out)
			}
		}
	}
	rests(t, q)
}

// TestFrameWithoutRoom: what fits in no AF_XDP frame is lost alone.
func TestFrameWithoutRoom(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	r := newTestRig(t, 1, nil)
	q := r.queues[0]
	r.far[1].send(superFrame(packettest.UDP(client4+":4242", vip4+":80", strings.Repeat("x", 4000)), packet.GSOUDP, 1400))
	ps := arrive(t, q, 1)
	ps[0].Out, ps[0].GSO = 0, packet.GSO{}
	q.Send(ps)
	rests(t, q)
}

// TestRigLeavesNothing attaches and detaches.
func TestRigLeavesNothing(t *testing.T) {
	ownNamespace(t)
	addWire(t, "eth0", 1)
	addWire(t, "eth1", 1)
	for range 3 {
		r := newTestRig(t, 1, nil)
		if !hasXDP(t, "eth0") || tcxOn(t, "eth0") != 0 || hasXDP(t, "eth1") || tcxOn(t, "eth1") != 1 {
			t.Errorf("eth0 has XDP: %t, eth1 has %d tcx programs", hasXDP(t, "eth0"), tcxOn(t, "eth1"))
		}
		must(t, r.close())
		if hasXDP(t, "eth0") || tcxOn(t, "eth1") != 0 {
			t.Errorf("after close: eth0 has XDP: %t, eth1 has %d tcx programs", hasXDP(t, "eth0"), tcxOn(t, "eth1"))
		}
	}
}

func hasXDP(t *testing.T, name string) bool {
	t.Helper()
	x := linkNamed(t, name).Attrs().Xdp
	return x != nil && x.Attached
}

// tcxOn returns how many tcx programs see what the interface receives.
func tcxOn(t *testing.T, name string) int {
	t.Helper()
	r, err := link.QueryPrograms(link.QueryOptions{Target: linkNamed(t, name).Attrs().Index, Attach: ebpf.AttachTCXIngress})
	must(t, err)
	return len(r.Programs)
}
