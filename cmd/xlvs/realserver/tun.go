package realserver

import (
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// tunName is the device by which inner packets get to the host.
const tunName = ownPrefix + "0"

// tunMTU is the size of the largest packet: one that the network card has put
// together from several counts as one here.
const tunMTU = 65535

// openTUN makes the device. It goes when the file is closed, or the process has
// ended. What the host sends there is not read: nothing is routed to it.
func openTUN() (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	f := os.NewFile(uintptr(fd), tunName)
	req, err := unix.NewIfreq(tunName)
	if err == nil {
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	}
	if err == nil {
		err = raiseTUN()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make tun device %s: %w", tunName, err), f.Close())
	}
	return f, nil
}

// raiseTUN brings the device up. It needs no address of its own making, which
// would have the host look for routers there.
func raiseTUN() error {
	link, err := netlink.LinkByName(tunName)
	if err != nil {
		return err
	}
	const none = "1"
	err = writeSysctl(ipv6Conf(tunName, "addr_gen_mode", none).Path, none)
	if err != nil && !errors.Is(err, os.ErrNotExist) { // a kernel without IPv6
		return err
	}
	if err := netlink.LinkSetMTU(link, tunMTU); err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}
