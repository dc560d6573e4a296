package keepalived

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"xlvs/config"
	"xlvs/lvs"
)

// A virtual is a virtual_server: a service, or one for each entry of a group.
type virtual struct {
	at          position
	what        *statement
	config      config.Service // all but the key and the real servers
	protocol    lvs.Protocol   // 0: it does not say
	family      netip.Addr     // of its mark, as ip_family says; not valid: it does not
	granularity *statement
	flags       []*statement
	weight      int
	method      forwarding
	reals       []real
}

// keepalived's defaults where they are not ours.
const (
	defaultPersistence = 6 * time.Minute
	defaultProtocol    = lvs.UDP
)

// virtual reads a virtual_server and adds its services.
func (t *translation) virtual(s *statement) error {
	v := &virtual{at: s.at, what: s, weight: 1}
	v.config.Scheduler = lvs.DefaultScheduler
	for _, b := range s.body {
		t.setting(v, b)
	}
	if len(v.reals) == 0 {
		t.notes.add(s.at, "%s: it has no real servers: left out, as keepalived does", s)
		return nil
	}
	t.settle(v)
	return t.services(v)
}

// setting takes a statement inside the braces of a virtual_server.
func (t *translation) setting(v *virtual, s *statement) {
	switch s.keyword() {
	case "lb_algo", "lvs_sched":
		if slices.Contains(lvs.SchedulerNames[:], s.arg(1)) {
			v.config.Scheduler = s.arg(1)
		} else {
			t.notes.add(s.at, "%s: no such scheduler: left out", s)
		}
	case "lb_kind", "lvs_method":
		if f := t.forwarding(s); f != nil {
			v.method = *f
		}
	case "sh-port", "sh-fallback", "mh-port", "mh-fallback", "flag-1", "flag-2", "flag-3":
		v.flags = append(v.flags, s)
	case "protocol":
		t.protocol(v, s)
	case "ip_family":
		if f, err := parseFamily(s.arg(1)); err == nil {
			v.family = f
		} else {
			t.notes.add(s.at, "%s: %v: left out", s, err)
		}
	case "ops":
		v.config.OnePacket = true
	case "weight":
		if n, ok := t.number(s, 1, 1, config.MaxWeight); ok {
			v.weight = n
		}
	case "real_server":
		if r, ok := t.real(s); ok {
			v.reals = append(v.reals, r)
		}
	default:
		t.persistence(v, s)
	}
}

// persistence takes what is about clients that keep their real server.
func (t *translation) persistence(v *virtual, s *statement) {
	switch s.keyword() {
	case "persistence_timeout":
		if s.arg(1) == "" {
			v.config.Persistence = defaultPersistence
		} else if n, ok := t.number(s, 1, 1, int(config.MaxTimeout/time.Second)); ok {
			v.config.Persistence = time.Duration(n) * time.Second
		}
	case "persistence_granularity":
		v.granularity = s
	case "persistence_engine":
		if s.arg(1) == "sip" {
			v.config.Engine = "sip"
		} else {
			t.notes.add(s.at, "%s: no such engine: left out", s)
		}
	default:
		t.leave(s, virtualReasons)
	}
}

// protocol takes the protocol, in capitals or not.
func (t *translation) protocol(v *virtual, s *statement) {
	for _, p := range []lvs.Protocol{lvs.TCP, lvs.UDP, lvs.SCTP} {
		if strings.EqualFold(s.arg(1), p.String()) {
			v.protocol = p
			return
		}
	}
	t.notes.add(s.at, "%s: must be TCP, UDP or SCTP: left out", s)
}

// settle decides what depends on more than one statement.
func (t *translation) settle(v *virtual) {
	if v.granularity != nil && v.config.Persistence == 0 {
		v.config.Persistence = defaultPersistence
	}
	for _, s := range v.flags {
		if flag, ok := lvs.SchedulerFlag(v.config.Scheduler, s.keyword()); ok {
			v.config.Flags |= flag
		} else {
			t.notes.add(s.at, "%s: the scheduler %s has no such flag", s, v.config.Scheduler)
		}
	}
}
