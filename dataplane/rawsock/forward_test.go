package rawsock

import (
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet"
)

// A host is a thread in a network namespace of its own, which runs what it is
// told. Both end with the test.
type host struct {
	todo chan func() error
	done chan error
	tid  int
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{todo: make(chan func() error), done: make(chan error)}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		h.tid = unix.Gettid()
		h.done <- newNamespace()
		for f := range h.todo {
			h.done <- f()
		}
		close(h.done)
	}()
	t.Cleanup(func() {
		close(h.todo)
		<-h.done
	})
	if err := <-h.done; err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *host) run(t *testing.T, f func() error) {
	t.Helper()
	h.todo <- f
	if err := <-h.done; err != nil {
		t.Fatal(err)
	}
}

// connect moves the far end of w to h and gives it the address.
func (h *host) connect(t *testing.T, w wire, addr string) {
	t.Helper()
	if err := netlink.LinkSetNsPid(w.far, h.tid); err != nil {
		t.Fatal(err)
	}
	h.run(t, func() error {
		a, err := netlink.ParseAddr(addr)
		if err != nil {
			return err
		}
		far, err := netlink.LinkByName(w.far.Attrs().Name)
		if err != nil {
			return err
		}
		return errors.Join(netlink.AddrAdd(far, a), netlink.LinkSetUp(far))
	})
	carries(t, w.near)
}

// A director passes everything on between two ports, and looks at its size.
type director struct {
	g       *Group
	ports   [2]*Socket
	stop    atomic.Bool
	largest int // frame that was forwarded
	partial int // frames whose checksum was not finished
	err     error
}

func (d *director) forward() {
	ps := make([]packet.Packet, 64)
	out := pointers(ps)
	for !d.stop.Load() && d.err == nil {
		d.err = d.g.Wait(-1)
		for i, s := range d.ports {
			n, err := s.Recv(ps)
			for _, p := range ps[:n] {
				d.largest = max(d.largest, p.Len())
				if p.Sum != (packet.Partial{}) {
					d.partial++
				}
			}
			d.ports[1-i].Send(out[:n])
			d.err = errors.Join(d.err, err, d.ports[1-i].Flush())
		}
	}
}

// TestStockTCP has two hosts talk through the director, all offloads on:
//
//	client 198.51.100.7 ── eth0 │ director │ eth1 ── server 198.51.100.1
func TestStockTCP(t *testing.T) {
	ownNamespace(t)
	toClient, toServer := newWire(t, "eth0"), newWire(t, "eth1")
	client, server := newHost(t), newHost(t)
	client.connect(t, toClient, "198.51.100.7/24")
	server.connect(t, toServer, "198.51.100.1/24")
	g := newGroup(t, Options{})
	d := &director{g: g, ports: [2]*Socket{open(t, g, 0, toClient.near), open(t, g, 1, toServer.near)}}
	var work sync.WaitGroup
	work.Go(d.forward)
	transfer(t, client, server, 20<<20)
	d.stop.Store(true)
	g.Wake()
	work.Wait()
	if d.err != nil {
		t.Error(d.err)
	}
	if d.largest <= 1514 || d.partial == 0 {
		t.Errorf("the largest frame is of %d bytes, %d have an unfinished checksum, want more than one segment and some", d.largest, d.partial)
	}
	rests(t, g)
	for _, s := range d.ports {
		st, err := s.Stats()
		if err != nil || st.Unreadable+st.Invalid != 0 || st.Dropped != (Errors{}) {
			t.Errorf("Stats() = %+v, %v, want nothing dropped", st, err)
		}
	}
}

// transfer sends n bytes from the client to the server, and checks that they
// arrive.
func transfer(t *testing.T, client, server *host, n int) {
	t.Helper()
	at := netip.MustParseAddrPort("198.51.100.1:8080")
	var l *net.TCPListener
	server.run(t, func() (err error) {
		l, err = net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(at))
		return err
	})
	defer l.Close()
	var got [sha256.Size]byte
	var err error
	var reader sync.WaitGroup
	reader.Go(func() { got, err = digest(l) })
	want := payload(n)
	client.run(t, func() error {
		c, err := net.DialTimeout("tcp4", at.String(), deadline)
		if err != nil {
			return err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(deadline))
		_, err = c.Write(want)
		return err
	})
	if reader.Wait(); err != nil || got != sha256.Sum256(want) {
		t.Errorf("what arrived differs from what was sent: %v", err)
	}
}

// digest returns the hash of what the next connection brings.
func digest(l *net.TCPListener) (sum [sha256.Size]byte, err error) {
	l.SetDeadline(time.Now().Add(deadline))
	c, err := l.Accept()
	if err != nil {
		return sum, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(deadline))
	h := sha256.New()
	if _, err = io.Copy(h, c); err == nil {
		h.Sum(sum[:0])
	}
	return sum, err
}

// BenchmarkForward sends batches along a wire and back to where they came from.
func BenchmarkForward(b *testing.B) {
	for name, n := range map[string]int{"small": 12, "large": 65000} {
		b.Run(name, func(b *testing.B) {
			ownNamespace(b)
			w := newWire(b, "eth0")
			g := newGroup(b, Options{})
			ends := [2]*Socket{open(b, g, 0, w.near), open(b, g, 1, w.far)}
			ps := make([]packet.Packet, 32)
			out := pointers(ps)
			for i := range ps {
				frame, sum := transport(false, protoTCP, 4242, payload(n))
				*out[i] = *make1(b, g, frame)
				out[i].Sum = sum
				if n > 1448 {
					out[i].GSO = packet.GSO{Kind: packet.GSOTCP4, Size: 1448}
				}
			}
			b.SetBytes(int64(out[0].Len() * len(ps)))
			b.ReportAllocs()
			turn := 0
			for b.Loop() {
				if ends[turn].Send(out) != len(out) {
					b.Fatal("not sent")
				}
				turn = 1 - turn
				for got := 0; got < len(ps); {
					n, err := ends[turn].Recv(ps[got:])
					if err != nil {
						b.Fatal(err)
					}
					got += n
				}
			}
			b.ReportMetric(float64(b.N*len(ps))/b.Elapsed().Seconds()/1e6, "Mpps")
			g.Release(out)
		})
	}
}
