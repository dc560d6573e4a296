// Package announce speaks ARP and neighbour discovery for virtual addresses that
// no interface of the host holds.
//
// The classifier leaves both protocols to the kernel, which knows nothing of
// such a VIP; a packet socket on each port sees a copy of what the kernel sees,
// and answers. To its neighbours a VIP so behaves like an address of the port:
// it is announced when it comes, answered for whoever asks and on any port (as
// with arp_ignore=0), in the VLAN of the question, and defended against others
// who claim it, which is also reported: never more than announced again, since
// two stations that both insist take each other's traffic in turns. All that a
// port sends is sent by its one goroutine, which Close waits for. Which VIPs, and
// whether this director is the one to speak for them, is the caller's to decide.
package announce

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// ErrClosed is returned for a port that is set after Close.
var ErrClosed = errors.New("announcer is closed")

// A Port is an Ethernet interface on which VIPs are spoken for.
type Port struct {
	Number uint16     // the director's number for it
	Index  int        // the kernel's
	MAC    header.MAC // the answer to every question
}

// Options tune an Announcer. The zero value is ready to use.
type Options struct {
	// Conflict, if set, is told that a station other than this director claims
	// vip, or probes whether it may, at most once a minute for each VIP. It is
	// called by the port's goroutine: it must not block or call the Announcer.
	Conflict func(vip lvs.Addr, port uint16, mac header.MAC)
	// Warn, if set, is told of multicast groups that could not be joined or
	// left. Until the next SetPort, questions about their VIPs may not arrive.
	Warn func(err error)
}

// reportInterval is how long a VIP's conflicts are not reported again.
const reportInterval = time.Minute

// An Announcer answers for a set of VIPs on a set of ports. Any goroutine may
// call its methods.
type Announcer struct {
	opts    Options
	view    atomic.Pointer[view]
	reports *limiter

	mu     sync.Mutex // guards the rest; the ports' goroutines never take it
	ports  map[uint16]*port
	vips   map[lvs.Addr]bool
	closed bool
}

// Open returns an Announcer for ports that has no VIPs yet. Like SetPort it must
// be called in the network namespace of the ports, and takes CAP_NET_RAW.
func Open(ports []Port, opts Options) (*Announcer, error) {
	a := &Announcer{
		opts:    opts,
		reports: newLimiter(reportInterval),
		ports:   make(map[uint16]*port),
	}
	a.publish()
	for _, p := range ports {
		if err := a.SetPort(p); err != nil {
			a.Close()
			return nil, err
		}
	}
	return a, nil
}

// Set makes vips the addresses to answer for, and announces those that are new
// on every port. Addresses that cannot be one station's are left out.
func (a *Announcer) Set(vips []lvs.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.vips
	a.vips = make(map[lvs.Addr]bool, len(vips))
	var added []lvs.Addr
	for _, vip := range vips {
		if !ownable(vip) || a.vips[vip] {
			continue
		}
		a.vips[vip] = true
		if !before[vip] {
			added = append(added, vip)
		}
	}
	a.publish()
	for _, p := range a.ports {
		a.join(p)
		p.announce(added)
	}
}

// ownable reports whether vip can be the address of one station.
func ownable(vip lvs.Addr) bool {
	ip := vip.Netip()
	return !ip.IsUnspecified() && !ip.IsMulticast() && !ip.IsLoopback() && vip != lvs.Addr4(0xffffffff)
}

// Announce announces every VIP on the port of that number, if there is one: for
// links that came up, behind which nobody may have heard the last time.
func (a *Announcer) Announce(number uint16) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.ports[number]; p != nil {
		p.announce(a.all())
	}
}

// SetPort adds the port of that number or replaces it, after a change of its MAC
// or because the interface went and came back, and announces every VIP on it. If
// it fails, the port is as it was.
func (a *Announcer) SetPort(with Port) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return fmt.Errorf("set port %d: %w", with.Number, ErrClosed)
	}
	p, err := openPort(with, &a.view, a.report)
	if err != nil {
		return fmt.Errorf("set port %d: %w", with.Number, err)
	}
	a.stop(with.Number)
	a.ports[with.Number] = p
	a.publish() // before it runs, so that it takes no port of ours for a stranger
	a.join(p)
	p.announce(a.all())
	go p.run()
	return nil
}

// RemovePort is silent on the port of that number from now on.
func (a *Announcer) RemovePort(number uint16) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stop(number)
	a.publish()
}

// Close is silent on every port from now on, and waits for their goroutines.
// The VIPs are not taken back: that is for their next owner, who announces them.
func (a *Announcer) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for number := range a.ports {
		a.stop(number)
	}
}

// all returns every VIP.
func (a *Announcer) all() []lvs.Addr { return slices.Collect(maps.Keys(a.vips)) }

// publish shows the ports' goroutines the VIPs and who we are.
func (a *Announcer) publish() {
	v := &view{vips: a.vips, macs: make(map[header.MAC]bool, len(a.ports))}
	for _, p := range a.ports {
		v.macs[p.MAC] = true
	}
	a.view.Store(v)
}

// join has p hear the groups that solicitations for the VIPs go to.
func (a *Announcer) join(p *port) {
	if err := p.groups.set(solicited(a.vips)); err != nil && a.opts.Warn != nil {
		a.opts.Warn(fmt.Errorf("set groups of port %d: %w", p.Number, err))
	}
}

// stop ends the port of that number, if there is one.
func (a *Announcer) stop(number uint16) {
	if p := a.ports[number]; p != nil {
		p.stop()
		delete(a.ports, number)
	}
}

// report tells the caller of a conflict, unless it was told of the VIP's last.
func (a *Announcer) report(vip lvs.Addr, port uint16, mac header.MAC, now time.Time) {
	if a.opts.Conflict != nil && a.reports.allow(vip, now) {
		a.opts.Conflict(vip, port, mac)
	}
}
