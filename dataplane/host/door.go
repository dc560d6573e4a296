package host

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// A way is how frames get to the ports. A place is a port's, in the order in
// which they were opened.
type way interface {
	give(place int, p *packet.Packet) Outcome
	setPort(place, ifindex int) error
	close() error
}

// A Door gives frames back to the host. Any goroutine may call its methods, but
// Recv and Release belong to one; Close needs everybody out.
type Door struct {
	way    way
	tap    *tap           // the way, or nil if that is another
	places map[uint16]int // by port number
	routes *netlink.Handle
	limit  limiter
	n      counters

	local pool // the packets of Recv
	close func() error
}

// Open returns a Door to ports, which are interfaces in the network namespace
// of the calling thread. If there is no TUN/TAP driver the error is ErrNoTUN,
// and OpenLive may do.
func Open(ports []Port, opts Options) (*Door, error) {
	opts, err := opts.withDefaults(ports)
	if err != nil {
		return nil, fmt.Errorf("open door to the host: %w", err)
	}
	t, err := openTAP(ports, opts)
	if err != nil {
		return nil, fmt.Errorf("open door to the host: %w", err)
	}
	routes, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open door to the host: netlink: %w", err), t.close())
	}
	d := newDoor(t, ports, opts)
	d.tap, d.routes, d.local = t, routes, newPool(opts.Frames, opts.Number)
	return d, nil
}

// OpenLive returns a Door that does without TUN/TAP and without local clients:
// its frames are injected by BPF_PROG_RUN, which takes ten times as long, and
// only frames that fit into a page: about 3.3 kB. It needs Linux 6.6 (tcx). Give
// must be called by threads in the network namespace of the ports; those of
// another would inject the frame there.
func OpenLive(ports []Port, opts Options) (*Door, error) {
	opts, err := opts.withDefaults(ports)
	if err != nil {
		return nil, fmt.Errorf("open live door to the host: %w", err)
	}
	l, err := openLive(ports, opts.Stamp)
	if err != nil {
		return nil, fmt.Errorf("open live door to the host: %w", err)
	}
	return newDoor(l, ports, opts), nil
}

func newDoor(w way, ports []Port, opts Options) *Door {
	d := &Door{way: w, places: make(map[uint16]int, len(ports)), limit: newLimiter(opts.Rate, opts.Burst)}
	for place, p := range ports {
		d.places[p.Number] = place
	}
	d.close = sync.OnceValue(d.shut)
	return d
}

// Name returns the name of the TAP, "" if there is none.
func (d *Door) Name() string {
	if d.tap == nil {
		return ""
	}
	return d.tap.name
}

// Index returns the index of the TAP, 0 if there is none.
func (d *Door) Index() int {
	if d.tap == nil {
		return 0
	}
	return d.tap.index
}

// MAC returns the address of the TAP: where frames for Send must go to, and
// where those from Recv both come from and go to, as nobody is asked.
func (d *Door) MAC() header.MAC {
	if d.tap == nil {
		return header.MAC{}
	}
	return d.tap.mac
}

// SetPort says under which index a port has come back.
func (d *Door) SetPort(number uint16, ifindex int) error {
	place, ok := d.places[number]
	if !ok {
		return fmt.Errorf("set port %d: %w", number, ErrNoPort)
	}
	if ifindex <= 0 {
		return fmt.Errorf("set port %d: %d is not the index of an interface", number, ifindex)
	}
	if err := d.way.setPort(place, ifindex); err != nil {
		return fmt.Errorf("set port %d to interface %d: %w", number, ifindex, err)
	}
	return nil
}

// Allow reports whether the rate limit has room for one more frame, and counts
// it if so. now is any clock that does not go backwards.
func (d *Door) Allow(now time.Duration) bool { return d.limit.allow(now) }

// Close removes the door, and the TAP with its routes. The caller must be out
// of every other method and must not look at packets that it still holds.
func (d *Door) Close() error { return d.close() }

func (d *Door) shut() error {
	if d.routes != nil {
		d.routes.Close()
	}
	if err := d.way.close(); err != nil {
		return fmt.Errorf("close door to the host: %w", err)
	}
	return nil
}
