package dataplane

import (
	"context"
	"io"
	"slices"

	"xlvs/config"
	"xlvs/dataplane/capture"
	"xlvs/dataplane/packet"
)

// A Capture says which frames to show, and how many.
type Capture struct {
	capture.Options
	capture.Limit
	Service *config.ServiceKey // only what is for it, or of its connections; nil: everything that the director sees
}

// A tap is a capture that goes on.
type tap struct {
	*capture.Tap
	service *config.ServiceKey
}

// Capture writes the frames that c asks for to w as pcapng, each with its verdict
// as a comment, until ctx ends or c's limit is reached. What w is too slow for is
// left out and counted at the end of the file; workers never wait.
func (d *Director) Capture(ctx context.Context, w io.Writer, c Capture) error {
	t := &tap{capture.New(c.Options), c.Service}
	d.changeTaps(func(taps []*tap) []*tap { return append(taps, t) })
	defer d.changeTaps(func(taps []*tap) []*tap {
		return slices.DeleteFunc(taps, func(other *tap) bool { return other == t })
	})
	return t.Write(ctx, w, d.describePort, c.Limit)
}

// changeTaps has workers show frames to other taps from their next batch.
func (d *Director) changeTaps(change func([]*tap) []*tap) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var taps []*tap
	if old := d.taps.Load(); old != nil {
		taps = slices.Clone(*old)
	}
	if taps = change(taps); len(taps) == 0 {
		d.taps.Store(nil)
		return
	}
	d.taps.Store(&taps)
}

// describePort names a port in a capture.
func (d *Director) describePort(number uint16) capture.Interface {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case int(number) < len(d.ports):
		p := d.ports[number]
		return capture.Interface{Name: p.Name, Raw: p.NoEthernet}
	case number == d.doorPort():
		return capture.Interface{Name: "host"}
	}
	return capture.Interface{}
}

// A display is a worker's part in the captures that go on.
type display struct {
	taps    []*tap
	arrived map[*packet.Packet][]byte // the batch as it came
	sent    int                       // packets of worker.out that have been shown
}

// begin loads the captures that go on, and remembers for them what has arrived,
// since it is going to be changed.
func (s *display) begin(taps *[]*tap, ps []packet.Packet) {
	s.taps, s.sent = nil, 0
	if taps == nil {
		s.arrived = nil
		return
	}
	s.taps, s.arrived = *taps, make(map[*packet.Packet][]byte, len(ps))
	for i := range ps {
		s.arrived[&ps[i]] = slices.Clone(ps[i].Bytes())
	}
}

// show shows p, which has ended in v, and what was sent on its account.
func (w *worker) show(p *packet.Packet, f *flow, v Verdict) {
	point := capture.Ingress
	if v.drops() {
		point |= capture.Dropped
	}
	came, first := w.display.arrived[p]
	for _, t := range w.display.taps {
		if t.service != nil && !w.concerns(f, p.In, t.service) {
			continue
		}
		switch {
		case first:
			t.See(point, p.In, came, v.String())
		case v.drops() && p.Out == packet.NoPort: // after a wait, as it came
			t.See(capture.Dropped, p.In, p.Bytes(), v.String())
		}
		for _, out := range w.out[w.display.sent:] {
			t.See(capture.Egress, out.Out, out.Bytes(), v.String())
		}
	}
	w.display.sent = len(w.out)
}

// concerns reports whether a packet that came in by port in is of a connection to
// the service of key, or addressed to it.
func (w *worker) concerns(f *flow, in uint16, key *config.ServiceKey) bool {
	if f.dest != 0 {
		return w.destination(f.dest).service == *key
	}
	s := w.snap.services.find(&f.tuple, w.snap.marks.Mark(&f.tuple, in))
	return s != nil && s.key == *key
}
