package iptables

import (
	"fmt"
	"slices"

	"xlvs/config"
)

// The bounds of a walk.
const (
	maxDepth   = 64      // chains called from one another
	maxSteps   = 1 << 18 // rules, each time that a chain is passed
	maxEntries = 1 << 12
)

// hooks are the chains of the mangle table that a packet for a service passes
// before IPVS looks at its mark, in their order.
var hooks = [...]string{"PREROUTING", "INPUT"}

// An entry says which mark packets have that match it and no entry before it in
// its list; 0 is none.
type entry struct {
	config.Mark
	line int
}

// A walker passes through chains with all packets at once.
type walker struct {
	chains  map[string]*chain
	noted   *notebook
	visited map[string]bool // chains
	steps   int

	live     []entry   // what marks packets have that are still on their way
	accepted []entry   // what those have that the hook's chain is over for
	returned [][]entry // what those have that left a chain for its caller, by depth
}

// walk passes through the chains of the hooks. Its errors begin with a line.
func (w *walker) walk() error {
	for _, name := range hooks {
		if w.chains[name] == nil {
			continue
		}
		w.accepted = nil
		if err := w.chain(name, config.Mark{}, 0); err != nil {
			return err
		}
		w.live = slices.Concat(w.accepted, w.live)
	}
	for name, c := range w.chains {
		if len(c.rules) > 0 && !w.visited[name] {
			w.noted.add(c.rules[0].line, "chain %s: left out: no packets for services are known to pass it", name)
		}
	}
	return nil
}

// chain passes through one chain with the packets that match in.
func (w *walker) chain(name string, in config.Mark, depth int) error {
	w.visited[name] = true
	w.returned = append(w.returned, nil)
	for _, r := range w.chains[name].rules {
		if w.steps++; w.steps > maxSteps || depth > maxDepth || len(w.live)+len(w.accepted) > maxEntries {
			return fmt.Errorf("%d: %w: chains that call others too often", r.line, ErrLimit)
		}
		m, ok := common(in, r.match)
		if !ok || r.target == "" {
			continue
		}
		if r.strange != nil {
			w.skip(r)
			continue
		}
		if err := w.rule(r, m, depth); err != nil {
			return err
		}
	}
	w.live = slices.Concat(w.returned[depth], w.live)
	w.returned = w.returned[:depth]
	return nil
}

// skip notes that r has no effect.
func (w *walker) skip(r *rule) {
	switch r.target {
	case "ACCEPT", "RETURN", "DROP":
		w.noted.add(r.line, "%s: left out: %v: packets that it keeps from later rules may get their marks", r.text, r.strange)
	default:
		w.noted.add(r.line, "%s: left out: %v", r.text, r.strange)
	}
}

// rule does what r does to the packets that match m.
func (w *walker) rule(r *rule, m config.Mark, depth int) error {
	switch r.target {
	case "MARK":
		w.live = slices.Insert(w.live, 0, entry{m, r.line})
		return nil
	case "RETURN":
		w.leave(r.line, m, depth)
		return nil
	case "DROP":
		w.noted.add(r.line, "%s: left out: xlvs drops no packets that it could forward", r.text)
		w.accept(r, m)
		return nil
	case "ACCEPT":
		w.accept(r, m)
		return nil
	}
	if w.chains[r.target] == nil {
		w.noted.add(r.line, "%s: left out: packets of services do not pass netfilter's target %s", r.text, r.target)
		return nil
	}
	if err := w.chain(r.target, m, depth+1); err != nil {
		return err
	}
	if r.goes {
		w.leave(r.line, m, depth)
	}
	return nil
}

// leave takes packets out of the chain at depth: later rules there do not change
// what marks they have. At the hook, no later rule does.
func (w *walker) leave(line int, m config.Mark, depth int) {
	to := &w.accepted
	if depth > 0 {
		to = &w.returned[depth]
	}
	*to = append(*to, w.now(line, m)...)
}

// accept takes packets out of all chains of the hook. Those that left a chain
// before are not among them, which a list of entries cannot say.
func (w *walker) accept(r *rule, m config.Mark) {
	for _, e := range slices.Concat(w.returned...) {
		if e.Mark.Mark == 0 && covers(e.Mark, m) {
			return
		} else if _, ok := common(e.Mark, m); ok && e.Mark.Mark == 0 {
			w.noted.add(r.line, "%s: taken over as if line %d had not returned packets before", r.text, e.line)
		}
	}
	w.accepted = append(w.accepted, w.now(r.line, m)...)
}

// now returns what marks the packets have that match m: those of rules that they
// passed, and none for the rest.
func (w *walker) now(line int, m config.Mark) (entries []entry) {
	for _, e := range w.live {
		if c, ok := common(m, e.Mark); ok {
			entries = append(entries, entry{c, e.line})
		}
	}
	m.Mark = 0
	return append(entries, entry{m, line})
}
