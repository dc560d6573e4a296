package dataplane

import (
	"fmt"
	"slices"

	"xlvs/conntrack"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// filterBatch is how many endpoints the filter is told of while a worker waits,
// should it have a client on the director at that moment.
const filterBatch = 64

// updateFilter has the filter follow a change of who asks for what. If that fails,
// everything is as it was.
func (d *Director) updateFilter(change steer.Claims) error {
	steps, done := change.Steps(), 0
	for batch := range slices.Chunk(steps, filterBatch) {
		done += len(batch)
		err := d.tell(batch, d.claims.Follow)
		if err == nil {
			continue
		}
		// What was in force before fits: it did so a moment ago.
		if restore := d.tell(steps[:done], d.claims.Undo); restore != nil {
			return fmt.Errorf("%w; restoring the former rules: %w", err, restore)
		}
		return err
	}
	return nil
}

// overrule is updateFilter for changes that have come about already. What the
// filter refuses, now or before, it is told again.
func (d *Director) overrule(change steer.Claims) error {
	for batch := range slices.Chunk(change.Steps(), filterBatch) {
		_ = d.tell(batch, d.claims.Follow) // which is owed otherwise
	}
	return d.tell(nil, nil)
}

// tell takes steps, and tells the filter of the endpoints that have other rules now,
// and of those that it is owed.
func (d *Director) tell(steps []steer.Step, take func(steer.Step) (was, is steer.Rule)) error {
	d.filtering.Lock()
	defer d.filtering.Unlock()
	for _, s := range steps {
		if was, is := take(s); was != is {
			d.owed[s.Endpoint] = is
		}
	}
	if len(d.owed) == 0 {
		return nil
	}
	if err := d.filter.Update(d.owed); err != nil {
		return err
	}
	clear(d.owed)
	return nil
}

// addClient has replies to a client on the director itself taken, before they
// can arrive. Such connections cost a system call each.
func (d *Director) addClient(t lvs.Tuple) {
	if !d.noteClient(t) {
		return
	}
	if err := d.updateFilter(claimsOf([]lvs.Tuple{t}, 1)); err != nil {
		d.filtering.Lock()
		delete(d.clients, t)
		d.filtering.Unlock()
		d.warn(fmt.Errorf("client on the director: %w", err))
	}
}

// noteClient reports whether a client is new.
func (d *Director) noteClient(t lvs.Tuple) bool {
	d.filtering.Lock()
	defer d.filtering.Unlock()
	if _, known := d.clients[t]; known {
		return false
	}
	d.clients[t] = struct{}{}
	return true
}

// claimsOf returns that n more ask for what clients need.
func claimsOf(clients []lvs.Tuple, n int) steer.Claims {
	change := steer.Claims{}
	for _, t := range clients {
		r := steer.Rules{}
		r.AddClient(t.Proto, t.Src, t.SrcPort)
		change.Add(r, n)
	}
	return change
}

// forgetClients forgets local clients whose connections are over.
func (d *Director) forgetClients() {
	if list := d.goneClients(); len(list) > 0 {
		if err := d.overrule(claimsOf(list, -1)); err != nil {
			d.warn(fmt.Errorf("forget clients on the director: %w", err))
		}
	}
}

// goneClients takes out the clients whose connections are over.
func (d *Director) goneClients() (list []lvs.Tuple) {
	d.filtering.Lock()
	defer d.filtering.Unlock()
	for t := range d.clients {
		if d.gone(t) {
			delete(d.clients, t)
			list = append(list, t)
		}
	}
	return list
}

// gone reports whether there is no connection any more to which a client would
// send packets addressed as t.
func (d *Director) gone(t lvs.Tuple) bool {
	var k conntrack.Key
	var c conntrack.Conn
	d.table.Key(&k, &t, conntrack.In)
	return !d.table.Find(&c, &k, &t)
}
