package xsk

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// NewSocketMap returns a map for programs to redirect through (XSKMAP), with
// room for queues 0 to queues-1 of one interface.
func NewSocketMap(queues int) (*ebpf.Map, error) {
	m, err := ebpf.NewMap(&ebpf.MapSpec{
		Name: "xlvs_sockets", Type: ebpf.XSKMap, KeySize: 4, ValueSize: 4, MaxEntries: uint32(queues),
	})
	if err != nil {
		return nil, fmt.Errorf("make a map of %d af_xdp sockets: %w", queues, err)
	}
	return m, nil
}

// Attach runs prog for every frame that the interface receives, until the link
// is closed or the process ends, however it ends. If the interface has an XDP
// program already, that one stays and the error is ErrBusy and names it. Like
// Open, it must run in the interface's network namespace.
func Attach(ifindex int, prog *ebpf.Program, mode Mode) (link.Link, error) {
	flags := link.XDPDriverMode
	if mode == Generic {
		flags = link.XDPGenericMode
	}
	l, err := link.AttachXDP(link.XDPOptions{Program: prog, Interface: ifindex, Flags: flags})
	if err == nil {
		return l, nil
	}
	// EEXIST: there is a program in the other mode, or on a bond that this
	// interface is a part of.
	if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EEXIST) {
		err = fmt.Errorf("%w: %s (%w)", ErrBusy, attached(ifindex), err)
	} else {
		err = failed("attach", err)
	}
	return nil, fmt.Errorf("attach %v xdp program to %s: %w", mode, interfaceName(ifindex), err)
}

// attached describes the XDP program on an interface, as well as it can.
func attached(ifindex int) string {
	l, err := netlink.LinkByIndex(ifindex)
	if err != nil || l.Attrs().Xdp == nil || l.Attrs().Xdp.ProgId == 0 {
		return "an XDP program that does not show"
	}
	id := ebpf.ProgramID(l.Attrs().Xdp.ProgId)
	prog, err := ebpf.NewProgramFromID(id)
	if err != nil {
		return fmt.Sprintf("XDP program %d", id)
	}
	defer prog.Close()
	about, err := prog.Info()
	if err != nil {
		return fmt.Sprintf("XDP program %d", id)
	}
	return fmt.Sprintf("XDP program %d, %q", id, about.Name)
}
