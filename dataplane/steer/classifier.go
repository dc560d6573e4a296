package steer

import (
	"errors"
	"fmt"
	"maps"
	"math"
)

// ErrTooManyEndpoints is what Update wraps when the rules outgrow the map.
var ErrTooManyEndpoints = errors.New("too many endpoints")

// A Classifier is the BPF maps of the rules in force. Programs made from it
// follow each Update at once. Update is for one goroutine at a time.
type Classifier struct {
	tables tables
	room   int
	rules  Rules // what the maps hold
}

// New returns a Classifier that takes nothing yet, with room for Rules of
// maxEndpoints entries: a service is up to three, its address counted once, a
// network up to three and a pool up to two, one for each protocol.
func New(maxEndpoints int) (*Classifier, error) {
	if maxEndpoints < 1 || maxEndpoints > math.MaxInt32 {
		return nil, fmt.Errorf("make classifier: room for %d endpoints", maxEndpoints)
	}
	// Old and new rules stand side by side during an update, hence twice the room.
	t, err := newTables(uint32(2 * maxEndpoints))
	if err != nil {
		return nil, fmt.Errorf("make classifier: %w", err)
	}
	return &Classifier{tables: t, room: maxEndpoints, rules: Rules{}}, nil
}

// Update makes r the rules in force; r stays the caller's. Only differences
// reach the maps, additions before removals, so that what is in both is taken
// throughout. If Update fails, the maps hold something between the old rules
// and the new, and the next Update goes on from there. Rules that are too many
// change nothing.
func (c *Classifier) Update(r Rules) error {
	if len(r) > c.room {
		return fmt.Errorf("update classifier: %d endpoints, room for %d: %w", len(r), c.room, ErrTooManyEndpoints)
	}
	set, remove := diff(c.rules, r)
	for e, rule := range set {
		if err := c.tables.put(e, rule); err != nil {
			return fmt.Errorf("update classifier: set %v: %w", e, err)
		}
		c.rules[e] = rule
	}
	if err := c.tables.setCount(r.networks()); err != nil {
		return fmt.Errorf("update classifier: count networks: %w", err)
	}
	for _, e := range remove {
		if err := c.tables.remove(e); err != nil {
			return fmt.Errorf("update classifier: remove %v: %w", e, err)
		}
		delete(c.rules, e)
	}
	return nil
}

// networks returns how many of r are networks.
func (r Rules) networks() (n uint32) {
	for e := range r {
		if e.HostBits > 0 {
			n++
		}
	}
	return n
}

// diff returns what makes have into want.
func diff(have, want Rules) (set Rules, remove []Endpoint) {
	set = maps.Clone(want)
	maps.DeleteFunc(set, func(e Endpoint, rule Rule) bool {
		old, ok := have[e]
		return ok && old == rule
	})
	for e := range have {
		if _, ok := want[e]; !ok {
			remove = append(remove, e)
		}
	}
	return set, remove
}

// Close lets go of the maps. Programs made from it keep them alive, as they were
// last, until they are gone.
func (c *Classifier) Close() error { return c.tables.close() }
