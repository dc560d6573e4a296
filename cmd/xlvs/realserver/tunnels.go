package realserver

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// tunnels are the doors that this process keeps: a goroutine for each hands what
// comes in to the host. The zero value keeps none.
type tunnels struct {
	vips    map[netip.Addr]bool
	sockets []*socket
	tun     *os.File
	failed  chan error // what ended a goroutine before close
	wg      sync.WaitGroup

	handed, refused atomic.Uint64 // packets
}

// openTunnels has packets taken out of tunnels, by the kernel or by this
// process. Without the method tun it has nothing to do.
func (o *options) openTunnels(j *journal) (*tunnels, error) {
	t := new(tunnels)
	if !o.tunnel {
		return t, nil
	}
	var doors []door
	for _, d := range o.doors() {
		inKernel, err := o.tryKernel(j, d)
		if err != nil {
			return nil, fmt.Errorf("open tunnel %v: %w", d, err)
		}
		if !inKernel {
			doors = append(doors, d)
		}
	}
	if len(doors) == 0 {
		return t, nil
	}
	if o.keep {
		return nil, fmt.Errorf("--keep: %v: %w, so that this process has to stay", doors[0], errNoDevice)
	}
	if err := t.open(o, j, doors); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// tryKernel has the kernel take packets by a door, if it is to and can. It is an
// error if nobody else may, or if the kernel would beside this process: then
// packets would be there twice, or be answered with an error.
func (o *options) tryKernel(j *journal, d door) (bool, error) {
	if o.userSpace == always {
		name := rivalOf(d)
		if _, err := netlink.LinkByName(name); name != "" && err == nil {
			return false, fmt.Errorf("the kernel takes such packets itself, for its device %s: use --user-space auto, or remove the module", name)
		}
		return false, nil
	}
	err := o.openInKernel(j, d)
	if errors.Is(err, errNoDevice) && o.userSpace == auto {
		return false, nil
	}
	return err == nil, err
}

// rivalOf returns the device that is there in every namespace when the kernel's
// module for a door is loaded, or an empty name: who has a port shows when it is
// bound.
func rivalOf(d door) string {
	switch {
	case d.proto == header.ProtoGRE && d.v6:
		return "ip6gre0"
	case d.proto == header.ProtoGRE:
		return "gre0"
	case d.proto == header.ProtoUDP:
		return ""
	case d.v6:
		return "ip6tnl0"
	case d.proto == header.ProtoIPv6:
		return "sit0"
	}
	return "tunl0"
}

// open makes the TUN device and opens the sockets. A kernel without IPv6 has no
// packets to come in by that.
func (t *tunnels) open(o *options, j *journal, doors []door) (err error) {
	t.vips, t.failed = make(map[netip.Addr]bool), make(chan error, len(doors))
	for _, a := range o.vips {
		t.vips[a] = true
	}
	if t.tun, err = openTUN(); err != nil {
		return err
	}
	if err := j.keepAll(o.dress(tunName, true, true)); err != nil {
		return err
	}
	for _, d := range doors {
		s, err := openSocket(d, o.port)
		if d.v6 && errors.Is(err, unix.EAFNOSUPPORT) {
			continue
		}
		if err != nil {
			return err
		}
		t.sockets = append(t.sockets, s)
		t.wg.Go(func() { t.serve(s) })
		fmt.Fprintf(j.out, "%v in user space, through %s\n", d, tunName)
	}
	return nil
}

// serve hands what a socket receives to the host, until close.
func (t *tunnels) serve(s *socket) {
	p := new(packet.Packet)
	for {
		err := s.recv(p)
		if err == nil {
			err = t.hand(s, p)
		}
		if errors.Is(err, os.ErrClosed) {
			return
		}
		if err != nil {
			t.failed <- fmt.Errorf("%v: %w", s.door, err)
			return
		}
	}
}

// hand hands the packet inside p to the host. One that the host does not take
// counts as refused, but without the device there is nothing more to do.
func (t *tunnels) hand(s *socket, p *packet.Packet) error {
	if !t.take(p, s.door, s.port) {
		t.refused.Add(1)
		return nil
	}
	_, err := t.tun.Write(p.Bytes()[p.L3:])
	switch {
	case err == nil:
		t.handed.Add(1)
	case errors.Is(err, os.ErrClosed):
		return err
	case errors.Is(err, unix.EBADFD):
		return fmt.Errorf("hand packet to %s: the device is gone: %w", tunName, err)
	default:
		t.refused.Add(1)
	}
	return nil
}

// close ends the goroutines and waits for them. The device goes with its file.
// A second close does nothing.
func (t *tunnels) close() {
	for _, s := range t.sockets {
		_ = s.file.Close() // nothing is lost that was received
	}
	t.wg.Wait()
	if t.tun != nil {
		_ = t.tun.Close()
	}
}

// report says how many packets there were.
func (t *tunnels) report(out io.Writer) {
	if len(t.sockets) > 0 {
		fmt.Fprintf(out, "%d packets taken out of tunnels, %d refused\n", t.handed.Load(), t.refused.Load())
	}
}
