package config

import "xlvs/lvs"

// decode reads the whole document from its root table.
func decode(t *table) *Config {
	c := Default()
	c.Dataplane.decode(t.table("dataplane"))
	c.Timeouts.decode(t.table("timeouts"))
	for _, st := range t.tables("service", "[[service]]") {
		c.Services = append(c.Services, decodeService(st))
	}
	t.done()
	return c
}

// decode sets what [dataplane] mentions.
func (d *Dataplane) decode(t *table) {
	t.list("interfaces", &d.Interfaces)
	spelled(t, "mode", modeWords[:], &d.Mode)
	spelled(t, "prefer", preferWords[:], &d.Prefer)
	t.integer("workers", &d.Workers)
	t.integer("max_connections", &d.MaxConnections)
	t.duration("busy_poll", `a duration, as in "20us"`, &d.BusyPoll)
	read(t, "answer_arp", "a boolean", &d.AnswerARP)
	for name, it := range t.named("interface") {
		var s InterfaceSettings
		s.decode(it)
		if d.Interface == nil {
			d.Interface = make(map[string]InterfaceSettings)
		}
		d.Interface[name] = s
	}
	t.done()
}

// decode sets what one [dataplane.interface.NAME] mentions.
func (s *InterfaceSettings) decode(t *table) {
	spelled(t, "mode", modeWords[:], &s.Mode)
	spelled(t, "prefer", preferWords[:], &s.Prefer)
	t.done()
}

// decode sets what [timeouts] mentions.
func (d *Timeouts) decode(t *table) {
	t.timeout("tcp", &d.TCP)
	t.timeout("tcpfin", &d.TCPFin)
	t.timeout("udp", &d.UDP)
	t.done()
}

// decodeService reads one [[service]] and its real servers.
func decodeService(t *table) Service {
	s := Service{Scheduler: lvs.DefaultScheduler}
	spelled(t, "protocol", protocolWords[:], &s.Protocol)
	t.address("vip", &s.VIP)
	t.port("port", &s.Port)
	t.require("protocol", "vip", "port")
	read(t, "scheduler", "a string", &s.Scheduler)
	method := defaultMethod
	spelled(t, "forward", methodWords[:], &method)
	for _, rt := range t.tables("real", "[[service.real]]") {
		r := Real{RealKey: RealKey{Port: s.Port}, Method: method, Weight: defaultWeight}
		r.decode(rt)
		s.Reals = append(s.Reals, r)
	}
	t.done()
	return s
}

// decode sets what one [[service.real]] mentions; the rest it inherits.
func (r *Real) decode(t *table) {
	t.address("address", &r.Addr)
	t.require("address")
	t.port("port", &r.Port)
	t.integer("weight", &r.Weight)
	spelled(t, "forward", methodWords[:], &r.Method)
	t.done()
}
