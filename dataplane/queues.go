package dataplane

import (
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf"

	"xlvs/config"
	"xlvs/dataplane/host"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/rawsock"
	"xlvs/dataplane/xsk"
)

// queues are a worker's Queues on the ports of a rig, each of its own kind. Of n
// workers, worker w has AF_XDP queue w of a port to send and receives from queues
// w, w+n, w+2n, …; in packet mode it has a socket in the port's fanout group.
type queues struct {
	rings   *xsk.Group     // nil if no port is in an XDP mode
	raw     *rawsock.Group // nil if no port is in packet mode
	door    *host.Door     // received from by the first worker alone, sent to by all; nil if there is none
	sources []source
	turn    int      // source to receive from next, so that none starves another
	blind   int      // batches since Wait has looked at the sources
	egress  []egress // by port number, the door's last
	byPort  [][]*packet.Packet
	foreign []*packet.Packet // of sendTo
	err     error            // of a Send, returned by the next Recv
}

// An inlet is what packets are received from.
type inlet interface {
	Recv(ps []packet.Packet) (int, error)
}

// A source is an inlet that Wait may know to have something. Rings are asked at no
// cost; to ask another is a system call, for nothing most of the time.
type source struct {
	inlet
	readable *bool // nil for a ring; else set by Wait
}

// maxBlind is how many batches are received before Wait or a call for nothing must
// tell what else there is.
const maxBlind = 4

// recv is Recv if it is worth it.
func (s source) recv(ps []packet.Packet, anyway bool) (n int, err error) {
	if s.readable == nil {
		return s.Recv(ps)
	}
	if !*s.readable && !anyway {
		return 0, nil
	}
	n, err = s.Recv(ps)
	*s.readable = n == len(ps)
	return n, err
}

// A kind of queue owns the memory of the packets it received.
type kind uint8

const (
	noKind   kind = iota // the port is not there
	ringKind             // AF_XDP
	rawKind              // AF_PACKET
	doorKind             // the host
)

// An egress is where packets leave by one port.
type egress struct {
	kind kind
	ring *xsk.Socket
	raw  *rawsock.Socket // with a ring beside it, for super-frames
}

// openQueues opens the queues of worker w of workers.
func (r *rig) openQueues(w, workers int, opts xsk.Options) (*queues, error) {
	n := len(r.ports) + 1
	q := &queues{egress: make([]egress, n), byPort: make([][]*packet.Packet, n)}
	q.egress[n-1].kind = doorKind
	if err := errors.Join(r.openRings(q, w, workers, opts), r.openRaw(q, w, workers)); err != nil {
		return nil, errors.Join(err, q.Close())
	}
	if q.rings == nil && q.raw == nil {
		return nil, errors.New("no interface is there to be driven")
	}
	return q, nil
}

// watch has Wait look at fd, too.
func (q *queues) watch(fd int, readable *bool) {
	if q.rings != nil {
		q.rings.Watch(fd, readable)
	} else {
		q.raw.Watch(fd, readable)
	}
}

// openRings opens the AF_XDP sockets and registers each in its port's map.
func (r *rig) openRings(q *queues, w, workers int, opts xsk.Options) error {
	opts.Ports = 0
	for i, p := range r.ports {
		if r.maps[i] != nil {
			opts.Ports += (p.queues - w + workers - 1) / workers
		}
	}
	if opts.Ports == 0 {
		return nil
	}
	g, err := xsk.NewGroup(opts)
	if err != nil {
		return err
	}
	q.rings = g
	for i, p := range r.ports {
		if r.maps[i] == nil {
			continue
		}
		for queue := w; queue < p.queues; queue += workers {
			s, err := openRing(g, p, queue, r.maps[i])
			if err != nil {
				return err
			}
			q.sources = append(q.sources, source{inlet: s})
			if queue == w {
				q.egress[p.Number].kind, q.egress[p.Number].ring = ringKind, s
			}
		}
	}
	return nil
}

func openRing(g *xsk.Group, p port, queue int, sockets *ebpf.Map) (*xsk.Socket, error) {
	s, err := g.Open(p.Number, p.Index, queue, xdpMode(p.mode))
	if err != nil {
		return nil, err
	}
	if err := s.Register(sockets); err != nil {
		return nil, fmt.Errorf("interface %s queue %d: %w", p.Name, queue, err)
	}
	return s, nil
}

// openRaw opens a packet socket on each port in packet mode, and on those that have
// frames too long for their rings.
func (r *rig) openRaw(q *queues, w, workers int) error {
	for _, p := range r.ports {
		if p.Index == 0 || p.mode == config.XDP {
			continue
		}
		if q.raw == nil {
			g, err := rawsock.NewGroup(rawsock.Options{})
			if err != nil {
				return err
			}
			q.raw = g
		}
		filter, fanout := r.sockets, rawsock.Fanout{ID: rawsock.FanoutID(p.Index), Members: workers}
		if p.NoEthernet {
			filter, fanout = r.deaf, rawsock.Fanout{}
		}
		s, err := q.raw.Open(p.Number, p.Index, filter, fanout)
		if err != nil {
			return err
		}
		fd, readable := s.Readable()
		if q.rings != nil {
			q.rings.Watch(fd, readable)
		}
		q.sources = append(q.sources, source{s, readable})
		if q.egress[p.Number].raw = s; p.mode == config.Packet {
			q.egress[p.Number].kind = rawKind
		}
	}
	return nil
}

// listen has q, which knows the door, receive what local clients send through it.
func (q *queues) listen() {
	d := q.door
	if d == nil || d.FD() < 0 {
		return
	}
	readable := new(bool)
	q.sources = append(q.sources, source{d, readable})
	q.watch(d.FD(), readable)
}

// Recv implements Queues.
func (q *queues) Recv(ps []packet.Packet) (n int, err error) {
	if err := q.err; err != nil {
		q.err = nil
		return 0, err
	}
	q.blind++
	for range q.sources {
		s := q.sources[q.turn]
		if q.turn++; q.turn == len(q.sources) {
			q.turn = 0
		}
		m, err := s.recv(ps[n:], q.blind > maxBlind)
		n += m
		if err != nil || n == len(ps) {
			return n, err
		}
	}
	return n, nil
}

// Wait implements Queues.
func (q *queues) Wait(timeout time.Duration) error {
	q.blind = 0
	if q.rings != nil {
		return q.rings.Wait(timeout)
	}
	return q.raw.Wait(timeout)
}

// Wake implements Queues.
func (q *queues) Wake() {
	if q.rings != nil {
		q.rings.Wake()
	} else {
		q.raw.Wake()
	}
}

// Close implements Queues.
func (q *queues) Close() error {
	var errs []error
	if q.rings != nil {
		errs = append(errs, q.rings.Close())
	}
	if q.raw != nil {
		errs = append(errs, q.raw.Close())
	}
	return errors.Join(errs...)
}
