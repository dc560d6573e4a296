package neigh

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/lvs"
)

// An address is one of the host's own, with the subnet that it lies in.
type address struct {
	addr  lvs.Addr
	bits  uint8 // of the subnet; those of IPv4 count from 96
	index int   // interface
	use   usability
}

// usability says how far an address serves as a source; more is better.
type usability uint8

const (
	linkOnly   usability = iota // good on its own link only
	deprecated                  // better not begin anything with it, or not yet
	global
)

// addrs reads the addresses of all interfaces, in the kernel's order. With
// netlink.ErrDumpInterrupted they are complete but for what changed meanwhile.
func (m *Mirror) addrs() ([]address, error) {
	ks, err := m.ask.AddrList(nil, unix.AF_UNSPEC)
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil, fmt.Errorf("dump addresses: %w", err)
	}
	as := make([]address, 0, len(ks))
	for i := range ks {
		if a, ok := newAddress(&ks[i]); ok {
			as = append(as, a)
		}
	}
	return as, err
}

// newAddress converts k, and reports false if it is no IP address.
func newAddress(k *netlink.Addr) (address, bool) {
	if k.IPNet == nil {
		return address{}, false
	}
	a := address{addr: addrOf(k.IP), index: k.LinkIndex, use: usable(k)}
	ones, width := k.Mask.Size()
	a.bits = uint8(ones + 128 - width)
	return a, !a.addr.IsZero()
}

func usable(k *netlink.Addr) usability {
	const later = unix.IFA_F_DEPRECATED | unix.IFA_F_TENTATIVE | unix.IFA_F_DADFAILED
	switch {
	case k.Scope >= unix.RT_SCOPE_LINK:
		return linkOnly
	case k.Flags&later != 0 && k.Flags&unix.IFA_F_OPTIMISTIC == 0:
		return deprecated
	}
	return global
}

// source returns the address to send from out of interface index, to
// destinations of v4's family. The neighbour is the destination itself, unless
// via says that it is a gateway.
func (v *view) source(index int, neighbour lvs.Addr, v4, via bool) (best lvs.Addr) {
	score := 0
	for i := range v.addrs {
		a := &v.addrs[i]
		if a.addr.Is4() != v4 {
			continue
		}
		if s := a.suits(index, neighbour, via); s > score {
			best, score = a.addr, s
		}
	}
	return best
}

// suits ranks a as a source, 0 for not at all: the neighbour's own subnet before
// others, the interface's addresses before those of the rest of the host.
func (a *address) suits(index int, neighbour lvs.Addr, via bool) int {
	near, inside := a.index == index, common(a.addr, neighbour) >= a.bits
	if a.use == linkOnly {
		switch {
		case !near:
			return 0
		case inside && !via:
			return 16
		}
		return 1 // a link-local gateway says nothing about what lies behind it
	}
	s := 2 * int(a.use)
	if near {
		s += 4
		if inside {
			s += 8
		}
	}
	return s
}
