package config

// decode reads the whole document from its root table.
func decode(t *table) *Config {
	c := Default()
	read(t, "watch", "a boolean", &c.Watch)
	c.Dataplane.decode(t.table("dataplane"))
	c.Timeouts.decode(t.table("timeouts"))
	c.decodeFullNAT(t.table("fullnat"))
	c.decodeFTP(t.table("ftp"))
	c.Control.decode(t.table("control"))
	decodeSysctls(t.table("sysctl"), &c.Sysctl)
	for _, mt := range t.tables("mark", "[[mark]]") {
		var m Mark
		m.decode(mt)
		c.Marks = append(c.Marks, m)
	}
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

// decodeFullNAT sets what [fullnat] mentions.
func (c *Config) decodeFullNAT(t *table) {
	t.locals("local_addresses", &c.LocalAddresses)
	t.done()
}

// decode sets what one [[mark]] mentions.
func (m *Mark) decode(t *table) {
	number(t, "mark", 1, &m.Mark)
	t.prefix("source", &m.Source)
	t.prefix("destination", &m.Destination)
	t.require("mark", "destination")
	spelled(t, "protocol", protocolWords[:], &m.Protocol)
	t.ports("ports", &m.Ports)
	t.ports("source_ports", &m.SourcePorts)
	read(t, "interface", "a string", &m.Interface)
	t.done()
}
