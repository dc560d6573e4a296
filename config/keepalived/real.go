package keepalived

import (
	"xlvs/config"
	"xlvs/lvs"
)

// A real is a real_server. What it does not say itself is the
// virtual_server's, which may say so only later.
type real struct {
	at     position
	config config.Real
	weight *int
	method *forwarding
}

// real reads "real_server ADDRESS [PORT] { … }".
func (t *translation) real(s *statement) (r real, ok bool) {
	r.at = s.at
	addr, port, err := parseEndpoint(s.arg(1), s.arg(2))
	if err != nil {
		t.notes.add(s.at, "%s: %v: left out", s, err)
		return r, false
	}
	r.config.RealKey = config.RealKey{Addr: addr, Port: port}
	for _, b := range s.body {
		t.realSetting(&r, b)
	}
	return r, true
}

// realSetting takes a statement inside the braces of a real_server.
func (t *translation) realSetting(r *real, s *statement) {
	switch s.keyword() {
	case "weight":
		if n, ok := t.number(s, 1, 0, config.MaxWeight); ok {
			r.weight = &n
		}
	case "lvs_method", "lb_kind":
		if f := t.forwarding(s); f != nil {
			r.method = f
		}
	case "uthreshold":
		if n, ok := t.number(s, 1, 0, config.MaxThreshold); ok {
			r.config.Upper = n
		}
	case "lthreshold":
		if n, ok := t.number(s, 1, 0, config.MaxThreshold); ok {
			r.config.Lower = n
		}
	default:
		t.leave(s, virtualReasons)
	}
}

// of returns r as a real server of a service of v.
func (r *real) of(v *virtual, k config.ServiceKey) config.Real {
	c := r.config
	c.Weight = v.weight
	if r.weight != nil {
		c.Weight = *r.weight
	}
	r.forwarding(v).set(&c)
	rewrites := c.Method == lvs.NAT
	switch {
	case k.Mark != 0 && rewrites: // 0 is the packet's own
	case k.Mark != 0, !rewrites, c.Port == 0:
		c.Port = k.Port
	}
	return c
}

// forwarding returns how packets of v reach r.
func (r *real) forwarding(v *virtual) forwarding {
	if r.method != nil {
		return *r.method
	}
	return v.method
}
