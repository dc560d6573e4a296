package config

import (
	"fmt"

	"xlvs/lvs"
)

// decodeService reads one [[service]] and its real servers.
func decodeService(t *table) Service {
	s := Service{Scheduler: lvs.DefaultScheduler}
	s.ServiceKey.decode(t)
	read(t, "scheduler", "a string", &s.Scheduler)
	s.decodeFlags(t)
	s.decodePersistence(t)
	read(t, "engine", "a string", &s.Engine)
	read(t, "one_packet", "a boolean", &s.OnePacket)
	method := defaultMethod
	settle(t, "forward", methodWords[:], &method)
	t.locals("local_addresses", &s.LocalAddresses)
	spelled(t, "client_address", clientWords[:], &s.ClientAddress)
	read(t, "mss_clamp", "a boolean", &s.MSSClamp)
	reals := t.tables("real", "[[service.real]]")
	if len(reals) > 0 {
		s.Reals = make([]Real, 0, len(reals))
	}
	for _, rt := range reals {
		r := Real{RealKey: RealKey{Port: s.Port}, Method: method, Weight: defaultWeight}
		r.decode(rt)
		if r.Method == unread { // the mistake may be the service's
			rt.silence("forward")
		}
		s.Reals = append(s.Reals, r)
	}
	t.done()
	return s
}

// decode sets the key: a mark and a family, or a protocol and an address. With a
// mark the keys of the other kind are not known.
func (k *ServiceKey) decode(t *table) {
	if t.has("mark") {
		number(t, "mark", 1, &k.Mark)
		k.VIP = familyWords[0].value
		spelled(t, "family", familyWords[:], &k.VIP)
		return
	}
	spelled(t, "protocol", protocolWords[:], &k.Protocol)
	t.address("vip", &k.VIP)
	number(t, "port", 0, &k.Port)
	t.require("protocol", "vip", "port")
}

// decodeFlags reads the flags, once the scheduler is known that gives them their
// meaning.
func (s *Service) decodeFlags(t *table) {
	var names []string
	t.list("flags", &names)
	if !s.scheduled() {
		return
	}
	for i, name := range names {
		flag, ok := lvs.SchedulerFlag(s.Scheduler, name)
		if !ok {
			t.report(fmt.Sprintf("flags.%d", i), fmt.Errorf("flag %q: %w: %s", name, ErrUnknownName, flagsAllowed(s.Scheduler)))
		}
		s.Flags |= flag
	}
}

// decodePersistence reads for how long clients are remembered, and what makes a
// client.
func (s *Service) decodePersistence(t *table) {
	if t.has("persistence") {
		s.Persistence = MinTimeout // if it cannot be read, nothing is to complain that there is none
		t.timeout("persistence", &s.Persistence)
		t.check("persistence", checkPersistence(s.Persistence))
		s.MaskBits = s.VIP.BitLen()
	}
	t.mask("netmask", s.VIP.BitLen(), &s.MaskBits)
}

// decode sets what one [[service.real]] mentions; the rest it inherits.
func (r *Real) decode(t *table) {
	t.address("address", &r.Addr)
	t.require("address")
	number(t, "port", 0, &r.Port)
	t.integer("weight", &r.Weight)
	settle(t, "forward", methodWords[:], &r.Method)
	settle(t, "tun_type", tunnelWords[:], &r.Tunnel)
	number(t, "tun_port", 1, &r.TunnelPort)
	spelled(t, "tun_csum", csumWords[:], &r.TunnelFlags)
	if t.has("u_threshold") {
		r.Upper = MaxThreshold // if it cannot be read, the lower one is not too high
		t.integer("u_threshold", &r.Upper)
	}
	t.integer("l_threshold", &r.Lower)
	t.done()
}
