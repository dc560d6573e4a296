package announce

import (
	"time"

	"xlvs/lvs"
)

// An announcement is made twice, two seconds apart (ANNOUNCE_NUM and
// ANNOUNCE_INTERVAL of RFC 5227). The second is for frames that got lost, and for
// neighbours that stand by an entry of less than a second ago (Linux' locktime).
const (
	rounds        = 2
	roundInterval = 2 * time.Second
)

// A schedule is which VIPs are to be announced, and when. It holds a VIP once,
// however often it is added.
type schedule map[lvs.Addr]round

type round struct {
	at   time.Time
	left int // this one and those after it
}

// add schedules all rounds of vips, the first for now.
func (s schedule) add(vips []lvs.Addr, now time.Time) {
	for _, vip := range vips {
		s[vip] = round{now, rounds}
	}
}

// take returns the VIPs to be announced now, and when to ask again: the zero
// time if no round is left.
func (s schedule) take(now time.Time) (due []lvs.Addr, next time.Time) {
	for vip, r := range s {
		if !r.at.After(now) {
			due = append(due, vip)
			r = round{now.Add(roundInterval), r.left - 1}
			s[vip] = r
		}
		switch {
		case r.left == 0:
			delete(s, vip)
		case next.IsZero() || r.at.Before(next):
			next = r.at
		}
	}
	return due, next
}
