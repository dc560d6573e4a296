package announce

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// defendInterval is how long after it defended a VIP a port does not do so again
// (DEFEND_INTERVAL). We keep our VIPs whatever happens, as RFC 5227, section 2.4
// (c), allows to those whose address others must know.
const defendInterval = 10 * time.Second

// A port is a Port that is listened on. Its goroutine is the only one to send.
type port struct {
	Port
	view     *atomic.Pointer[view]
	report   func(vip lvs.Addr, port uint16, mac header.MAC, now time.Time)
	sock     *socket
	groups   *groups  // the Announcer's
	defences *limiter // the goroutine's
	done     chan struct{}

	mu     sync.Mutex // guards rounds, and the socket's alarm, which follows it
	rounds schedule
}

// openPort opens the port's sockets. They collect messages until run reads them.
func openPort(with Port, v *atomic.Pointer[view], report func(lvs.Addr, uint16, header.MAC, time.Time)) (*port, error) {
	if with.MAC.IsZero() || with.MAC.IsMulticast() {
		return nil, fmt.Errorf("interface %d has MAC %s, which is no station's", with.Index, with.MAC)
	}
	sock, err := openSocket(with.Index)
	if err != nil {
		return nil, fmt.Errorf("listen on interface %d: %w", with.Index, err)
	}
	return &port{
		Port: with, view: v, report: report,
		sock: sock, groups: newGroups(sock, with.Index),
		defences: newLimiter(defendInterval),
		done:     make(chan struct{}),
		rounds:   make(schedule),
	}, nil
}

// run answers until stop.
func (p *port) run() {
	defer close(p.done)
	buf := make([]byte, maxFrame)
	for {
		frame, t, err := p.sock.receive(buf)
		switch {
		case err == nil:
			p.handle(frame, t, time.Now())
		case errors.Is(err, os.ErrDeadlineExceeded):
			p.announceDue(time.Now())
		case errors.Is(err, os.ErrClosed):
			return
		}
		// What remains is said once, then the socket goes on: ENETDOWN, when the
		// interface goes down.
	}
}

// handle does what frame calls for.
func (p *port) handle(frame []byte, t tag, now time.Time) {
	m, ok := readMessage(frame, p.MAC)
	if !ok {
		return
	}
	vip, v := p.view.Load().judge(m)
	if out := p.response(m, vip, v, t, now); out != nil {
		p.sock.send(out)
	}
	if v == probed || v == claimed {
		p.report(vip, p.Number, m.from, now)
	}
}

// response returns the frame to be sent because of m, nil for none.
func (p *port) response(m message, vip lvs.Addr, v verdict, t tag, now time.Time) []byte {
	switch {
	case v == asked, v == probed:
		return answer(m, vip, p.MAC, t)
	case v == claimed && p.defences.allow(vip, now):
		return announcement(vip, p.MAC, t)
	default:
		return nil
	}
}

// announce has the goroutine announce vips, at once and again.
func (p *port) announce(vips []lvs.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.rounds.add(vips, now)
	p.sock.alarm(now)
}

// announceDue announces what is due, untagged.
func (p *port) announceDue(now time.Time) {
	p.mu.Lock()
	due, next := p.rounds.take(now)
	p.sock.alarm(next)
	p.mu.Unlock()
	v := p.view.Load()
	for _, vip := range due {
		if v.vips[vip] { // it may be gone since
			p.sock.send(announcement(vip, p.MAC, tag{}))
		}
	}
}

// stop ends run, which must have been started, and waits for it.
func (p *port) stop() {
	p.sock.close()
	<-p.done
	p.groups.close()
}
