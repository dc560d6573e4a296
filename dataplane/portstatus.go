package dataplane

import (
	"fmt"

	"xlvs/config"
	"xlvs/dataplane/rawsock"
	"xlvs/dataplane/xsk"
)

// A PortStatus is an interface and what its sockets have counted.
type PortStatus struct {
	Name     string
	Present  bool
	Mode     config.Mode // XDP, XDPGeneric or Packet
	Why      string      // why no better mode; empty if it is what was asked for
	Queues   int         // receive queues
	ZeroCopy bool        // of AF_XDP

	// The sums over its sockets, since the interface was last opened; one of
	// the two is zero.
	Rings xsk.Stats
	Raw   rawsock.Stats
}

// Ports returns the interfaces that the director drives.
func (d *Director) Ports() ([]PortStatus, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]PortStatus, len(d.ports))
	for i, p := range d.ports {
		list[i] = PortStatus{Name: p.Name, Present: p.Index != 0, Mode: p.mode, Why: p.why, Queues: p.queues}
	}
	for _, w := range d.workers {
		w.mu.Lock()
		q, ok := w.queues.(*queues)
		w.mu.Unlock()
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
func (q *queues) addStatus(list []PortStatus) error {
	for _, s := range q.sources {
		switch s := s.inlet.(type) {
		case *xsk.Socket:
			p := &list[s.Port()]
			st, err := s.Stats()
			if err != nil {
				return fmt.Errorf("interface %s: %w", p.Name, err)
			}
			p.Rings.Add(st)
			p.ZeroCopy = s.ZeroCopy()
		case *rawsock.Socket:
			p := &list[s.Port()]
			st, err := s.Stats()
			if err != nil {
				return fmt.Errorf("interface %s: %w", p.Name, err)
			}
			p.Raw.Add(st)
		}
	}
	return nil
}
