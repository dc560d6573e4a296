// Package capture shows people the frames that pass through a director.
//
// tcpdump sees none of what AF_XDP carries, and nothing shows what a director
// thought of a packet. A Tap takes copies of frames from workers, which never
// wait for it: what its reader is too slow for is lost and counted. Write turns
// what a Tap got into pcapng, with the verdict as each frame's comment. Which
// frame is shown at which point is for the data path to say.
package capture

import (
	"sync"
	"sync/atomic"
	"time"
)

// Points are where on its way a frame is shown.
type Points uint8

// The points. A frame that is dropped is shown once, though it came in, too.
const (
	Ingress    Points = 1 << iota // as it arrived
	Egress                        // as it leaves
	Dropped                       // as it arrived, if it goes nowhere
	Everywhere = Ingress | Egress | Dropped
)

// Options say what a Tap takes. The zero value is everything, whole.
type Options struct {
	Points Points // 0: Everywhere
	Filter Filter // what else a frame must match
	Snap   int    // bytes to keep of a frame; 0: all
}

// A Tap takes copies of frames from any number of workers. Make one with New.
type Tap struct {
	points Points
	filter Filter
	snap   int
	frames chan *frame
	lost   atomic.Uint64
	pool   sync.Pool
}

// A frame is what a Tap took.
type frame struct {
	point   Points
	port    uint16
	at      time.Time
	length  int // on the wire; data may be less
	data    []byte
	comment string
}

// backlog is how many frames wait for a slow reader.
const backlog = 1 << 13

// New returns a Tap that takes what o says.
func New(o Options) *Tap {
	t := &Tap{points: o.Points, filter: o.Filter, snap: o.Snap, frames: make(chan *frame, backlog)}
	if t.points == 0 {
		t.points = Everywhere
	}
	t.pool.New = func() any { return new(frame) }
	return t
}

// Wants reports whether frames are taken at any of points.
func (t *Tap) Wants(points Points) bool { return t.points&points != 0 }

// See takes a copy of a frame of port at point, if it is wanted there, which
// ended as comment says. It never waits.
func (t *Tap) See(point Points, port uint16, b []byte, comment string) {
	if t.points&point == 0 || !t.filter.Match(b) {
		return
	}
	f := t.pool.Get().(*frame)
	f.point, f.port, f.at, f.length, f.comment = point, port, time.Now(), len(b), comment
	if t.snap > 0 && len(b) > t.snap {
		b = b[:t.snap]
	}
	f.data = append(f.data[:0], b...)
	select {
	case t.frames <- f:
	default:
		t.lost.Add(1)
		t.pool.Put(f)
	}
}

// Lost returns how many frames the reader was too slow for.
func (t *Tap) Lost() uint64 { return t.lost.Load() }
