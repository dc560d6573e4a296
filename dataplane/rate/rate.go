// Package rate estimates how fast counters grow.
//
// An Estimator is fed counters every two seconds and keeps a moving average of
// their growth, in the kernel's own integer arithmetic (ip_vs_est.c), so that
// `ipvsadm -L --rate` shows the same figures. It has no clock and no goroutine:
// who counts, calls.
package rate

import "time"

// Period is the time between two calls of Update.
const Period = 2 * time.Second

// Counts are what rates are estimated of. They only grow.
type Counts struct {
	Conns             uint64
	InPkts, OutPkts   uint64
	InBytes, OutBytes uint64
}

// Rates are per second; bytes are bytes, whatever the kernel's "bps" suggests.
type Rates struct {
	Conns             uint64
	InPkts, OutPkts   uint64
	InBytes, OutBytes uint64
}

// An Estimator averages the growth of one object's Counts. The zero value has
// seen nothing and estimates 0.
type Estimator struct {
	last              Counts
	conns             average
	inPkts, outPkts   average
	inBytes, outBytes average
}

// Update tells the estimator what the counts are, one Period after the last call.
func (e *Estimator) Update(now Counts) {
	e.conns.add(now.Conns-e.last.Conns, countScale)
	e.inPkts.add(now.InPkts-e.last.InPkts, countScale)
	e.outPkts.add(now.OutPkts-e.last.OutPkts, countScale)
	e.inBytes.add(now.InBytes-e.last.InBytes, byteScale)
	e.outBytes.add(now.OutBytes-e.last.OutBytes, byteScale)
	e.last = now
}

// Rates returns the estimates.
func (e *Estimator) Rates() Rates {
	return Rates{
		Conns:  e.conns.rounded(countScale),
		InPkts: e.inPkts.rounded(countScale), OutPkts: e.outPkts.rounded(countScale),
		InBytes: e.inBytes.rounded(byteScale), OutBytes: e.outBytes.rounded(byteScale),
	}
}

// Reset begins again from now, at rates of 0 (`ipvsadm -Z`).
func (e *Estimator) Reset(now Counts) { *e = Estimator{last: now} }

// The scales of averages, in bits: bytes have fewer, as they grow faster.
const (
	countScale = 10
	byteScale  = 5
)

// An average is an exponentially weighted moving average of a rate per second,
// scaled; the newest period weighs a quarter.
type average int64

// add takes growth over one period in. Halving it for the two seconds and
// scaling it is one shift.
func (a *average) add(growth uint64, scale uint) {
	rate := average(growth << (scale - 1))
	*a += (rate - *a) >> 2
}

// rounded takes the scale off. The kernel adds one less than a half.
func (a average) rounded(scale uint) uint64 {
	return uint64(a+1<<(scale-1)-1) >> scale
}
