package config

import "strconv"

// tables returns the mark rules and services of c, which is valid, as the TOML library
// would write them. Of these there can be very many, and the library looks for the
// fields of each anew: it takes ten times as long.
func (c *Config) tables() []byte {
	w := new(tableWriter)
	for i := range c.Marks {
		c.Marks[i].write(w)
	}
	for i := range c.Services {
		c.Services[i].write(w)
	}
	return w.text
}

func (m *Mark) write(w *tableWriter) {
	protocol, _ := nameOf(protocolWords[:], m.Protocol)
	w.open("", "mark")
	w.number("mark", int64(m.Mark))
	w.word("source", prefixText(m.Source))
	w.word("destination", prefixText(m.Destination))
	w.word("protocol", protocol)
	w.word("ports", portsText(m.Ports))
	w.word("source_ports", portsText(m.SourcePorts))
	w.word("interface", m.Interface)
}

func (s *Service) write(w *tableWriter) {
	w.open("", "service")
	if s.byMark() {
		family, _ := nameOf(familyWords[:], s.VIP)
		w.number("mark", int64(s.Mark))
		w.word("family", family)
	} else {
		protocol, _ := nameOf(protocolWords[:], s.Protocol)
		w.word("protocol", protocol)
		w.word("vip", s.VIP.String())
		w.number("port", int64(s.Port))
	}
	w.word("scheduler", s.Scheduler)
	w.words("flags", s.Flags.Names(s.Scheduler))
	if s.Persistence != 0 {
		w.word("persistence", durationText(s.Persistence))
	}
	if s.Persistence != 0 || s.MaskBits != 0 {
		w.number("netmask", int64(s.MaskBits))
	}
	w.word("engine", s.Engine)
	w.yes("one_packet", s.OnePacket)
	w.words("local_addresses", localTexts(s.LocalAddresses))
	w.word("client_address", used(s.ClientAddress, ClientAddress.String))
	w.yes("mss_clamp", s.MSSClamp)
	for i := range s.Reals {
		s.Reals[i].write(w)
	}
}

func (r *Real) write(w *tableWriter) {
	w.open("  ", "service.real")
	w.word("address", r.Addr.String())
	w.number("port", int64(r.Port))
	w.word("forward", methodText(r.Method))
	w.word("tun_type", r.tunnelText())
	w.unlessZero("tun_port", int64(r.TunnelPort))
	w.word("tun_csum", used(r.TunnelFlags, csumText))
	w.number("weight", int64(r.Weight))
	w.unlessZero("u_threshold", int64(r.Upper))
	w.unlessZero("l_threshold", int64(r.Lower))
}

// A tableWriter writes tables of arrays. What is empty or false it leaves out.
type tableWriter struct {
	text   []byte
	indent string
}

// open begins a table.
func (w *tableWriter) open(indent, name string) {
	w.text = append(w.text, "\n"+indent+"[["+name+"]]\n"...)
	w.indent = indent + "  "
}

// key begins a line, which its caller ends.
func (w *tableWriter) key(key string) {
	w.text = append(w.text, w.indent...)
	w.text = append(w.text, key...)
	w.text = append(w.text, " = "...)
}

func (w *tableWriter) number(key string, n int64) {
	w.key(key)
	w.text = append(strconv.AppendInt(w.text, n, 10), '\n')
}

func (w *tableWriter) unlessZero(key string, n int64) {
	if n != 0 {
		w.number(key, n)
	}
}

func (w *tableWriter) yes(key string, is bool) {
	if is {
		w.key(key)
		w.text = append(w.text, "true\n"...)
	}
}

// word writes a string. All that can be valid is printable, for which Go's quotes are
// TOML's.
func (w *tableWriter) word(key, text string) {
	if text != "" {
		w.key(key)
		w.text = append(strconv.AppendQuote(w.text, text), '\n')
	}
}

func (w *tableWriter) words(key string, texts []string) {
	if len(texts) == 0 {
		return
	}
	w.key(key)
	between := "["
	for _, text := range texts {
		w.text = append(w.text, between...)
		w.text = strconv.AppendQuote(w.text, text)
		between = ", "
	}
	w.text = append(w.text, "]\n"...)
}
