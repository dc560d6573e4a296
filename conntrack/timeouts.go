package conntrack

import (
	"sync/atomic"
	"time"

	"xlvs/lvs"
)

// newTimeout is what a connection gets before its first Step: 3 seconds.
const newTimeout = 3 * perSecond

// states is the size of a table by state: more than any protocol has, and a
// power of two, so that masking a state is enough to stay inside.
const states = 16

// timeouts are the per-state timeouts in ticks. Workers read them, Table's
// SetTimeouts writes them.
type timeouts struct {
	tcp, sctp [states]atomic.Uint32
	udp       atomic.Uint32
}

func (t *timeouts) init() {
	for s, d := range tcpTimeouts {
		t.tcp[s].Store(ticks(d))
	}
	for s, d := range sctpTimeouts {
		t.sctp[s].Store(ticks(d))
	}
	t.udp.Store(ticks(300 * time.Second))
}

// of returns the timeout of a state. Protocols without a state table keep the
// timeout of a new connection, as in the kernel.
func (t *timeouts) of(p lvs.Protocol, s lvs.State) Time {
	switch p {
	case lvs.TCP:
		return Time(t.tcp[s%states].Load())
	case lvs.SCTP:
		return Time(t.sctp[s%states].Load())
	case lvs.UDP:
		return Time(t.udp.Load())
	}
	return newTimeout
}

// SetTimeouts changes what `ipvsadm --set` changes: the timeouts of
// ESTABLISHED and FIN_WAIT and of UDP. Existing connections follow at their
// next packet.
func (t *Table) SetTimeouts(tcp, tcpFin, udp time.Duration) {
	t.timeouts.tcp[lvs.TCPEstablished].Store(ticks(tcp))
	t.timeouts.tcp[lvs.TCPFinWait].Store(ticks(tcpFin))
	t.timeouts.udp.Store(ticks(udp))
}
