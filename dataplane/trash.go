package dataplane

import "time"

// trashTime is how long a removed destination without connections is
// remembered (IP_VS_DEST_TRASH_PERIOD).
const trashTime = 120 * time.Second

// forgetMost bounds how many destinations are forgotten in a second, so that changes
// which are asked for need not wait for long.
const forgetMost = 1 << 10

// emptyTrash forgets destinations that were removed and have had no connection
// for trashTime. The caller holds mu.
func (d *Director) emptyTrash(now time.Duration) {
	var idle []*destination
	for dest := range d.trash.all() {
		switch {
		case d.inUse(dest):
			dest.idleSince = 0
		case dest.idleSince == 0:
			dest.idleSince = now
		case now-dest.idleSince >= trashTime && len(idle) < forgetMost:
			idle = append(idle, dest)
		}
	}
	if len(idle) == 0 {
		return
	}
	p := d.newPlan()
	for _, dest := range idle {
		p.forget(dest)
	}
	d.insist(p)
}

// inherit moves what dest, which is no more, has counted to its service.
func (d *Director) inherit(dest *destination) {
	count := d.collect(dest.id)
	if s := d.byKey[dest.service]; s != nil {
		s.gone.Add(count)
	} else {
		d.dropped.Add(count)
	}
}

// inUse reports whether connections or templates still refer to dest.
func (d *Director) inUse(dest *destination) bool {
	l := d.loads.At(dest.id)
	return l.Total.Load() != 0 || l.Persistent.Load() != 0
}
