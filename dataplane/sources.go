package dataplane

import (
	"cmp"

	"xlvs/config"
	"xlvs/lvs"
)

// A natSource is who answers from an endpoint, and who else would, were it not for
// that one: they are a list, in the order of their services' keys, those of marks
// last. It is frozen.
type natSource struct {
	service     *service
	destination *destination
	next        *natSource
}

// with returns the list l with n in it.
func (n *natSource) with(service *service, dest *destination) *natSource {
	if n == nil || before(&service.key, &n.service.key) {
		return &natSource{service, dest, n}
	}
	return &natSource{n.service, n.destination, n.next.with(service, dest)}
}

// without returns the list n without dest.
func (n *natSource) without(dest *destination) *natSource {
	switch {
	case n == nil:
		return nil
	case n.destination == dest:
		return n.next
	}
	return &natSource{n.service, n.destination, n.next.without(dest)}
}

// before reports whether a comes before b. Of two services that share a real
// server's endpoint that decides whose it is, whichever was there first.
func before(a, b *config.ServiceKey) bool {
	return cmp.Or(cmp.Compare(a.Mark, b.Mark), a.VIP.Compare(b.VIP), cmp.Compare(a.Port, b.Port)) < 0
}

// resource plans that answers come from the real servers of s and no longer from
// those of old. Either may be nil.
func (p *plan) resource(old, s *serviceState) {
	had, has := old.set(), s.set()
	same := old != nil && s != nil && old.service == s.service
	for dest := range had {
		if same && has[dest] {
			continue
		}
		for _, k := range sourceKeys(dest) {
			list, _ := p.sources.get(k)
			if list = list.without(dest); list != nil {
				p.sources.set(k, list)
			} else {
				p.sources.remove(k)
			}
		}
	}
	for dest := range has {
		if same && had[dest] {
			continue
		}
		for _, k := range sourceKeys(dest) {
			list, _ := p.sources.get(k)
			p.sources.set(k, list.with(s.service, dest))
		}
	}
}

// set returns the destinations of s, none of a nil one.
func (s *serviceState) set() map[*destination]bool {
	if s == nil {
		return nil
	}
	m := make(map[*destination]bool, len(s.destinations))
	for _, dest := range s.destinations {
		m[dest] = true
	}
	return m
}

// sourceKeys returns where dest answers from, if it does so through the director.
// Those of a mark do so by any protocol.
func sourceKeys(dest *destination) (keys []serviceKey) {
	if dest.method != lvs.NAT {
		return nil
	}
	if dest.service.Mark == 0 {
		return []serviceKey{{dest.addr, dest.key.Port, dest.service.Protocol}}
	}
	for _, proto := range ported {
		keys = append(keys, serviceKey{dest.addr, dest.key.Port, proto})
	}
	return keys
}
