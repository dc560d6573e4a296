package dataplane

import (
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf"

	"xlvs/dataplane/packet"
	"xlvs/dataplane/xsk"
)

// xskQueues are a worker's queues on AF_XDP. Worker w of n has queue w of every
// port to send, and receives from queues w, w+n, w+2n, … of each.
type xskQueues struct {
	group   *xsk.Group
	sockets []*xsk.Socket // all of them, to receive
	ports   []uint16      // of each socket
	egress  []*xsk.Socket // by port number
	turn    int           // socket to receive from first, so that none starves another
	byPort  [][]*packet.Packet
	err     error // of a Send, returned by the next Recv
}

// openQueues opens the queues of worker w of workers, and registers each socket
// in its port's map.
func openQueues(ports []port, maps []*ebpf.Map, w, workers int, mode xsk.Mode, opts xsk.Options) (*xskQueues, error) {
	opts.Ports = 0
	for _, p := range ports {
		opts.Ports += (p.queues - w + workers - 1) / workers
	}
	q, err := openGroup(ports, w, workers, mode, opts)
	if errors.Is(err, xsk.ErrNoZeroCopy) {
		// One memory is either zero-copy for all of its sockets or for none.
		opts.Copy = true
		q, err = openGroup(ports, w, workers, mode, opts)
	}
	if err != nil {
		return nil, err
	}
	i := 0
	for n, p := range ports {
		for queue := w; queue < p.queues; queue += workers {
			if err := q.sockets[i].Register(maps[n]); err != nil {
				return nil, errors.Join(fmt.Errorf("%s queue %d: %w", p.Name, queue, err), q.Close())
			}
			i++
		}
	}
	return q, nil
}

func openGroup(ports []port, w, workers int, mode xsk.Mode, opts xsk.Options) (*xskQueues, error) {
	g, err := xsk.NewGroup(opts)
	if err != nil {
		return nil, err
	}
	q := &xskQueues{group: g, egress: make([]*xsk.Socket, len(ports)), byPort: make([][]*packet.Packet, len(ports))}
	for _, p := range ports {
		for queue := w; queue < p.queues; queue += workers {
			s, err := g.Open(p.Number, p.Index, queue, mode)
			if err != nil {
				return nil, errors.Join(err, g.Close())
			}
			q.sockets = append(q.sockets, s)
			q.ports = append(q.ports, p.Number)
			if queue == w {
				q.egress[p.Number] = s
			}
		}
	}
	return q, nil
}

// Recv implements Queues.
func (q *xskQueues) Recv(ps []packet.Packet) (n int, err error) {
	if err := q.err; err != nil {
		q.err = nil
		return 0, err
	}
	for range q.sockets {
		m, err := q.sockets[q.turn].Recv(ps[n:])
		n += m
		if err != nil || n == len(ps) {
			return n, err
		}
		if q.turn++; q.turn == len(q.sockets) {
			q.turn = 0
		}
	}
	return n, nil
}

// Send implements Queues.
func (q *xskQueues) Send(ps []*packet.Packet) {
	for _, p := range ps {
		q.byPort[p.Out] = append(q.byPort[p.Out], p)
	}
	for port, list := range q.byPort {
		if len(list) == 0 {
			continue
		}
		s := q.egress[port]
		s.Send(list)
		if err := s.Flush(); err != nil {
			q.err = err
		}
		q.byPort[port] = list[:0]
	}
}

// Release implements Queues.
func (q *xskQueues) Release(ps []*packet.Packet) { q.group.Release(ps) }

// Wait implements Queues.
func (q *xskQueues) Wait(timeout time.Duration) error { return q.group.Wait(timeout) }

// Wake implements Queues.
func (q *xskQueues) Wake() { q.group.Wake() }

// Close implements Queues.
func (q *xskQueues) Close() error { return q.group.Close() }
