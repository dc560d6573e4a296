// Package neigh mirrors the kernel's routes, links, addresses and neighbours:
// for an address it tells the port, the MAC addresses and the MTU to use.
//
// Two things are published for the packet path: one frozen view of routes,
// links and addresses, replaced as a whole, and one numbered record per next
// hop, replaced in place when its neighbour changes. Notifications of routes,
// links and addresses only ring a bell, and the dump that follows is believed:
// the kernel does not announce every change (it drops IPv4 routes silently when
// an interface goes down). Neighbours follow their notifications.
//
// Route, Hop and IsLocal make no system call and take no lock, except Route for
// a hop it meets for the first time. ARP and ND stay the kernel's business: the
// mirror asks it to resolve, and never sends a packet itself.
package neigh

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Options tune a Mirror. The zero value is ready to use. The functions are
// called from the mirror's goroutines, two of which may call at once; they must
// return quickly and must not call Close.
type Options struct {
	Notify        func()      // a hop became Reachable, Failed, or lost its interface
	LocalsChanged func()      // the host's own addresses changed
	Warn          func(error) // a reading or a request failed, and will be repeated
	Hops          int         // room for next hops, at most 65535, which 0 means
	// LinkChanged tells that a port went up or down, came or vanished, or has
	// another MAC or MTU. Link says what is the case now.
	LinkChanged func(port uint16)
	// LinkAppeared tells that there is an interface of that name which was not
	// there, or was another: one that was made, made again, or got the name.
	LinkAppeared func(name string, index int)
}

// A Mirror follows one network namespace. All methods but Close are safe for
// concurrent use.
type Mirror struct {
	opts Options
	ask  *netlink.Handle   // dumps and requests
	news *nl.NetlinkSocket // notifications, read by listen

	view atomic.Pointer[view]
	hops *table

	reading sync.Mutex // held while the kernel's tables are read; taken before mu
	ports   []Port
	names   map[string]int // all interfaces when they were last read

	mu      sync.Mutex // guards what follows, and every change of view and hops
	cache   map[neighbour]cached
	entries map[neighbour][]*entry
	waiting map[*entry]struct{} // hops asked about, until their deadline
	managed map[neighbour]bool  // neighbours the kernel keeps alive because we asked

	bell  chan struct{} // the kernel's tables may have changed
	asks  chan *entry   // hops to resolve or to keep
	full  chan struct{} // the table of hops has no room
	done  chan struct{}
	tasks sync.WaitGroup
	once  sync.Once // closes
}

// asksWaiting is how many hops may wait to be asked about; a hop that finds no
// room is asked about at a later packet.
const asksWaiting = 1024

// Open mirrors the calling thread's network namespace: it reads everything once
// and then follows the changes until Close. The caller keeps the thread in its
// namespace (runtime.LockOSThread) only until Open returns.
func Open(ports []Port, opts Options) (*Mirror, error) {
	if err := checkPorts(ports); err != nil {
		return nil, fmt.Errorf("open neighbour mirror: %w", err)
	}
	m := newMirror(ports, opts)
	if err := m.connect(); err != nil {
		return nil, fmt.Errorf("open neighbour mirror: %w", err)
	}
	if err := m.load(); err != nil {
		m.disconnect()
		return nil, fmt.Errorf("open neighbour mirror: %w", err)
	}
	m.tasks.Add(2)
	go m.listen()
	go m.follow()
	return m, nil
}

// newMirror returns a Mirror of nothing, without sockets or goroutines.
func newMirror(ports []Port, opts Options) *Mirror {
	room := opts.Hops
	if room <= 0 || room > maxHops {
		room = maxHops
	}
	m := &Mirror{
		opts:    opts,
		ports:   slices.Clone(ports),
		hops:    newTable(room),
		cache:   make(map[neighbour]cached),
		entries: make(map[neighbour][]*entry),
		waiting: make(map[*entry]struct{}),
		managed: make(map[neighbour]bool),
		bell:    make(chan struct{}, 1),
		asks:    make(chan *entry, asksWaiting),
		full:    make(chan struct{}, 1),
		done:    make(chan struct{}),
	}
	m.view.Store(freeze(facts{}, 1))
	return m
}

// newsBytes is room for the notifications of some thousands of changed routes.
// When it does not do, everything is read again.
const newsBytes = 1 << 20

// connect opens both sockets, the notifications' first, so that no change falls
// between the first dump and the first notification.
func (m *Mirror) connect() (err error) {
	m.news, err = nl.Subscribe(unix.NETLINK_ROUTE,
		unix.RTNLGRP_LINK, unix.RTNLGRP_NEIGH,
		unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV4_ROUTE,
		unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV6_ROUTE)
	if err != nil {
		return fmt.Errorf("subscribe to rtnetlink: %w", err)
	}
	// Without CAP_NET_ADMIN the size stays as it is: smaller, never wrong.
	_ = m.news.SetReceiveBufferSize(newsBytes, true)
	m.ask, err = netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		m.news.Close()
		return fmt.Errorf("open rtnetlink socket: %w", err)
	}
	return nil
}

func (m *Mirror) disconnect() {
	m.news.Close()
	m.ask.Close()
}

// load fills an unpublished mirror.
func (m *Mirror) load() error {
	f, err := m.read()
	if errors.Is(err, netlink.ErrDumpInterrupted) {
		m.ring() // what was read serves until the next reading
	} else if err != nil {
		return err
	}
	for _, p := range m.ports {
		if p.Index != 0 && f.links[p.Number].Name == "" {
			return fmt.Errorf("port %d: no interface %d (%s)", p.Number, p.Index, p.Name)
		}
	}
	m.names = f.names
	m.view.Store(freeze(f, 1))
	return m.readNeighbours()
}

// Close stops following the kernel, takes back what the mirror asked it to keep
// alive, and waits for the goroutines. Views and hops stay readable, as they
// were. Later calls do nothing.
func (m *Mirror) Close() (err error) {
	m.once.Do(func() {
		close(m.done)
		m.news.Close()
		m.tasks.Wait()
		m.mu.Lock()
		err = m.release(func(neighbour) bool { return true })
		m.mu.Unlock()
		if err != nil {
			err = fmt.Errorf("close neighbour mirror: %w", err)
		}
		m.ask.Close()
	})
	return err
}
