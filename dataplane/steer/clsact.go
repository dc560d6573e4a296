package steer

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/cilium/ebpf"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A clsact is a drop program under the clsact qdisc of an interface, for kernels
// without tcx. It keeps its netlink socket, which stays in the namespace that
// the interface was found in.
type clsact struct {
	netlink *netlink.Handle
	qdisc   *netlink.Clsact // nil if somebody else made it
	filter  *netlink.BpfFilter
}

// attachClsact is AttachDrop by means of clsact.
func attachClsact(ifindex int, prog *ebpf.Program) (*clsact, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	c := &clsact{netlink: h, filter: dropFilter(ifindex, prog)}
	err = c.attach()
	runtime.KeepAlive(prog) // the filter knows but its file descriptor
	if err != nil {
		err = errors.Join(err, c.removeQdisc())
		h.Close()
		return nil, err
	}
	return c, nil
}

// dropFilter returns the filter as it is to be: the first of its interface. By
// the handle it replaces the one that a killed process has left.
func dropFilter(ifindex int, prog *ebpf.Program) *netlink.BpfFilter {
	return &netlink.BpfFilter{
		FilterAttrs: netlink.FilterAttrs{
			LinkIndex: ifindex,
			Parent:    netlink.HANDLE_MIN_INGRESS,
			Handle:    HostMark,
			Priority:  1,
			Protocol:  unix.ETH_P_ALL,
		},
		Fd:           prog.FD(),
		Name:         "xlvs_drop",
		DirectAction: true,
	}
}

// attach adds the filter, and the qdisc if there is none.
func (c *clsact) attach() error {
	q := &netlink.Clsact{QdiscAttrs: netlink.QdiscAttrs{
		LinkIndex: c.filter.LinkIndex,
		Handle:    netlink.MakeHandle(0xffff, 0),
		Parent:    netlink.HANDLE_CLSACT,
	}}
	switch err := c.netlink.QdiscAdd(q); {
	case err == nil:
		c.qdisc = q
	case !errors.Is(err, unix.EEXIST):
		return fmt.Errorf("add clsact qdisc to interface %d: %w", q.LinkIndex, err)
	}
	if err := c.netlink.FilterReplace(c.filter); err != nil {
		return fmt.Errorf("add drop filter to interface %d: %w", q.LinkIndex, err)
	}
	return nil
}

// Close removes the filter, and the qdisc if attach made it and nobody else has
// come to use it. What is gone already is no error.
func (c *clsact) Close() error {
	defer c.netlink.Close()
	err := c.netlink.FilterDel(c.filter)
	if err != nil && !gone(err) {
		return fmt.Errorf("remove drop filter from interface %d: %w", c.filter.LinkIndex, err)
	}
	return c.removeQdisc()
}

// removeQdisc removes a qdisc that is ours and has no filters.
func (c *clsact) removeQdisc() error {
	if c.qdisc == nil {
		return nil
	}
	used, err := c.used()
	if err == nil && !used {
		err = c.netlink.QdiscDel(c.qdisc)
	}
	if err != nil && !gone(err) {
		return fmt.Errorf("remove clsact qdisc from interface %d: %w", c.qdisc.LinkIndex, err)
	}
	return nil
}

// used reports whether the qdisc has filters.
func (c *clsact) used() (bool, error) {
	on := &netlink.GenericLink{LinkAttrs: netlink.LinkAttrs{Index: c.qdisc.LinkIndex}}
	for _, parent := range []uint32{netlink.HANDLE_MIN_INGRESS, netlink.HANDLE_MIN_EGRESS} {
		filters, err := c.netlink.FilterList(on, parent)
		if err != nil || len(filters) > 0 {
			return len(filters) > 0, err
		}
	}
	return false, nil
}

// gone reports whether err says that an interface or a filter does not exist, or
// (EINVAL) a filter's qdisc.
func gone(err error) bool {
	return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL)
}
