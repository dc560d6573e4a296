package desired

import (
	"fmt"
	"slices"
	"time"

	"xlvs/config"
	"xlvs/lvs"
)

// Reload says how a file that was read again is taken.
type Reload struct {
	Prune  bool // what was done at run time goes, too: the file is all
	DryRun bool // nothing changes; the Report says what would

	// Saved says that the file was made of the running state. Nothing changes then,
	// whatever was done since; but what the file names is its own from now on.
	Saved bool
}

// A Report is what a Reload does.
type Report struct {
	Changes []config.Change // those that need a restart are not made
	Kept    []string        // what was done at run time and stays, each for a log line
}

// Reload makes file, nil for none, what is desired, or changes nothing. It is
// merged with what was done at run time:
//   - a service that the file has becomes as the file has it;
//   - one that only the former file has goes, and one made at run time stays;
//   - a timeout or a sysctl that the file says anew is the file's; one that it
//     says as before stays as it is;
//   - mark rules, local addresses and FTP ports are the file's.
//
// Nobody may change file afterwards.
func (s *State) Reload(file *config.Config, opts Reload) (Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if file == nil {
		file = config.Default()
	}
	if opts.Saved && !opts.DryRun {
		s.saved(file)
		return Report{}, nil
	}
	m := s.merge(file, opts.Prune)
	if err := m.config.Validate(); err != nil {
		return Report{}, fmt.Errorf("reload: %w: %w", ErrInvalid, err)
	}
	report := Report{Changes: config.Diff(s.config(), m.withRestart(file)), Kept: m.kept}
	if opts.DryRun {
		return report, nil
	}
	if slices.ContainsFunc(report.Changes, func(c config.Change) bool { return !c.Restart }) {
		if err := s.director.Apply(m.config); err != nil {
			return Report{}, fmt.Errorf("reload: change the director: %w", err)
		}
		s.revision++
	}
	s.file = file
	s.reset(m.config, m.runtime)
	return report, nil
}

// saved notes that the file says so now. What it has and no longer runs, the next
// Reload will bring back.
func (s *State) saved(file *config.Config) {
	s.file = file
	for i := range file.Services {
		if e := s.services.byKey[file.Services[i].ServiceKey]; e != nil {
			e.origin = FromFile
		}
	}
}

// A merger is a file and what was done at run time, becoming one.
type merger struct {
	config  *config.Config
	runtime map[config.ServiceKey]bool // the services that were made at run time
	kept    []string
}

// merge returns what is to be in force once file is read.
func (s *State) merge(file *config.Config, prune bool) *merger {
	c := *file
	c.Dataplane, c.Control, c.Watch = s.settings.Dataplane, s.settings.Control, s.settings.Watch
	m := &merger{config: &c, runtime: make(map[config.ServiceKey]bool)}
	if prune {
		return m
	}
	m.timeouts(&s.file.Timeouts, &s.settings.Timeouts)
	m.sysctls(&s.file.Sysctl, &s.settings.Sysctl)
	m.services(&s.services)
	return m
}

// withRestart returns the merged configuration as it would be after a restart.
func (m *merger) withRestart(file *config.Config) *config.Config {
	c := *m.config
	c.Dataplane, c.Control, c.Watch = file.Dataplane, file.Control, file.Watch
	return &c
}

// keep notes that a setting stays as it was made at run time.
func (m *merger) keep(name string, running, file any) {
	m.kept = append(m.kept, fmt.Sprintf("%s %v, set at run time, stays; the file has %v", name, running, file))
}

// timeouts keeps those that the file says as it did before.
func (m *merger) timeouts(former, running *config.Timeouts) {
	t := &m.config.Timeouts
	for _, f := range []struct {
		name                  string
		former, running, file *time.Duration
	}{
		{"tcp", &former.TCP, &running.TCP, &t.TCP},
		{"tcpfin", &former.TCPFin, &running.TCPFin, &t.TCPFin},
		{"udp", &former.UDP, &running.UDP, &t.UDP},
	} {
		if *f.file == *f.former && *f.file != *f.running {
			m.keep("timeouts: "+f.name, *f.running, *f.file)
			*f.file = *f.running
		}
	}
}

// sysctls keeps those that the file says as it did before. Only numbers are set
// at run time.
func (m *merger) sysctls(former, running *lvs.Sysctls) {
	for i := range lvs.SysctlTable {
		k := &lvs.SysctlTable[i]
		file, isInt := k.Field(&m.config.Sysctl).(*int)
		if !isInt {
			continue
		}
		is, was := *k.Field(running).(*int), *k.Field(former).(*int)
		if *file == was && *file != is {
			m.keep("sysctl: "+k.Name, is, *file)
			*file = is
		}
	}
}

// services keeps those that were made at run time, behind the file's.
func (m *merger) services(running *services) {
	inFile := make(map[config.ServiceKey]bool, len(m.config.Services))
	for i := range m.config.Services {
		inFile[m.config.Services[i].ServiceKey] = true
	}
	all := slices.Clip(m.config.Services) // to append is to copy
	for _, e := range running.order {
		if e == nil || e.origin != FromRuntime || inFile[e.service.ServiceKey] {
			continue
		}
		all = append(all, e.service)
		m.runtime[e.service.ServiceKey] = true
		m.kept = append(m.kept, fmt.Sprintf("service %v, made at run time, stays", e.service.ServiceKey))
	}
	m.config.Services = all
}
