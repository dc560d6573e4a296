package realserver

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// sit is the device of the kernel's that takes IPv6 in IPv4 from anybody. A
// namespace has one, with this name, if the module is loaded.
const sit = "sit0"

// A raised is a device that is there by itself, and is to be up.
type raised struct {
	Name string `json:"name"`
}

func (r *raised) missing() (bool, error) {
	link, err := netlink.LinkByName(r.Name)
	if isGone(err) && r.Name == sit {
		loadSit()
		link, err = netlink.LinkByName(r.Name)
	}
	if isGone(err) {
		return false, fmt.Errorf("find %s: %w", r.Name, unix.EOPNOTSUPP)
	}
	if err != nil {
		return false, fmt.Errorf("find %s: %w", r.Name, err)
	}
	return link.Attrs().Flags&net.FlagUp == 0, nil
}

// loadSit has the kernel load the module, by asking for a device that only that
// can make. Whether it did shows in whether sit0 is there.
func loadSit() {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = ownPrefix + "-probe"
	link := &netlink.Sittun{LinkAttrs: attrs}
	if netlink.LinkAdd(link) == nil {
		_ = netlink.LinkDel(link)
	}
}

func (r *raised) make() error { return r.set(netlink.LinkSetUp) }

func (r *raised) unmake() error { return r.set(netlink.LinkSetDown) }

// set brings the device up or down, if it is there.
func (r *raised) set(to func(netlink.Link) error) error {
	link, err := netlink.LinkByName(r.Name)
	if isGone(err) {
		return nil
	}
	if err == nil {
		err = to(link)
	}
	if err != nil {
		return fmt.Errorf("bring %s up or down: %w", r.Name, err)
	}
	return nil
}

func (r *raised) adopt(setting) {}

func (r *raised) id() string { return "raised " + r.Name }

func (r *raised) command() string { return "modprobe sit; ip link set " + r.Name + " up" }

func (r *raised) String() string { return r.Name + " up" }
