package host

import (
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// attach runs prog for what the TAP receives. Before Linux 6.6 that takes a
// clsact qdisc; it goes with the device, so there is nothing to close.
func attach(ifindex int, prog *ebpf.Program) (io.Closer, error) {
	at, err := attachTCX(ifindex, prog)
	if errors.Is(err, ebpf.ErrNotSupported) {
		return nothing{}, attachClsact(ifindex, prog)
	}
	return at, err
}

// A nothing is what is left to close when somebody else will.
type nothing struct{}

// Close does nothing.
func (nothing) Close() error { return nil }

// attachTCX runs prog for what the interface receives, until the link is closed
// or the process ends.
func attachTCX(ifindex int, prog *ebpf.Program) (io.Closer, error) {
	return link.AttachTCX(link.TCXOptions{Interface: ifindex, Program: prog, Attach: ebpf.AttachTCXIngress})
}

// attachClsact is attachTCX for older kernels. It stays until the interface or
// its qdisc is deleted.
func attachClsact(ifindex int, prog *ebpf.Program) error {
	qdisc := &netlink.GenericQdisc{
		QdiscAttrs: netlink.QdiscAttrs{
			LinkIndex: ifindex,
			Handle:    netlink.MakeHandle(0xffff, 0),
			Parent:    netlink.HANDLE_CLSACT,
		},
		QdiscType: "clsact",
	}
	if err := netlink.QdiscAdd(qdisc); err != nil {
		return fmt.Errorf("add clsact qdisc: %w", err)
	}
	filter := &netlink.BpfFilter{
		FilterAttrs: netlink.FilterAttrs{
			LinkIndex: ifindex,
			Parent:    netlink.HANDLE_MIN_INGRESS,
			Handle:    1,
			Priority:  1,
			Protocol:  unix.ETH_P_ALL,
		},
		Fd:           prog.FD(),
		Name:         "xlvs_door",
		DirectAction: true,
	}
	if err := netlink.FilterAdd(filter); err != nil {
		return fmt.Errorf("add bpf filter: %w", err)
	}
	return nil
}
