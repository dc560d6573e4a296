package dataplane

import (
	"fmt"

	"xlvs/dataplane/xsk"
)

// A PortStatus is an interface and what its sockets have counted.
type PortStatus struct {
	Name     string
	Queues   int // receive queues, each with a socket
	ZeroCopy bool
	Stats    xsk.Stats // the sum over its sockets
}

// Ports returns the interfaces that the director drives.
func (d *Director) Ports() ([]PortStatus, error) {
	list := make([]PortStatus, len(d.ports))
	for i, p := range d.ports {
		list[i] = PortStatus{Name: p.Name, Queues: p.queues, ZeroCopy: true}
	}
	for _, w := range d.workers {
		q, ok := w.queues.(*xskQueues)
		if !ok {
			continue
		}
		if err := q.addStatus(list); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// addStatus adds what q's sockets have counted to the status of their ports.
func (q *xskQueues) addStatus(list []PortStatus) error {
	for i, s := range q.sockets {
		p := &list[q.ports[i]]
		st, err := s.Stats()
		if err != nil {
			return fmt.Errorf("interface %s: %w", p.Name, err)
		}
		p.Stats.Add(st)
		p.ZeroCopy = p.ZeroCopy && s.ZeroCopy()
	}
	return nil
}
