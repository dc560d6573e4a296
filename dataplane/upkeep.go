package dataplane

import (
	"context"
	"math/rand/v2"
	"time"

	"xlvs/conntrack"
	"xlvs/dataplane/defence"
	"xlvs/dataplane/rate"
	"xlvs/lvs"
	"xlvs/sched"
)

// upkeep does what is done by the clock, as long as ctx lasts: connections
// expire, the trash is emptied, the defence looks at the memory, rates are
// estimated.
func (d *Director) upkeep(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for seconds := 1; ; seconds++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			d.everySecond(seconds)
		}
	}
}

// The periods of upkeep in seconds.
const (
	estimateEvery = int(rate.Period / time.Second)
	portsEvery    = 5
	owedEvery     = 5
	formerEvery   = 60
	cachesEvery   = int(sched.ExpireInterval / time.Second)
)

func (d *Director) everySecond(seconds int) {
	now := d.clock()
	moment := conntrack.Time(now / conntrack.Tick)
	d.table.Sweep(moment)
	d.fragments.Sweep(now)
	if d.defence.DropEntries() {
		d.table.DropEntries(moment, rand.Uint32())
	}
	d.mu.Lock()
	d.expireUnavailable()
	d.emptyTrash(now)
	d.defend()
	if seconds%estimateEvery == 0 && d.config.Sysctl.RunEstimation != 0 {
		d.estimate()
	}
	if seconds%portsEvery == 0 {
		d.watchLocals()
	}
	if seconds%cachesEvery == 0 {
		d.expireCaches(now)
	}
	d.mu.Unlock()
	if seconds%formerEvery == 0 {
		d.forgetFormer()
	}
	if seconds%owedEvery == 0 {
		d.note(d.overrule(nil))
	}
	d.forgetClients()
	d.announced.forget(d.gone)
}

// expireUnavailable forgets the connections of removed destinations, if
// expire_nodest_conn says so. The caller holds mu, as for all that follows.
func (d *Director) expireUnavailable() {
	if d.config.Sysctl.ExpireNodestConn == 0 {
		return
	}
	gone := map[lvs.DestID]bool{}
	for dest := range d.trash.all() {
		if d.inUse(dest) {
			gone[dest.id] = true
		}
	}
	if len(gone) > 0 {
		d.table.KillUnavailable(func(id lvs.DestID) bool { return gone[id] })
	}
}

// The defence measures memory in pages, as amemthresh is: those that the
// connections which still fit into the table would take.
const (
	pageSize        = 4096
	connectionBytes = 64

	// thresholdShare bounds amemthresh to this part of the table, so that a
	// small one is not always short of memory.
	thresholdShare = 8
)

// defend has the defence look at how full the table is.
func (d *Director) defend() {
	s := &d.config.Sysctl
	n, limit := d.table.Len(), d.table.Limit()
	d.defence.Evaluate(defence.Settings{
		DropEntry: defence.Mode(s.DropEntry), DropPacket: defence.Mode(s.DropPacket), SecureTCP: defence.Mode(s.SecureTCP),
		Threshold: min(s.Amemthresh, max(limit*connectionBytes/pageSize/thresholdShare, 1)),
		DropRate:  s.AmDroprate,
	}, max(limit-n, 0)*connectionBytes/pageSize)
	d.table.SetSecureTCP(d.defence.SecureTCP())
}

// estimate feeds the estimators of every destination and service, and the total.
func (d *Director) estimate() {
	counts := d.collectAll()
	for _, s := range d.services {
		sum := s.gone
		for dest := range d.ofService(s) {
			dest.estimator.Update(rate.Counts(counts[dest.id]))
			sum.Add(counts[dest.id])
		}
		s.estimator.Update(rate.Counts(sum))
	}
	d.total.Update(rate.Counts(d.sum(counts)))
}

// expireCaches has schedulers that remember destinations of clients forget some.
func (d *Director) expireCaches(now time.Duration) {
	for _, s := range d.services {
		unused := d.config.Sysctl.LBLCExpiration
		if s.service.name == "lblcr" {
			unused = d.config.Sysctl.LBLCRExpiration
		}
		if e, ok := s.service.scheduler.(sched.Expirer); ok {
			e.Expire(now, time.Duration(unused)*time.Second)
		}
	}
}
