package rawsock

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"xlvs/dataplane/packet"
)

// TestFanout gives each of two workers a socket of the same port. Every frame
// arrives once, and the frames of a flow at one worker in order.
func TestFanout(t *testing.T) {
	ownNamespace(t)
	const workers, flows, rounds = 2, 64, 5
	w := newWire(t, "eth0")
	sender := newGroup(t, Options{})
	far, back := open(t, sender, 0, w.far), open(t, sender, 1, w.near)
	sockets := spread(t, w.near, workers)
	for round := range rounds {
		for flow := range flows {
			frame, sum := transport(false, protoUDP, uint16(4000+flow), []byte{byte(round)})
			p := make1(t, sender, frame)
			p.Sum = sum
			send(t, far, p)
		}
	}
	send(t, back, make1(t, sender, numbered(0))) // what the host sends is not to be received
	byFlow := map[uint16][]int{}                 // worker of each frame
	total := [workers]int{}
	for end := time.Now().Add(deadline); total[0]+total[1] < flows*rounds && time.Now().Before(end); {
		for i, s := range sockets {
			for _, p := range some(t, s) {
				port, round := binary.BigEndian.Uint16(p.Bytes()[34:]), p.Bytes()[42]
				if int(round) != len(byFlow[port]) {
					t.Errorf("frame %d of flow %d came after %d others", round, port, len(byFlow[port]))
				}
				byFlow[port] = append(byFlow[port], i)
				s.g.Release([]*packet.Packet{p})
				total[i]++
			}
		}
	}
	if total[0]+total[1] != flows*rounds || total[0] == 0 || total[1] == 0 {
		t.Errorf("workers received %v, want %d in all and some at each", total, flows*rounds)
	}
	for port, by := range byFlow {
		if slices.Min(by) != slices.Max(by) {
			t.Errorf("the frames of flow %d are at workers %v, want one", port, by)
		}
	}
	silent(t, sockets[0])
	silent(t, sockets[1])
}

// spread opens l in a group of its own for each worker.
func spread(t *testing.T, l netlink.Link, workers int) []*Socket {
	t.Helper()
	sockets := make([]*Socket, workers)
	fanout := Fanout{ID: FanoutID(l.Attrs().Index), Members: workers}
	for i := range sockets {
		var err error
		if sockets[i], err = newGroup(t, Options{}).Open(0, l.Attrs().Index, nil, fanout); err != nil {
			t.Fatal(err)
		}
	}
	return sockets
}

// some returns what has arrived at s.
func some(t *testing.T, s *Socket) []*packet.Packet {
	t.Helper()
	ps := make([]packet.Packet, 64)
	n, err := s.Recv(ps)
	if err != nil {
		t.Fatal(err)
	}
	return pointers(ps[:n])
}

// TestFanoutOfALinkThatIsDown joins before there is anything to receive.
func TestFanoutOfALinkThatIsDown(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	setUp(t, w.near, false)
	g := newGroup(t, Options{})
	s, err := g.Open(0, w.near.Attrs().Index, nil, Fanout{ID: 1, Members: 2})
	if err != nil {
		skip(t, err.Error()) // before Linux 6.13
	}
	setUp(t, w.near, true)
	carries(t, w.near)
	sender := newGroup(t, Options{})
	far := open(t, sender, 0, w.far)
	// The far end may notice its carrier late, and drops what it is given until then.
	for end := time.Now().Add(deadline); ; time.Sleep(10 * time.Millisecond) {
		send(t, far, make1(t, sender, numbered(1)))
		if ps := some(t, s); len(ps) > 0 {
			g.Release(ps)
			return
		}
		if time.Now().After(end) {
			t.Fatal("nothing arrives after the link came up")
		}
	}
}

func TestFanoutID(t *testing.T) {
	seen := map[uint16]int{}
	for i := 1; i <= 1000; i++ {
		id := FanoutID(i)
		if j := seen[id]; j != 0 {
			t.Fatalf("interfaces %d and %d have the same group %d", i, j, id)
		}
		seen[id] = i
	}
}
