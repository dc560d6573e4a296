package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
)

// localQueue is the TAP's queue for local clients; those of the ports follow it.
const localQueue = 0

// A tap is a TAP device and the tcx program at its ingress. The device is not
// persistent: it goes when the last of its queues is closed.
type tap struct {
	name   string
	index  int
	mac    header.MAC
	queues []int     // file descriptors
	ports  *ebpf.Map // interface by queue mapping, 0 to pass
	closer []io.Closer
}

// openTAP opens a TAP with a queue for each port and one for local clients.
func openTAP(ports []Port, opts Options) (t *tap, err error) {
	t = &tap{name: opts.Name}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
			t = nil
		}
	}()
	for range 1 + len(ports) {
		if err := t.openQueue(); err != nil {
			return t, err
		}
	}
	if err := t.steer(); err != nil {
		return t, err
	}
	if err := t.find(); err != nil {
		return t, err
	}
	if err := t.load(ports, opts.Stamp); err != nil {
		return t, err
	}
	return t, t.setUp()
}

// openQueue opens one more queue; the first one makes the device and its name.
func (t *tap) openQueue() error {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	// ENODEV, ENXIO: there is a device node, but no driver behind it.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) {
		return fmt.Errorf("open /dev/net/tun: %w: %w", ErrNoTUN, err)
	}
	if err != nil {
		return fmt.Errorf("open /dev/net/tun: %w", err)
	}
	t.queues = append(t.queues, fd)
	req, err := unix.NewIfreq(t.name)
	if err != nil {
		return fmt.Errorf("make tap %s: %w", t.name, err)
	}
	req.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR | unix.IFF_MULTI_QUEUE)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		return fmt.Errorf("make tap %s: %w", t.name, err)
	}
	t.name = req.Name()
	return nil
}

// steer has the device put everything that the host sends into the local queue.
// It also stops it from remembering which queue a flow was written to.
func (t *tap) steer() error {
	prog, err := loadProgram("xlvs_queue", ebpf.SocketFilter, always(localQueue))
	if err != nil {
		return err
	}
	defer prog.Close() // the device holds it
	if err := unix.IoctlSetPointerInt(t.queues[localQueue], unix.TUNSETSTEERINGEBPF, prog.FD()); err != nil {
		return fmt.Errorf("steer tap %s: %w", t.name, err)
	}
	return nil
}

// load puts the program that knows the ports at the device's ingress.
func (t *tap) load(ports []Port, stamp bool) (err error) {
	if t.ports, err = newPortMap(len(ports)); err != nil {
		return err
	}
	t.closer = append(t.closer, t.ports)
	for place, p := range ports {
		if err := t.setPort(place, p.Index); err != nil {
			return fmt.Errorf("set port %d to interface %d: %w", p.Number, p.Index, err)
		}
	}
	prog, err := loadProgram("xlvs_door", ebpf.SchedCLS, redirectByQueue(t.ports, stamp))
	if err != nil {
		return err
	}
	t.closer = append(t.closer, prog)
	at, err := attach(t.index, prog)
	if err != nil {
		return fmt.Errorf("attach program to tap %s: %w", t.name, err)
	}
	t.closer = append(t.closer, at)
	return nil
}

// setPort makes the program redirect what comes from a port's queue to ifindex.
func (t *tap) setPort(place, ifindex int) error {
	return t.ports.Put(mapping(queueOf(place)), uint32(ifindex))
}

// queueOf returns the queue of the port in that place.
func queueOf(place int) int { return localQueue + 1 + place }

// give writes p to the queue of its port.
func (t *tap) give(place int, p *packet.Packet) Outcome { return t.write(queueOf(place), p) }

// write writes p to a queue. The kernel takes a frame whole or not at all, so
// that many may write to one queue.
func (t *tap) write(queue int, p *packet.Packet) Outcome {
	var v vnet
	v.describe(p)
	err := writev(t.queues[queue], v[:], p.Bytes())
	switch err {
	case nil:
		return Given
	case unix.EINVAL, unix.EMSGSIZE:
		return Unfit
	}
	return Refused
}

// close takes the device away.
func (t *tap) close() error {
	var errs []error
	for i := len(t.closer) - 1; i >= 0; i-- {
		errs = append(errs, t.closer[i].Close())
	}
	for _, fd := range t.queues {
		errs = append(errs, unix.Close(fd))
	}
	return errors.Join(errs...)
}
