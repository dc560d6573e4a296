package dataplane

import (
	"fmt"
	"maps"

	"xlvs/conntrack"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// updateFilter makes rules, and what clients on the director need, the ones in
// force. If that fails, the former ones are.
func (d *Director) updateFilter(rules steer.Rules) error {
	d.filtering.Lock()
	defer d.filtering.Unlock()
	err := d.filter.Update(d.withClients(rules))
	if err == nil {
		d.rules = rules
		return nil
	}
	// What was in force before fits: it did so a moment ago.
	if restore := d.filter.Update(d.withClients(d.rules)); restore != nil {
		return fmt.Errorf("%w; restoring the former rules: %w", err, restore)
	}
	return err
}

// withClients adds to rules that replies to clients on the director itself are
// taken. The caller holds filtering.
func (d *Director) withClients(rules steer.Rules) steer.Rules {
	if len(d.clients) == 0 {
		return rules
	}
	rules = maps.Clone(rules)
	for t := range d.clients {
		rules.AddClient(t.Proto, t.Src, t.SrcPort)
	}
	return rules
}

// addClient has replies to a client on the director itself taken, before they
// can arrive. Such connections cost a system call each.
func (d *Director) addClient(t lvs.Tuple) {
	d.filtering.Lock()
	defer d.filtering.Unlock()
	d.clients[t] = struct{}{}
	if err := d.filter.Update(d.withClients(d.rules)); err != nil {
		delete(d.clients, t)
		d.warn(fmt.Errorf("client on the director: %w", err))
	}
}

// forgetClients forgets local clients whose connections are over.
func (d *Director) forgetClients() {
	d.filtering.Lock()
	defer d.filtering.Unlock()
	n := len(d.clients)
	maps.DeleteFunc(d.clients, func(t lvs.Tuple, _ struct{}) bool { return d.gone(t) })
	if len(d.clients) < n {
		if err := d.filter.Update(d.withClients(d.rules)); err != nil {
			d.warn(fmt.Errorf("forget clients on the director: %w", err))
		}
	}
}

// gone reports whether there is no connection any more to which a client would
// send packets addressed as t.
func (d *Director) gone(t lvs.Tuple) bool {
	var k conntrack.Key
	var c conntrack.Conn
	d.table.Key(&k, &t, conntrack.In)
	return !d.table.Find(&c, &k, &t)
}
