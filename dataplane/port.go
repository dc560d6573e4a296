package dataplane

import (
	"errors"
	"fmt"
	"unsafe" // for the one ioctl that tells a device's queues

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
)

// Errors that Open wraps.
var (
	ErrNoInterface = errors.New("no such interface")
	ErrNotEthernet = errors.New("not an Ethernet interface")
	ErrMTU         = errors.New("MTU too large for AF_XDP frames")
)

// A port is an interface that the director drives.
type port struct {
	neigh.Port
	mtu    int
	queues int // receive queues in use
}

// findPorts returns the interfaces that names lists, all that are up and speak
// Ethernet if it lists none, numbered from 0.
func findPorts(names []string) ([]port, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	byName := map[string]netlink.Link{}
	for _, l := range links {
		byName[l.Attrs().Name] = l
	}
	if len(names) == 0 {
		names = usable(links)
	}
	if len(names) == 0 {
		return nil, errors.New("no interface is Ethernet and up: name some in [dataplane] interfaces")
	}
	var ports []port
	var errs []error
	for i, name := range names {
		p, err := newPort(uint16(i), name, byName[name])
		if err != nil {
			errs = append(errs, fmt.Errorf("interface %s: %w", name, err))
		}
		ports = append(ports, p)
	}
	return ports, errors.Join(errs...)
}

// usable returns the names of the interfaces that are up and speak Ethernet.
// Ports of a bridge or bond belong to that.
func usable(links []netlink.Link) []string {
	var names []string
	for _, l := range links {
		a := l.Attrs()
		if a.Flags&unix.IFF_UP != 0 && a.Flags&unix.IFF_LOOPBACK == 0 && a.EncapType == "ether" && a.MasterIndex == 0 {
			names = append(names, a.Name)
		}
	}
	return names
}

func newPort(number uint16, name string, l netlink.Link) (port, error) {
	if l == nil {
		return port{}, ErrNoInterface
	}
	a := l.Attrs()
	if a.EncapType != "ether" || a.Flags&unix.IFF_LOOPBACK != 0 {
		return port{}, fmt.Errorf("%w: it is of type %s", ErrNotEthernet, a.EncapType)
	}
	queues, err := receiveQueues(name)
	if err != nil {
		return port{}, err
	}
	return port{neigh.Port{Number: number, Index: a.Index, Name: name}, a.MTU, queues}, nil
}

// receiveQueues asks the driver how many receive queues are in use
// (ETHTOOL_GCHANNELS). Drivers that do not know have one.
func receiveQueues(name string) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("open socket: %w", err)
	}
	defer unix.Close(fd)
	// struct ethtool_channels; the four counts in use come last.
	channels := struct {
		cmd                                uint32
		_                                  [4]uint32
		receive, transmit, other, combined uint32
	}{cmd: unix.ETHTOOL_GCHANNELS}
	request := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&channels)}
	copy(request.name[:unix.IFNAMSIZ-1], name)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
	switch {
	case errno == unix.EOPNOTSUPP:
		return 1, nil
	case errno != 0:
		return 0, fmt.Errorf("ask for queues: %w", errno)
	}
	return max(int(channels.receive+channels.combined), 1), nil
}

// frameSize returns the size of UMEM chunks in which the frames of all ports
// fit, with headroom, and a VLAN tag or two.
func frameSize(ports []port) (int, error) {
	const around = 256 + header.EthernetSize + 2*header.VLANSize
	need := 0
	var errs []error
	for _, p := range ports {
		need = max(need, p.mtu+around)
		if p.mtu+around > 4096 {
			errs = append(errs, fmt.Errorf("interface %s: %w: it is %d; at most %d bytes fit", p.Name, ErrMTU, p.mtu, 4096-around))
		}
	}
	if need > 2048 {
		return 4096, errors.Join(errs...)
	}
	return 2048, nil
}

// workerCount returns how many workers the ports' queues and the cores allow.
func workerCount(ports []port, wanted, cores int) int {
	n := cores
	if wanted > 0 {
		n = wanted
	}
	for _, p := range ports {
		n = min(n, p.queues)
	}
	return n
}

func neighPorts(ports []port) []neigh.Port {
	list := make([]neigh.Port, len(ports))
	for i, p := range ports {
		list[i] = p.Port
	}
	return list
}
