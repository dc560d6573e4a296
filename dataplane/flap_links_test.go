package dataplane

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

// TestFlappingLinks has the ends of both links go down and up ten times a second,
// with frames on their way. After each second they stay up for a moment, and
// frames pass again. newTrunk checks at the end that no frame has been lost to
// the director.
func TestFlappingLinks(t *testing.T) {
	flapping := 1200 * time.Millisecond
	if os.Getenv("XLVS_LONG") == "1" {
		flapping = time.Minute
	}
	for mode, modes := range linkModes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			ownNamespace(t)
			k := newTrunk(t, modes, 1500)
			ends := []string{"eth0", "eth1-far", "eth1", "eth0-far"}
			for i, end := 0, time.Now().Add(flapping); time.Now().Before(end); i++ {
				l := linkNamed(t, ends[i%len(ends)])
				for _, set := range []func(netlink.Link) error{netlink.LinkSetDown, netlink.LinkSetUp} {
					must(t, set(l))
					k.pour(4000)
					time.Sleep(50 * time.Millisecond)
				}
				if i%10 == 9 {
					k.resume(5000 + i)
				}
			}
			k.resume(4999)
		})
	}
}

// handshake is the first frame each way of a connection from a port of the client,
// as it leaves one end and comes to the other.
func handshake(port int) (sent, arrived [2][]byte) {
	const pair = 1 // tagged to untagged
	client, real := fmt.Sprintf("%s:%d", vlanClient(pair), port), vlanReal(pair)+":8080"
	vip := fmt.Sprintf("%s:%d", vip4, 8000+pair)
	const answer = header.FlagSYN | header.FlagACK
	sent[0] = packettest.VLAN(packettest.TCP(client, vip, header.FlagSYN, ""), 7)
	sent[1] = packettest.TCP(real, client, answer, "")
	arrived[0] = toReal(packettest.TCP(client, real, header.FlagSYN, ""))
	arrived[1] = packettest.VLAN(toClient(packettest.TCP(vip, client, answer, "")), 7)
	return sent, arrived
}

// pour sends frames both ways, and takes what arrives.
func (k *trunk) pour(port int) {
	sent, _ := handshake(port)
	for range 20 {
		for at, frame := range sent {
			k.far[at].Transmit([]*packet.Packet{packettest.Frame(frame)}) // or fails: the link is down
			k.far[at].gets(nil)
		}
	}
}

// resume checks that a connection can be made soon.
func (k *trunk) resume(port int) {
	k.t.Helper()
	sent, arrived := handshake(port)
	for at, way := range []string{"requests", "replies"} {
		eventually(k.t, way+" pass again", func() bool {
			k.far[at].Transmit([]*packet.Packet{packettest.Frame(sent[at])})
			return k.far[1-at].gets(arrived[at])
		})
	}
}

// gets reports whether want is among what has arrived, up to which it takes all.
func (s *station) gets(want []byte) bool {
	for {
		frame, _, ok := s.tryRecv()
		if !ok || bytes.Equal(frame, want) {
			return ok
		}
	}
}

// nothingHeld fails the test unless all frames of q are where they are at rest:
// none with the worker, none lost on its way out. The worker must have ended.
func nothingHeld(t *testing.T, q *queues) {
	t.Helper()
	if q.raw != nil {
		if a := q.raw.Account(); a.Held != 0 || a.Free+a.Fill != a.Total {
			t.Errorf("packet sockets: %+v, want no frame held", a)
		}
	}
	if q.rings == nil {
		return
	}
	eventually(t, "AF_XDP frames come back", func() bool {
		_, err := q.Recv(nil) // which takes back what has been sent
		must(t, err)
		a := q.rings.Account()
		return a.Held == 0 && a.Tx == 0 && a.Free+a.Fill == a.Total
	})
}
