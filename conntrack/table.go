// Package conntrack remembers which destination a flow belongs to.
//
// One Table serves all workers. A hit takes no lock: it reads an index line and
// an entry with atomic loads and checks the entry's generation afterwards, so
// that an entry freed meanwhile is a miss and never a mixture. Insert, remove
// and state changes take the mutex of one shard. The shard and the index line
// are chosen by the client's endpoint, which both directions of a connection
// carry, so one probe finds either. Entries are plain words in one mapping that
// the garbage collector never looks at; README.md shows the layout.
package conntrack

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"xlvs/lvs"
)

// A Time is a coarse moment: tenths of a second since an origin that the caller
// chooses. The caller passes it in, so that tests step a clock.
type Time uint32

// Tick is the unit of Time.
const Tick = 100 * time.Millisecond

// ticks returns d in ticks, rounded up so that no timeout becomes zero.
func ticks(d time.Duration) uint32 { return uint32((d + Tick - 1) / Tick) }

// Options tune a Table. The zero value is ready to use.
type Options struct {
	MaxConnections int // at this many, new ones are refused; 0 means 1,000,000
}

// A Table holds the connections of a director.
type Table struct {
	v4, v6   family
	count    atomic.Int64
	limit    int64
	loads    *lvs.Loads
	timeouts timeouts
	seed     [4]uint64
	memory   []byte
}

// New returns an empty table that counts its connections in loads. It maps, but
// does not touch, the memory that MaxConnections of either family need.
func New(loads *lvs.Loads, opts Options) (*Table, error) {
	n := opts.MaxConnections
	if n == 0 {
		n = 1_000_000
	}
	if n < 1 || n > maxConnections {
		return nil, fmt.Errorf("connection table: %d connections: want 1 to %d", n, maxConnections)
	}
	t := &Table{limit: int64(n), loads: loads}
	t.timeouts.init()
	if err := t.seedHash(); err != nil {
		return nil, err
	}
	if err := t.mapMemory(n); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Table) seedHash() error {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return fmt.Errorf("connection table: seed: %w", err)
	}
	for i := range t.seed {
		t.seed[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return nil
}

// Len returns how many connections there are.
func (t *Table) Len() int { return int(t.count.Load()) }

// Limit returns MaxConnections.
func (t *Table) Limit() int { return int(t.limit) }

// SetTimeouts changes what `ipvsadm --set` changes: the timeouts of
// ESTABLISHED and FIN_WAIT and of UDP. Existing connections follow at their
// next packet.
func (t *Table) SetTimeouts(tcp, tcpFin, udp time.Duration) {
	t.timeouts.tcp[lvs.TCPEstablished].Store(ticks(tcp))
	t.timeouts.tcp[lvs.TCPFinWait].Store(ticks(tcpFin))
	t.timeouts.udp.Store(ticks(udp))
}

func (t *Table) family(v6 bool) *family {
	if v6 {
		return &t.v6
	}
	return &t.v4
}
