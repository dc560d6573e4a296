// Package conntrack remembers which destination a flow belongs to.
//
// One Table serves all workers. A hit takes no lock: it reads an index line and
// an entry with atomic loads and checks the entry's generation afterwards, so
// that an entry freed meanwhile is a miss and never a mixture. Insert, remove
// and state changes take the mutex of one shard. The shard and the index line
// are chosen by the client's endpoint, which both directions of a connection
// carry, so one probe finds either; the replies of FULLNAT, which do not, carry a
// local endpoint that was chosen to lead to the same shard. Templates, which keep the clients of
// persistent services where they are, live in the same kind of table. Entries are
// plain words in one mapping that the garbage collector never looks at; README.md
// shows the layout.
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

// A Table holds the connections of a director and the templates by which
// persistent services remember their clients.
type Table struct {
	// What every packet reads and few write.
	seed     [4]uint64
	timeouts timeouts
	secure   atomic.Bool
	portless atomic.Int64 // connections whose client's port is not known
	mixed    atomic.Int64 // connections with addresses of both families

	conns, templates families
	loads            *lvs.Loads
	memory           []byte
	capacity         int // what limit may be at most
	limit            atomic.Int64
	defence          defence

	// What every new connection writes, on a cache line of its own.
	_             [64]byte
	count         atomic.Int64 // connections and templates
	templateCount atomic.Int64

	// What new connections of FULLNAT come from.
	locals localRanges
	ports  [shards]ports
}

// New returns an empty table that counts its connections in loads. It maps, but
// does not touch, the memory that MaxConnections of either family need, and as
// many templates.
func New(loads *lvs.Loads, opts Options) (*Table, error) {
	n := opts.MaxConnections
	if n == 0 {
		n = 1_000_000
	}
	if n < 1 || n > maxConnections {
		return nil, fmt.Errorf("connection table: %d connections: want 1 to %d", n, maxConnections)
	}
	t := &Table{capacity: n, loads: loads}
	t.SetLimit(n)
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

// Len returns how many connections and templates there are.
func (t *Table) Len() int { return int(t.count.Load()) }

// Templates returns how many templates there are among them.
func (t *Table) Templates() int { return int(t.templateCount.Load()) }

// Limit returns how many connections and templates there may be.
func (t *Table) Limit() int { return int(t.limit.Load()) }

// SetLimit changes the limit, as the sysctl conn_max does: to n, or to
// MaxConnections if that is less. What is in the table stays, however much.
func (t *Table) SetLimit(n int) { t.limit.Store(int64(max(0, min(n, t.capacity)))) }

// families returns connections and templates, IPv4 and IPv6 of each.
func (t *Table) families() [4]*family {
	return [...]*family{&t.conns.v4, &t.conns.v6, &t.templates.v4, &t.templates.v6}
}
