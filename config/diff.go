package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"xlvs/lvs"
)

// A Change is one difference between two configurations.
type Change struct {
	Service ServiceKey // zero if the change is about no service
	Real    RealKey    // zero if it is about no single real server
	What    string     // "added", "removed", "weight 1 -> 3"
	Restart bool       // the director must be started anew for it
}

// String returns the change for a log line:
// "service TCP 192.0.2.1:80: real 192.0.2.11:8080: weight 1 -> 3".
func (c Change) String() string {
	var b strings.Builder
	if c.Service != (ServiceKey{}) {
		fmt.Fprintf(&b, "service %v: ", c.Service)
	}
	if c.Real != (RealKey{}) {
		fmt.Fprintf(&b, "real %v: ", c.Real)
	}
	b.WriteString(c.What)
	if c.Restart {
		b.WriteString(" (needs a restart)")
	}
	return b.String()
}

// Diff returns what turns old into new, both valid: settings, then mark rules, then
// services that are gone, then the others in the order of new. A service that is gone
// takes its real servers with it in one change. The order in which a file lists
// services and real servers is no difference. None means nothing to do.
func Diff(old, new *Config) []Change {
	var d differ
	d.dataplane(&old.Dataplane, &new.Dataplane)
	d.control(old, new)
	d.timeouts(&old.Timeouts, &new.Timeouts)
	compare(&d, "ftp: ports", portNumbersText(old.FTPPorts), portNumbersText(new.FTPPorts))
	d.locals(old.LocalAddresses, new.LocalAddresses)
	d.sysctls(&old.Sysctl, &new.Sysctl)
	d.marks(old.Marks, new.Marks)
	d.services(old.Services, new.Services)
	return d.changes
}

// A differ collects changes; about holds what the next ones have in common.
type differ struct {
	about   Change
	changes []Change
}

// add notes a change.
func (d *differ) add(format string, args ...any) {
	c := d.about
	c.What = fmt.Sprintf(format, args...)
	d.changes = append(d.changes, c)
}

// compare notes a change of what if old and new differ.
func compare[T comparable](d *differ, what string, old, new T) {
	if old != new {
		d.add("%s %v -> %v", what, old, new)
	}
}

// dataplane compares what a director is started with.
func (d *differ) dataplane(old, new *Dataplane) {
	d.about = Change{Restart: true}
	if !slices.Equal(old.Interfaces, new.Interfaces) {
		d.add("dataplane: interfaces %q -> %q", old.Interfaces, new.Interfaces)
	}
	compare(d, "dataplane: mode", old.Mode, new.Mode)
	compare(d, "dataplane: prefer", old.Prefer, new.Prefer)
	compare(d, "dataplane: workers", old.Workers, new.Workers)
	compare(d, "dataplane: max_connections", old.MaxConnections, new.MaxConnections)
	compare(d, "dataplane: busy_poll", durationText(old.BusyPoll), durationText(new.BusyPoll))
	compare(d, "dataplane: answer_arp", old.AnswerARP, new.AnswerARP)
	d.interfaces(old, new)
}

// interfaces compares what the interfaces with settings of their own come to. To
// say in two places what one says is no difference.
func (d *differ) interfaces(old, new *Dataplane) {
	names := make(map[string]InterfaceSettings)
	maps.Copy(names, old.Interface)
	maps.Copy(names, new.Interface)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		oldMode, oldPrefer := old.ModeOf(name)
		newMode, newPrefer := new.ModeOf(name)
		compare(d, fmt.Sprintf("dataplane: interface %q: mode", name), oldMode, newMode)
		compare(d, fmt.Sprintf("dataplane: interface %q: prefer", name), oldPrefer, newPrefer)
	}
}

// control compares how a director is asked and told, and when it looks at its
// file.
func (d *differ) control(old, new *Config) {
	d.about = Change{Restart: true}
	compare(d, "watch", old.Watch, new.Watch)
	compare(d, "control: socket", noneOr(old.Control.Socket), noneOr(new.Control.Socket))
	compare(d, "control: group", noneOr(old.Control.Group), noneOr(new.Control.Group))
}

// timeouts compares the three timeouts.
func (d *differ) timeouts(old, new *Timeouts) {
	d.about = Change{}
	compare(d, "timeouts: tcp", durationText(old.TCP), durationText(new.TCP))
	compare(d, "timeouts: tcpfin", durationText(old.TCPFin), durationText(new.TCPFin))
	compare(d, "timeouts: udp", durationText(old.UDP), durationText(new.UDP))
}

// locals compares the local addresses of all services.
func (d *differ) locals(old, new []LocalRange) {
	d.about = Change{}
	compare(d, "fullnat: local_addresses", noneOr(localText(old)), noneOr(localText(new)))
}

// sysctls compares the sysctls, those without effect too.
func (d *differ) sysctls(old, new *lvs.Sysctls) {
	for i := range lvs.SysctlTable {
		k := &lvs.SysctlTable[i]
		compare(d, "sysctl: "+k.Name, sysctlValue(old, k), sysctlValue(new, k))
	}
}

// marks compares the rules that give marks. They have no name but what they say,
// so one that is edited is removed and added.
func (d *differ) marks(old, new []Mark) {
	text := func(m *Mark) string { return m.String() }
	was, gone := match(old, new, text)
	for _, rule := range gone {
		d.add("%s: removed", rule)
	}
	is, added := match(new, old, text)
	for _, rule := range added {
		d.add("%s: added", rule)
	}
	stays := func(rules []Mark, in map[string]*Mark) (texts []string) {
		for i := range rules {
			if rule := rules[i].String(); in[rule] != nil {
				texts = append(texts, rule)
			}
		}
		return texts
	}
	if !slices.Equal(stays(old, is), stays(new, was)) {
		d.add("mark rules: in another order")
	}
}

// match returns the elements of old by their keys, and the keys that new lacks,
// in the order of old.
func match[K comparable, E any](old, new []E, key func(*E) K) (was map[K]*E, gone []K) {
	is := make(map[K]bool, len(new))
	for i := range new {
		is[key(&new[i])] = true
	}
	was = make(map[K]*E, len(old))
	for i := range old {
		k := key(&old[i])
		if was[k] = &old[i]; !is[k] {
			gone = append(gone, k)
		}
	}
	return was, gone
}
