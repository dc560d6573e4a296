package steer

import (
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// ErrTooManyEndpoints is what Update wraps when the rules outgrow the map.
var ErrTooManyEndpoints = errors.New("too many endpoints")

// A Classifier is the BPF map of the rules in force. Programs made from it
// follow each Update at once. Update is for one goroutine at a time.
type Classifier struct {
	endpoints *ebpf.Map
	room      int
	rules     Rules // what the map holds
}

// New returns a Classifier that takes nothing yet, with room for Rules of
// maxEndpoints entries: a service is up to three, its address counted once.
func New(maxEndpoints int) (*Classifier, error) {
	if maxEndpoints < 1 || maxEndpoints > math.MaxInt32 {
		return nil, fmt.Errorf("make classifier: room for %d endpoints", maxEndpoints)
	}
	// Old and new rules stand side by side during an update, hence twice the
	// room. Without preallocation a removed entry is not reused while a program
	// still looks at it, and the spare room costs little.
	m, err := ebpf.NewMap(&ebpf.MapSpec{
		Name:       "xlvs_endpoints",
		Type:       ebpf.Hash,
		KeySize:    keySize,
		ValueSize:  4,
		MaxEntries: uint32(2 * maxEndpoints),
		Flags:      unix.BPF_F_NO_PREALLOC,
	})
	if err != nil {
		return nil, fmt.Errorf("make classifier map for %d endpoints: %w", maxEndpoints, err)
	}
	return &Classifier{endpoints: m, room: maxEndpoints, rules: Rules{}}, nil
}

// Update makes r the rules in force; r stays the caller's. Only differences
// reach the map, additions before removals, so that what is in both is taken
// throughout. If Update fails, the map holds something between the old rules
// and the new, and the next Update goes on from there. Rules that are too many
// change nothing.
func (c *Classifier) Update(r Rules) error {
	if len(r) > c.room {
		return fmt.Errorf("update classifier: %d endpoints, room for %d: %w", len(r), c.room, ErrTooManyEndpoints)
	}
	set, remove := diff(c.rules, r)
	for e, flags := range set {
		if err := c.endpoints.Put(e.key(), uint32(flags)); err != nil {
			return fmt.Errorf("update classifier: set %v: %w", e, err)
		}
		c.rules[e] = flags
	}
	for _, e := range remove {
		if err := c.endpoints.Delete(e.key()); err != nil {
			return fmt.Errorf("update classifier: remove %v: %w", e, err)
		}
		delete(c.rules, e)
	}
	return nil
}

// diff returns what makes have into want.
func diff(have, want Rules) (set Rules, remove []Endpoint) {
	set = maps.Clone(want)
	maps.DeleteFunc(set, func(e Endpoint, flags Flags) bool {
		old, ok := have[e]
		return ok && old == flags
	})
	for e := range have {
		if _, ok := want[e]; !ok {
			remove = append(remove, e)
		}
	}
	return set, remove
}

// Close lets go of the map. Programs made from it keep it alive, as it was
// last, until they are gone.
func (c *Classifier) Close() error {
	if err := c.endpoints.Close(); err != nil {
		return fmt.Errorf("close classifier map: %w", err)
	}
	return nil
}
