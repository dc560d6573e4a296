package dataplane

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/config"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/xsk"
)

// Errors that Open wraps.
var (
	ErrNoInterface = errors.New("no such interface")
	ErrNotEthernet = errors.New("not an Ethernet interface")
)

// A port is an interface that the director drives. Its Index is 0 while there
// is no such interface.
type port struct {
	neigh.Port
	kind   string // as the kernel calls it: "device" for hardware, "veth", "bridge", …
	mtu    int
	queues int // receive queues in use
	mode   config.Mode
	frags  bool   // packets may arrive in several AF_XDP frames
	named  bool   // the configuration names the mode
	why    string // why the mode is no better one; empty if it is what was asked for
}

// findPorts returns the interfaces that c names, all that are up and speak
// Ethernet if it names none, numbered from 0.
func findPorts(c config.Dataplane) ([]port, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	byName := map[string]netlink.Link{}
	for _, l := range links {
		byName[l.Attrs().Name] = l
	}
	names := c.Interfaces
	if len(names) == 0 {
		names = usable(links)
	}
	if len(names) == 0 {
		return nil, errors.New("no interface is Ethernet and up: name some in [dataplane] interfaces")
	}
	ports := make([]port, len(names))
	var errs []error
	for i, name := range names {
		ports[i].Number, ports[i].Name = uint16(i), name
		if err := ports[i].find(byName[name], c); err != nil {
			errs = append(errs, fmt.Errorf("interface %s: %w", name, err))
		}
	}
	return ports, errors.Join(errs...)
}

// usable returns the names of the interfaces that are up and speak Ethernet.
// Members of a bridge or bond belong to that.
func usable(links []netlink.Link) []string {
	var names []string
	for _, l := range links {
		a := l.Attrs()
		if a.Flags&unix.IFF_UP != 0 && isEthernet(a) && a.MasterIndex == 0 {
			names = append(names, a.Name)
		}
	}
	return names
}

// bare are the types of links whose packets have no frame around them, as the
// kernel calls their ARPHRD numbers: tun and WireGuard, IPIP, SIT, GRE.
var bare = map[string]bool{"none": true, "ipip": true, "sit": true, "gre": true, "tunnel6": true, "ip6gre": true, "gre6": true}

func isEthernet(a *netlink.LinkAttrs) bool {
	return a.EncapType == "ether" && a.Flags&unix.IFF_LOOPBACK == 0
}

// find makes p the port of l, which may be nil: no such interface. Number and
// Name stay.
func (p *port) find(l netlink.Link, c config.Dataplane) error {
	p.Index = 0
	if l == nil {
		return ErrNoInterface
	}
	a := l.Attrs()
	p.NoEthernet = bare[a.EncapType]
	if !isEthernet(a) && !p.NoEthernet {
		return fmt.Errorf("%w: it is of type %s", ErrNotEthernet, a.EncapType)
	}
	if a.MasterIndex != 0 {
		return fmt.Errorf("it belongs to another interface, a bridge or bond: name that one instead")
	}
	queues, err := receiveQueues(p.Name)
	if err != nil {
		return err
	}
	p.Index, p.kind, p.mtu, p.queues = a.Index, l.Type(), a.MTU, queues
	mode, prefer := c.ModeOf(p.Name)
	p.choose(mode, prefer, p.mtu > xdpMTU && xsk.HasFrags())
	if p.NoEthernet {
		p.mode, p.why = config.Packet, "it has no Ethernet: packets leave by it, and none is received"
	}
	return nil
}

func neighPorts(ports []port) []neigh.Port {
	list := make([]neigh.Port, len(ports))
	for i, p := range ports {
		list[i] = p.Port
	}
	return list
}
