package steer

import "slices"

// Claims say how often each rule of each endpoint is asked for. Services and
// real servers share endpoints: a rule is in force until the last who asked for
// it lets go. What makes some Claims into others is Claims too, with counts below
// zero where something is let go of.
type Claims map[Endpoint][]claim

// A claim is a rule and how often it is asked for, never 0 times.
type claim struct {
	Rule
	count int
}

// Add has the rules of r asked for n times more, or less if n is below zero. Who
// lets go must name what it asked for.
func (c Claims) Add(r Rules, n int) {
	for e, rule := range r {
		c.add(e, claim{rule, n})
	}
}

// add adds cl to those of e.
func (c Claims) add(e Endpoint, cl claim) {
	list := c[e]
	c.put(e, len(list), merged(list, cl))
}

// put makes list, which was had long and has perhaps grown or shrunk, that of e.
func (c Claims) put(e Endpoint, had int, list []claim) {
	switch {
	case len(list) == 0:
		delete(c, e)
	case len(list) != had:
		c[e] = list
	}
}

// merged returns list with cl in it.
func merged(list []claim, cl claim) []claim {
	i := slices.IndexFunc(list, func(have claim) bool { return have.Rule == cl.Rule })
	switch {
	case i < 0:
		return append(list, cl)
	case list[i].count+cl.count == 0:
		return slices.Delete(list, i, i+1)
	}
	list[i].count += cl.count
	return list
}

// sum returns what all of list come to.
func sum(list []claim) (r Rule) {
	for _, cl := range list {
		r = r.and(cl.Rule)
	}
	return r
}

// Rules returns the rules in force.
func (c Claims) Rules() Rules {
	r := make(Rules, len(c))
	for e, list := range c {
		r[e] = sum(list)
	}
	return r
}

// A Step is what a change says of one endpoint.
type Step struct {
	Endpoint
	claims []claim
}

// Steps returns a change in the order to follow it in: endpoints that are asked for
// more come before those that are only let go of, so that what is taken before and
// after, if by another rule, is taken throughout.
func (c Claims) Steps() []Step {
	more, less := make([]Step, 0, len(c)), []Step(nil)
	for e, list := range c {
		if slices.ContainsFunc(list, func(cl claim) bool { return cl.count > 0 }) {
			more = append(more, Step{e, list})
		} else {
			less = append(less, Step{e, list})
		}
	}
	return append(more, less...)
}

// Follow takes a step of a change, and returns the rule of its endpoint before and
// after that.
func (c Claims) Follow(s Step) (was, is Rule) { return c.step(s, 1) }

// Undo takes back what Follow did.
func (c Claims) Undo(s Step) (was, is Rule) { return c.step(s, -1) }

func (c Claims) step(s Step, sign int) (was, is Rule) {
	list := c[s.Endpoint]
	was = sum(list)
	for _, cl := range s.claims {
		list = merged(list, claim{cl.Rule, sign * cl.count})
	}
	if len(list) > 0 {
		c[s.Endpoint] = list
	} else {
		delete(c, s.Endpoint)
	}
	return was, sum(list)
}
