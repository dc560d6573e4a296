package main

import (
	"log/slog"

	"xlvs/dataplane"
	"xlvs/lvs"
)

// counts is what a dropLog reads. A Director has it.
type counts interface {
	Verdicts() [dataplane.Verdicts]uint64
	TakeSamples() map[dataplane.Verdict]lvs.Tuple
	Ports() ([]dataplane.PortStatus, error)
	ConnectionCount() (n, limit int)
}

// A dropLog logs how many packets were lost since it looked last, and why.
type dropLog struct {
	log      *slog.Logger
	counts   counts
	verdicts [dataplane.Verdicts]uint64 // as of the last report
	ports    map[portDrop]uint64        // likewise
	nearFull bool                       // the connection table, and it was said
}

// A portDrop is a reason to lose frames at an interface.
type portDrop struct{ port, reason string }

// report logs a line for each kind of drop that there was since the last report.
func (l *dropLog) report() {
	l.reportVerdicts()
	l.reportPorts()
	l.reportRoom()
}

func (l *dropLog) reportVerdicts() {
	samples := l.counts.TakeSamples() // first, so that what is an example is counted
	now := l.counts.Verdicts()
	for v := dataplane.Forward + 1; v < dataplane.Verdicts; v++ {
		n := now[v] - l.verdicts[v]
		if n == 0 || v == dataplane.ToHost || v == dataplane.Local || v == dataplane.StoodIn {
			continue // nothing, or nothing lost
		}
		attrs := []any{"verdict", v.String(), "count", n}
		if t, ok := samples[v]; ok {
			attrs = append(attrs, "example", t.String())
		}
		l.log.Warn("dropped packets", attrs...)
	}
	l.verdicts = now
}

// reportPorts is about frames that were lost without a verdict: on their way to
// a worker, or on their way out.
func (l *dropLog) reportPorts() {
	ports, err := l.counts.Ports()
	if err != nil {
		l.log.Error(err.Error())
		return
	}
	if l.ports == nil {
		l.ports = map[portDrop]uint64{}
	}
	for _, p := range ports {
		for _, d := range portDrops(&p) {
			key := portDrop{p.Name, d.reason}
			if d.count < l.ports[key] {
				l.ports[key] = 0 // the interface was opened anew
			}
			if n := d.count - l.ports[key]; n > 0 {
				l.log.Warn("dropped frames", "interface", p.Name, "reason", d.reason, "count", n)
			}
			l.ports[key] = d.count
		}
	}
}

type reasonCount struct {
	reason string
	count  uint64
}

// portDrops picks from a port's counters those that count lost frames. An empty
// fill ring is not among them: in copy mode the kernel counts the frame as
// dropped too, and in zero-copy mode the driver may still have one.
func portDrops(p *dataplane.PortStatus) []reasonCount {
	s, r := &p.Rings, &p.Raw
	return []reasonCount{
		{"receive ring full", s.Kernel.Rx_ring_full},
		{"not received: no free frame, or longer than one", s.Kernel.Rx_dropped},
		{"bad descriptor in the fill ring", s.Kernel.Rx_invalid_descs},
		{"transmit ring full", s.RingFull},
		{"cannot be sent", s.Invalid},
		{"bad descriptor in the transmit ring", s.Kernel.Tx_invalid_descs},
		{"no buffer for a frame of several", s.NoBuffer},
		{"no free frame to send from", s.NoFrame},
		{"refused by the device", s.Survived.Busy},
		{"packet socket's queue full", r.Overflow},
		{"cannot be received whole", r.Unreadable},
		{"cannot be sent by a packet socket", r.Invalid + r.Dropped.Invalid + r.Dropped.Other},
		{"longer than the MTU", r.Dropped.TooLong},
		{"no room to send", r.Dropped.NoBuffers + r.Dropped.Again},
		{"link down or interface gone", r.Dropped.NetDown + r.Dropped.NoDevice},
	}
}

// Percentages of the connection table's limit. The second is lower, so that a
// table that hovers about the first is reported once.
const (
	nearFullPercent  = 90
	notNearFullAgain = 80
)

func (l *dropLog) reportRoom() {
	n, limit := l.counts.ConnectionCount()
	percent := n * 100 / limit
	switch {
	case !l.nearFull && percent >= nearFullPercent:
		l.nearFull = true
		l.log.Warn("connection table nearly full", "connections", n, "limit", limit)
	case l.nearFull && percent < notNearFullAgain:
		l.nearFull = false
	}
}
