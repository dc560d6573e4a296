package conformance

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
)

// The devices of the director, by side.
var devices = map[Side]string{Client: "eth0", Real: "eth1"}

// The hardware addresses of the director, by side.
var directorMAC = map[Side]net.HardwareAddr{
	Client: {2, 0, 0, 0, 0, 1},
	Real:   {2, 0, 0, 0, 0, 2},
}

// The gateway behind which the clients are.
const (
	gateway4 = "198.51.100.254"
	gateway6 = "2001:db8:1::fe"
)

// reals is how many real servers there are, from 192.0.2.11 on.
const reals = 8

// otherRouter is the host number of a router behind the director, by which
// errors about real servers' packets can come.
const otherRouter = 254

// realMAC returns the hardware address of the host with the last byte n of its
// address on the real servers' side.
func realMAC(n byte) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, 2, n} }

// clientMAC is the hardware address of the clients' gateway.
var clientMAC = net.HardwareAddr{2, 0, 0, 0, 1, 1}

// A network is the surroundings of one director.
type network struct {
	lab      *lab.Lab
	director *lab.Host
	ports    map[Side]*port
}

// settings are the director's own. Errors are sent as often as they are due, lest
// what is compared depend on how fast somebody is.
var settings = [...][2]string{
	{"net.ipv4.ip_forward", "1"},
	{"net.ipv6.conf.all.forwarding", "1"},
	{"net.ipv6.auto_flowlabels", "0"}, // which are random
	{"net.ipv4.icmp_ratelimit", "0"},
	{"net.ipv6.icmp.ratelimit", "0"},
	{"net.ipv4.icmp_msgs_per_sec", "1000000"},
	{"net.ipv4.icmp_msgs_burst", "1000000"},
	{"net.ipv4.conf.all.send_redirects", "0"},
	{"net.ipv4.conf.default.send_redirects", "0"},
	{"net.ipv6.conf.default.mldv2_unsolicited_report_interval", "0"},
}

// newNetwork makes the surroundings; close takes them away.
func newNetwork(links Links) (n *network, err error) {
	n = &network{ports: map[Side]*port{}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("make the network: %w", err), n.close())
		}
	}()
	if n.lab, err = lab.New(); err != nil {
		return n, err
	}
	if n.director, err = n.lab.Host("director"); err != nil {
		return n, err
	}
	for _, s := range settings {
		if err := n.director.Sysctl(s[0], s[1]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return n, err
		}
	}
	far, err := n.lab.Host("far")
	if err != nil {
		return n, err
	}
	// The far end shows and sends frames, and has no word of its own to say.
	if err := far.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return n, err
	}
	for _, side := range sides {
		mtu := 1500
		if side == Real && links.RealMTU > 0 {
			mtu = links.RealMTU
		}
		if err := n.addSide(far, side, mtu); err != nil {
			return n, err
		}
	}
	return n, n.director.Do(routes)
}

// addSide makes the wire of one side, and what sits at its far end.
func (n *network) addSide(far *lab.Host, side Side, mtu int) error {
	if err := n.lab.Wire(n.director, devices[side], far, string(side), lab.WireOptions{MTU: mtu}); err != nil {
		return err
	}
	if err := n.director.SetMAC(devices[side], directorMAC[side]); err != nil {
		return err
	}
	if err := n.director.Do(func() error { return addAddresses(side) }); err != nil {
		return err
	}
	p := &port{fd: -1}
	n.ports[side] = p
	return far.Do(func() error { return p.open(string(side)) })
}

// frame returns packet in a frame from side to the director.
func frame(side Side, packet []byte) []byte {
	return slices.Concat(directorMAC[side], sender(side, sourceOf(packet)), etherType(packet), packet)
}

// etherType returns the type of frames for an IP packet.
func etherType(packet []byte) []byte {
	if len(packet) > 0 && packet[0]>>4 == 6 {
		return []byte{0x86, 0xdd}
	}
	return []byte{0x08, 0x00}
}

// sourceOf returns the address that a packet with a whole header comes from.
func sourceOf(packet []byte) netip.Addr {
	if packet[0]>>4 == 6 {
		return netip.AddrFrom16([16]byte(packet[8:24]))
	}
	return netip.AddrFrom4([4]byte(packet[12:16]))
}

// sender returns the hardware address that a packet from src comes from.
func sender(side Side, src netip.Addr) net.HardwareAddr {
	if side == Client {
		return clientMAC
	}
	for i := range reals {
		for _, f := range families {
			if f.real(i) == src.String() {
				return realMAC(11 + byte(i))
			}
		}
	}
	return realMAC(otherRouter)
}

// wait waits until a frame has come, and reports false if none comes in time.
func (n *network) wait(patience time.Duration) (bool, error) {
	var fds []unix.PollFd
	for _, side := range sides {
		fds = append(fds, unix.PollFd{Fd: int32(n.ports[side].fd), Events: unix.POLLIN})
	}
	timeout := unix.NsecToTimespec(int64(patience))
	ready, err := unix.Ppoll(fds, &timeout, nil)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return false, fmt.Errorf("wait for frames: %w", err)
	}
	return ready > 0 || err != nil, nil
}

// close takes the network away.
func (n *network) close() error {
	for _, p := range n.ports {
		p.close()
	}
	if n.lab == nil {
		return nil
	}
	return n.lab.Close()
}
