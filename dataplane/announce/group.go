package announce

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// solicitedNode returns the group that solicitations for a are sent to: the last
// 24 bits of the address after ff02::1:ff00:0 (RFC 4291, section 2.7.1).
func solicitedNode(a lvs.Addr) lvs.Addr {
	return lvs.Addr{Hi: 0xff02 << 48, Lo: 0x1_ff000000 | a.Lo&0xffffff}
}

// groupMAC returns the Ethernet group of an IPv6 group (RFC 2464, section 7).
func groupMAC(group lvs.Addr) header.MAC {
	b := group.As16()
	return header.MAC{0x33, 0x33, b[12], b[13], b[14], b[15]}
}

// solicited returns the groups of the IPv6 addresses among vips.
func solicited(vips map[lvs.Addr]bool) map[lvs.Addr]bool {
	groups := make(map[lvs.Addr]bool)
	for vip := range vips {
		if !vip.Is4() {
			groups[solicitedNode(vip)] = true
		}
	}
	return groups
}

// groups are the groups that an interface is a member of for us, until its
// sockets are closed.
type groups struct {
	index  int
	sock   *socket
	mld    int // an IPv6 socket, -1 without IPv6
	joined map[lvs.Addr]bool
}

// newGroups returns groups without members. Membership of the packet socket is
// what has the interface accept frames. The IPv6 socket's has the kernel report
// it to the switches that forward a group only to where it is listened to (RFC
// 3810, RFC 4541), where the kernel speaks IPv6 at all.
func newGroups(sock *socket, index int) *groups {
	mld, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		mld = -1
	}
	return &groups{index: index, sock: sock, mld: mld, joined: make(map[lvs.Addr]bool)}
}

// set joins and leaves groups until they are those wanted. The error names every
// group that could not be; the next set tries those again.
func (g *groups) set(wanted map[lvs.Addr]bool) error {
	var errs []error
	for group := range wanted {
		if g.joined[group] {
			continue
		}
		if err := g.change(group, unix.PACKET_ADD_MEMBERSHIP, unix.IPV6_JOIN_GROUP); err != nil {
			errs = append(errs, fmt.Errorf("join %s: %w", group, err))
			continue
		}
		g.joined[group] = true
	}
	for group := range g.joined {
		if wanted[group] {
			continue
		}
		if err := g.change(group, unix.PACKET_DROP_MEMBERSHIP, unix.IPV6_LEAVE_GROUP); err != nil {
			errs = append(errs, fmt.Errorf("leave %s: %w", group, err))
		}
		delete(g.joined, group)
	}
	return errors.Join(errs...)
}

// change joins or leaves group with both sockets. The IPv6 socket may fail: an
// interface can do without IPv6.
func (g *groups) change(group lvs.Addr, packetOption, ipv6Option int) error {
	mreq := &unix.PacketMreq{Ifindex: int32(g.index), Type: unix.PACKET_MR_MULTICAST, Alen: 6}
	mac := groupMAC(group)
	copy(mreq.Address[:], mac[:])
	var failed error
	err := g.sock.conn.Control(func(fd uintptr) {
		failed = unix.SetsockoptPacketMreq(int(fd), unix.SOL_PACKET, packetOption, mreq)
	})
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	if g.mld >= 0 {
		_ = unix.SetsockoptIPv6Mreq(g.mld, unix.IPPROTO_IPV6, ipv6Option,
			&unix.IPv6Mreq{Multiaddr: group.As16(), Interface: uint32(g.index)})
	}
	return nil
}

// close leaves every group; the packet socket does so when it is closed.
func (g *groups) close() {
	if g.mld >= 0 {
		_ = unix.Close(g.mld)
	}
}
