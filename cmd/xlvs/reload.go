package main

import "xlvs/config"

// reload makes the file the desired state, as far as that is possible without a
// restart, and logs every change. If anything is wrong, everything stays as it
// was.
func (p *program) reload() {
	if p.file == "" {
		p.log.Warn("no configuration to reload: the director was started without -c")
		return
	}
	next, err := config.Load(p.file)
	if err != nil {
		p.logReloadError(err)
		return
	}
	changes := config.Diff(p.config, next)
	next.Dataplane = p.config.Dataplane // what runs; the next reload warns again
	if err := p.director.Apply(next); err != nil {
		p.logReloadError(err)
		return
	}
	p.config = next
	p.logWarnings()
	for _, c := range changes {
		if c.Restart {
			p.log.Warn(c.String())
		} else {
			p.log.Info(c.String())
		}
	}
	p.log.Info("configuration reloaded", "file", p.file, "changes", len(changes))
}

func (p *program) logReloadError(err error) {
	for _, line := range errorLines(err) {
		p.log.Error(line)
	}
	p.log.Error("configuration not reloaded, the former one stays in force", "file", p.file)
}
