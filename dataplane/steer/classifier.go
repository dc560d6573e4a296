package steer

import (
	"errors"
	"fmt"
	"math"
)

// ErrTooManyEndpoints is what Update wraps when the rules outgrow the map.
var ErrTooManyEndpoints = errors.New("too many endpoints")

// A Classifier is the BPF maps of the rules in force. Programs made from it
// follow each Update at once. Update is for one goroutine at a time.
type Classifier struct {
	tables   tables
	room     int
	rules    Rules // what the maps hold
	networks uint32
}

// New returns a Classifier that takes nothing yet, with room for Rules of
// maxEndpoints entries: a service is up to three, its address counted once, a
// network up to three and a pool up to two, one for each protocol. While rules
// replace others it has room for both.
func New(maxEndpoints int) (*Classifier, error) {
	if maxEndpoints < 1 || maxEndpoints > math.MaxInt32 {
		return nil, fmt.Errorf("make classifier: room for %d endpoints", maxEndpoints)
	}
	t, err := newTables(uint32(2 * maxEndpoints))
	if err != nil {
		return nil, fmt.Errorf("make classifier: %w", err)
	}
	return &Classifier{tables: t, room: 2 * maxEndpoints, rules: Rules{}}, nil
}

// Update gives the endpoints in change the rules that they have there, takes
// theirs from those whose rule is zero there, and leaves all others alone.
// Additions come before removals. If Update fails, the maps hold something
// between the old rules and the new, and the same endpoints may be given either
// again. Rules that are too many change nothing.
func (c *Classifier) Update(change Rules) error {
	set, remove, added := c.diff(change)
	if n := len(c.rules) + added; n > c.room {
		return fmt.Errorf("update classifier: %d endpoints, room for %d: %w", n, c.room, ErrTooManyEndpoints)
	}
	if err := c.set(set); err != nil {
		return fmt.Errorf("update classifier: %w", err)
	}
	if err := c.tables.setCount(c.networks - networkCount(remove)); err != nil {
		return fmt.Errorf("update classifier: count networks: %w", err)
	}
	if err := c.remove(remove); err != nil {
		return fmt.Errorf("update classifier: %w", err)
	}
	return nil
}

// set gives endpoints their rules: at once, and one by one what cannot be had so.
func (c *Classifier) set(entries []entry) error {
	atOnce := c.tables.putAll(entries)
	for _, e := range entries {
		if !atOnce || e.HostBits > 0 {
			if err := c.tables.put(e.Endpoint, e.rule); err != nil {
				return fmt.Errorf("set %v: %w", e.Endpoint, err)
			}
		}
		c.note(e.Endpoint, e.rule)
	}
	return nil
}

// remove takes their rules from endpoints, as set gives them.
func (c *Classifier) remove(list []Endpoint) error {
	atOnce := c.tables.removeAll(list)
	for _, e := range list {
		if !atOnce || e.HostBits > 0 {
			if err := c.tables.remove(e); err != nil {
				return fmt.Errorf("remove %v: %w", e, err)
			}
		}
		c.note(e, Rule{})
	}
	return nil
}

// networkCount returns how many of list are networks.
func networkCount(list []Endpoint) (n uint32) {
	for _, e := range list {
		if e.HostBits > 0 {
			n++
		}
	}
	return n
}

// diff returns what of change is not so already, and how many endpoints are new.
func (c *Classifier) diff(change Rules) (set []entry, remove []Endpoint, added int) {
	set = make([]entry, 0, len(change))
	for e, rule := range change {
		switch old, ok := c.rules[e]; {
		case rule != Rule{} && rule != old:
			if set = append(set, entry{e, rule}); !ok {
				added++
			}
		case rule == Rule{} && ok:
			remove = append(remove, e)
		}
	}
	return set, remove, added
}

// note notes what the maps hold for e now.
func (c *Classifier) note(e Endpoint, rule Rule) {
	if e.HostBits > 0 {
		if _, had := c.rules[e]; !had {
			c.networks++
		}
		if rule == (Rule{}) {
			c.networks--
		}
	}
	if c.rules[e] = rule; rule == (Rule{}) {
		delete(c.rules, e)
	}
}

// Close lets go of the maps. Programs made from it keep them alive, as they were
// last, until they are gone.
func (c *Classifier) Close() error { return c.tables.close() }
