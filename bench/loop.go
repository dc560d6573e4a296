package main

import (
	"fmt"
	"io"
	"net"

	"github.com/vishvananda/netlink"

	"xlvs/dataplane/header"
)

// loopArgs are the arguments of a forward loop.
const loopArgs = "DEVICE PEERMAC DEVICE PEERMAC"

// batch is how many frames a forward loop takes at once, as a worker of the
// director does.
const batch = 64

// A loopPort is one of the two devices of a forward loop.
type loopPort struct {
	name    string
	ifindex int
	own     header.MAC
	peer    header.MAC // where all goes that leaves by the device
}

// address makes frame one from p's device to its peer: all that a forward loop
// does to a frame. What is too short to be one is left alone.
func (p *loopPort) address(frame []byte) {
	if e, ok := header.ParseEthernet(frame); ok {
		e.SetDst(p.peer)
		e.SetSrc(p.own)
	}
}

// parseLoop finds the two devices that args name, in the thread's namespace.
func parseLoop(args []string) (ports [2]loopPort, err error) {
	if len(args) != 2*len(ports) {
		return ports, usageError("the arguments are " + loopArgs)
	}
	for i := range ports {
		if ports[i], err = findLoopPort(args[2*i], args[2*i+1]); err != nil {
			return ports, err
		}
	}
	return ports, nil
}

func findLoopPort(name, peer string) (loopPort, error) {
	mac, err := net.ParseMAC(peer)
	if err != nil || len(mac) != len(header.MAC{}) {
		return loopPort{}, usageError(fmt.Sprintf("%q is not the MAC address of a peer", peer))
	}
	link, err := netlink.LinkByName(name)
	if err != nil {
		return loopPort{}, fmt.Errorf("find interface %s: %w", name, err)
	}
	a := link.Attrs()
	if len(a.HardwareAddr) != len(header.MAC{}) {
		return loopPort{}, fmt.Errorf("interface %s has no Ethernet address", name)
	}
	return loopPort{name: name, ifindex: a.Index, own: header.MAC(a.HardwareAddr), peer: header.MAC(mac)}, nil
}

// announce says that the command called name is at work, for whoever waits.
func announce(stdout io.Writer, name string) error {
	if _, err := fmt.Fprintf(stdout, "bench %s %s\n", name, running); err != nil {
		return fmt.Errorf("say that %s %s: %w", name, running, err)
	}
	return nil
}
