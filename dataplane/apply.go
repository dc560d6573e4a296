package dataplane

import (
	"fmt"

	"xlvs/config"
)

// Apply makes c the desired state. Each worker follows at its next batch;
// connections, destination numbers and counters of what stays are kept. If
// Apply fails, nothing has changed. Settings that a director is started with
// (interfaces, mode, workers, table size) are not looked at. c stays the caller's.
func (d *Director) Apply(c *config.Config) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("apply config: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.newPlan()
	if err := p.setAll(c); err != nil {
		return fmt.Errorf("apply config: %w", err)
	}
	if err := d.enact(p); err != nil {
		return fmt.Errorf("apply config: %w", err)
	}
	d.tune()
	return nil
}

// setAll plans the settings of c, and what makes the present services those of c.
func (p *plan) setAll(c *config.Config) error {
	p.hold()
	if err := p.setMarks(c.Marks); err != nil {
		return err
	}
	p.config = settingsOf(c)
	p.setFTP(p.config.FTPPorts)
	if err := p.patch(p.difference(c)); err != nil {
		return err
	}
	p.inOrderOf(c.Services)
	return nil
}

// Patch makes a change, as Apply does, and leaves everything else alone. It
// costs about what it changes, however many services there are. If it fails,
// nothing has changed. What c has in common with services that it does not name,
// nobody checks: that is for config.CheckPatch.
func (d *Director) Patch(c config.Patch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.newPlan()
	p.config = c.Settings(d.config)
	alone := *p.config
	alone.Services = c.Set
	if err := alone.Validate(); err != nil {
		return fmt.Errorf("patch config: %w", err)
	}
	if err := p.patch(c); err != nil {
		return fmt.Errorf("patch config: %w", err)
	}
	p.inOrder()
	if err := d.enact(p); err != nil {
		return fmt.Errorf("patch config: %w", err)
	}
	if c.Timeouts != nil || c.Sysctl != nil {
		d.tune()
	}
	return nil
}

// tune has the connection table follow the settings in force.
func (d *Director) tune() {
	t := d.config.Timeouts
	d.table.SetTimeouts(t.TCP, t.TCPFin, t.UDP)
	d.table.SetLimit(d.config.Sysctl.ConnMax)
	d.defend()
}

// enact puts p in force, or nothing of it if the filter refuses.
func (d *Director) enact(p *plan) error {
	p.settle()
	if err := d.updateFilter(p.claims); err != nil {
		return err
	}
	d.commit(p)
	return nil
}

// insist puts p in force whatever the filter says, for what happens without being
// asked for. What the filter has not taken it is told again.
func (d *Director) insist(p *plan) {
	p.settle()
	d.note(d.overrule(p.claims))
	d.commit(p)
}
