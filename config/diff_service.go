package config

import (
	"cmp"
	"strconv"
	"strings"

	"xlvs/lvs"
)

// services compares the services by their keys.
func (d *differ) services(old, new []Service) {
	was, gone := match(old, new, func(s *Service) ServiceKey { return s.ServiceKey })
	for _, key := range gone {
		d.about = Change{Service: key}
		d.add("removed")
	}
	for i := range new {
		d.service(was[new[i].ServiceKey], &new[i])
	}
}

// service compares one service; old is nil if new is added.
func (d *differ) service(old, new *Service) {
	d.about = Change{Service: new.ServiceKey}
	if old == nil {
		d.add("added%s", addedText(new.settings()))
		d.reals(nil, new.Reals)
		return
	}
	d.settings(old.settings(), new.settings())
	d.reals(old.Reals, new.Reals)
}

// reals compares the real servers of the service that d is about.
func (d *differ) reals(old, new []Real) {
	was, gone := match(old, new, func(r *Real) RealKey { return r.RealKey })
	for _, key := range gone {
		d.about.Real = key
		d.add("removed")
	}
	for i := range new {
		d.real(was[new[i].RealKey], &new[i])
	}
}

// real compares one real server; old is nil if new is added.
func (d *differ) real(old, new *Real) {
	d.about.Real = new.RealKey
	if old == nil {
		d.add("added%s", addedText(new.settings()))
		return
	}
	if *old != *new { // mostly it is, and settings are texts
		d.settings(old.settings(), new.settings())
	}
}

// A setting is one setting of a service or a real server as a log line has it,
// the text empty for what is not used.
type setting struct{ name, text string }

// settings returns what can change of s without making it another service.
func (s *Service) settings() []setting {
	return []setting{
		{"scheduler", s.Scheduler},
		{"flags", strings.Join(s.Flags.Names(s.Scheduler), ",")},
		{"persistence", used(s.Persistence, durationText)},
		{"netmask", s.maskText()},
		{"engine", s.Engine},
		{"one_packet", used(s.OnePacket, strconv.FormatBool)},
		{"local_addresses", localText(s.LocalAddresses)},
		{"client_address", used(s.ClientAddress, ClientAddress.String)},
		{"mss_clamp", used(s.MSSClamp, strconv.FormatBool)},
	}
}

// maskText returns the bits that make a client, none if all do.
func (s *Service) maskText() string {
	if s.MaskBits == s.VIP.BitLen() || s.MaskBits == 0 && s.Persistence == 0 {
		return ""
	}
	return strconv.Itoa(s.MaskBits)
}

// settings returns what can change of r without making it another real server.
func (r *Real) settings() []setting {
	return []setting{
		{"forward", methodText(r.Method)},
		{"tun_type", r.tunnelText()},
		{"tun_port", used(int(r.TunnelPort), strconv.Itoa)},
		{"tun_csum", used(r.TunnelFlags, csumText)},
		{"weight", strconv.Itoa(r.Weight)},
		{"u_threshold", used(r.Upper, strconv.Itoa)},
		{"l_threshold", used(r.Lower, strconv.Itoa)},
	}
}

// tunnelText returns what is around packets to r, nothing if r is not behind a
// tunnel.
func (r *Real) tunnelText() string {
	if r.Method != lvs.Tunnel {
		return ""
	}
	return r.Tunnel.String()
}

// csumText returns how the file spells f, which it can.
func csumText(f lvs.TunnelFlags) string {
	name, _ := nameOf(csumWords[:], f)
	return name
}

// used returns the text of v, or none if v is zero.
func used[T comparable](v T, text func(T) string) string {
	if v == *new(T) {
		return ""
	}
	return text(v)
}

// settings compares the settings of what d is about.
func (d *differ) settings(old, new []setting) {
	for i, s := range new {
		compare(d, s.name, noneOr(old[i].text), noneOr(s.text))
	}
}

// noneOr returns text, or that there is none.
func noneOr(text string) string { return cmp.Or(text, "none") }

// addedText returns the settings that are used, each behind a comma.
func addedText(settings []setting) string {
	var b strings.Builder
	for _, s := range settings {
		if s.text != "" {
			b.WriteString(", " + s.name + " " + s.text)
		}
	}
	return b.String()
}
