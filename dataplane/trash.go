package dataplane

import (
	"slices"
	"time"
)

// trashTime is how long a removed destination without connections is
// remembered (IP_VS_DEST_TRASH_PERIOD).
const trashTime = 120 * time.Second

// emptyTrash forgets destinations that were removed and have had no connection
// for trashTime. The caller holds mu.
func (d *Director) emptyTrash(now time.Duration) {
	n := len(d.trash)
	d.trash = slices.DeleteFunc(d.trash, func(dest *destination) bool {
		switch {
		case d.inUse(dest):
			dest.idleSince = 0
		case dest.idleSince == 0:
			dest.idleSince = now
		case now-dest.idleSince >= trashTime:
			d.forget(dest)
			return true
		}
		return false
	})
	if len(d.trash) == n {
		return
	}
	d.refresh()
}

// refresh publishes what is left after something was forgotten. The caller holds
// mu.
func (d *Director) refresh() {
	d.publish()
	if err := d.updateFilter(d.current().makeRules(d.router.Locals())); err != nil {
		d.warn(err) // the next change tries again
	}
	d.followHost()
}

// forget frees the number of dest and moves what it counted to its service.
func (d *Director) forget(dest *destination) {
	count := d.collect(dest.id)
	d.byID[dest.id] = nil
	for _, s := range d.services {
		if s.key == dest.service {
			s.gone.Add(count)
			return
		}
	}
	d.dropped.Add(count)
}

// inUse reports whether connections or templates still refer to dest.
func (d *Director) inUse(dest *destination) bool {
	l := d.loads.At(dest.id)
	return l.Total.Load() != 0 || l.Persistent.Load() != 0
}
