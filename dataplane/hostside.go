package dataplane

import (
	"maps"
	"slices"
	"time"

	"xlvs/config"
	"xlvs/dataplane/announce"
	"xlvs/dataplane/header"
	"xlvs/dataplane/host"
	"xlvs/dataplane/icmp"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/reset"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// A Host takes packets back that turned out not to be the director's; host.Door
// is the one that gives them to the kernel.
type Host interface {
	Allow(now time.Duration) bool
	Give(p *packet.Packet) host.Outcome
}

// hardware is what Open opens: all that New does without.
type hardware struct {
	warn       func(error)
	settings   config.Dataplane // that Open was given; others wait for a restart
	ports      []port
	rig        *rig
	mirror     *neigh.Mirror
	classifier *steer.Classifier
	door       *host.Door          // nil if the kernel has none
	announcer  *announce.Announcer // nil if answer_arp is off
	errors     *tunnelErrors       // nil without Open
	routed     map[lvs.Addr]bool   // VIPs that the host routes into the door
	unrouted   bool                // there are others that it was to
	changed    chan struct{}       // an interface has changed
	closers    []func() error      // to be closed last first
}

// doorPort is the number of the port that is the door, one above all others, or
// no port's.
func (h *hardware) doorPort() uint16 {
	if h.door == nil {
		return packet.NoPort
	}
	return uint16(len(h.ports))
}

// followLocals follows a change of the host's own addresses.
func (d *Director) followLocals() {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.newPlan()
	p.hold()
	d.insist(p)
}

// followHost speaks for the VIPs that no interface holds, and has the host's own
// clients find them. The caller holds mu.
func (d *Director) followHost() {
	if d.announcer != nil {
		d.announcer.Set(slices.Collect(maps.Keys(d.unheld)))
	}
	if d.door == nil || d.door.FD() < 0 {
		return
	}
	if d.routed == nil {
		d.routed = map[lvs.Addr]bool{}
	}
	for vip := range d.routed {
		if !d.unheld[vip] {
			d.note(d.door.RemoveRoute(vip))
			delete(d.routed, vip)
		}
	}
	d.unrouted = false
	for vip := range d.unheld {
		if d.routed[vip] {
			continue
		}
		if err := d.door.AddRoute(vip); err != nil {
			d.note(err)
			d.unrouted = true
			continue
		}
		d.routed[vip] = true
	}
}

func (d *Director) note(err error) {
	if err != nil {
		d.warn(err)
	}
}

// stray is the end of a packet that belongs to no connection and begins none. The
// host gets it back; for a VIP that the host does not know, the director does
// what the host would do.
func (w *worker) stray(p *packet.Packet, f *flow) Verdict {
	if w.snap.roles.of(f.tuple.Dst)&roleUnheld != 0 {
		return w.standIn(p, f)
	}
	switch {
	case w.d.host == nil || p.In == w.d.doorPort():
		return NotOurs
	case !w.d.host.Allow(w.clock):
		return HostLimit
	}
	return ToHost
}

// standIn answers as a host does that nobody listens on: a reset, port
// unreachable, an echo.
func (w *worker) standIn(p *packet.Packet, f *flow) Verdict {
	if p.L4 == 0 || f.related {
		return NotOurs
	}
	switch f.proto {
	case lvs.UDP:
		return w.answer(p, f, icmp.PortUnreachable, f.tuple.Dst, 0, StoodIn)
	case lvs.TCP:
		if !w.limit.Allow(w.clock) || !reset.Make(p) {
			return NotOurs
		}
	case lvs.ICMP, lvs.ICMPv6:
		if !icmp.ChecksumOK(p) || !icmp.Answerable(p, f.proto) || !w.limit.Allow(w.clock) || !icmp.Reply(p, f.proto) {
			return NotOurs
		}
	default:
		return NotOurs
	}
	reflect(p)
	return StoodIn
}

// reflect sends p, which is an answer by now, to the station it came from.
func reflect(p *packet.Packet) {
	e := header.Ethernet(p.Bytes())
	from, to := e.Dst(), e.Src()
	e.SetDst(to)
	e.SetSrc(from)
	p.Out = p.In
}

// giveBack gives the host what is its own.
func (w *worker) giveBack() {
	for _, s := range w.strays {
		if w.d.host.Give(s.Packet) != host.Given {
			w.revise(s.verdict, HostRefused)
		}
		w.drop = append(w.drop, s.Packet)
	}
	w.strays = w.strays[:0]
}

// A stray is a packet for the host, and the verdict that says so.
type stray struct {
	*packet.Packet
	verdict Verdict
}

// revise counts a packet that was counted as another.
func (w *worker) revise(counted, v Verdict) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.verdicts[counted]--
	w.verdicts[v]++
}
