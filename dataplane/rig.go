package dataplane

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/host"
	"xlvs/dataplane/steer"
	"xlvs/dataplane/xsk"
)

// A rig is all that is bound to the ports as they are now: programs and sockets.
// When an interface comes or goes the director gets another one; connections,
// next hops and counters are not part of it.
type rig struct {
	ports    []port
	queues   []*queues // by worker
	filter   *steer.Classifier
	maps     []*ebpf.Map   // by port: AF_XDP sockets by queue; nil in packet mode
	sockets  *ebpf.Program // filter of packet sockets
	deaf     *ebpf.Program // filter of those that only send
	programs []io.Closer   // what is attached
	other    []io.Closer
}

// openRig attaches programs to the ports that are there and opens sockets on
// them. Its own ports say which modes could be had. Frames of the door come to the
// first worker.
func openRig(ports []port, c config.Dataplane, filter *steer.Classifier, door *host.Door) (*rig, error) {
	r := &rig{ports: slices.Clone(ports), filter: filter, maps: make([]*ebpf.Map, len(ports))}
	if err := r.open(c, door); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func (r *rig) open(c config.Dataplane, door *host.Door) error {
	var err error
	if r.deaf, err = steer.Deaf(); err != nil {
		return err
	}
	r.other = append(r.other, r.deaf)
	for i := range r.ports {
		if p := &r.ports[i]; p.Index != 0 {
			if err := r.attach(p); err != nil {
				return fmt.Errorf("interface %s: %w", p.Name, err)
			}
		}
	}
	n := workerCount(r.ports, c.Workers, runtime.NumCPU())
	opts := xsk.Options{
		FrameSize: frameSize(r.ports), BusyPoll: c.BusyPoll,
		Frags: slices.ContainsFunc(r.ports, func(p port) bool { return p.frags }),
	}
	for w := range n {
		q, err := r.openQueues(w, n, opts)
		if errors.Is(err, xsk.ErrNoZeroCopy) {
			// One memory is either zero-copy for all of its sockets or for none.
			opts.Copy = true
			q, err = r.openQueues(w, n, opts)
		}
		if err != nil {
			return err
		}
		q.door = door
		r.queues = append(r.queues, q)
	}
	if n > 0 {
		r.queues[0].listen()
	}
	return nil
}

// attach has p's frames classified. Where XDP cannot be had, and nobody insists
// on it, p is in packet mode afterwards. Generic XDP leaves to packet sockets what
// is too long for a ring.
func (r *rig) attach(p *port) error {
	if p.NoEthernet {
		return nil
	}
	if p.mode != config.Packet {
		if err := r.attachXDP(p); errors.Is(err, xsk.ErrBusy) || err != nil && !p.settle(err) {
			return err
		}
	}
	if p.mode == config.XDP {
		return nil
	}
	return r.attachDrop(p)
}

func (r *rig) attachXDP(p *port) error {
	m, err := xsk.NewSocketMap(p.queues)
	if err != nil {
		return err
	}
	r.other = append(r.other, m)
	var opts steer.XDPOptions
	if p.mode == config.XDPGeneric {
		opts.Longest = p.mtu + header.EthernetSize + 2*header.VLANSize
	}
	if !p.jumbo() {
		err = r.attachProgram(p, m, opts)
	}
	// A driver whose buffers are smaller than ours refuses sooner.
	if p.jumbo() || errors.Is(err, unix.ERANGE) && xsk.HasFrags() {
		p.frags, opts.Frags = true, true
		err = r.attachProgram(p, m, opts)
	}
	if err == nil {
		r.maps[p.Number] = m
	}
	return err
}

// attachProgram attaches a program that redirects to the sockets of a map.
func (r *rig) attachProgram(p *port, sockets *ebpf.Map, opts steer.XDPOptions) error {
	prog, err := r.filter.XDP(sockets, opts)
	if err != nil {
		return err
	}
	r.other = append(r.other, prog)
	l, err := xsk.Attach(p.Index, prog, xdpMode(p.mode))
	if err != nil {
		return err
	}
	r.programs = append(r.programs, l)
	return nil
}

// attachDrop keeps from the host what the packet sockets take, and loads their
// filter.
func (r *rig) attachDrop(p *port) error {
	if r.sockets == nil {
		f, err := r.filter.SocketFilter()
		if err != nil {
			return err
		}
		r.sockets = f
		r.other = append(r.other, f)
	}
	prog, err := r.filter.Drop()
	if err != nil {
		return err
	}
	r.other = append(r.other, prog)
	l, err := steer.AttachDrop(p.Index, prog)
	if err != nil {
		return err
	}
	r.programs = append(r.programs, l)
	return nil
}

func xdpMode(m config.Mode) xsk.Mode {
	if m == config.XDPGeneric {
		return xsk.Generic
	}
	return xsk.Native
}

// workerQueues returns the queues as workers take them.
func (r *rig) workerQueues() []Queues {
	list := make([]Queues, len(r.queues))
	for i, q := range r.queues {
		list[i] = q
	}
	return list
}

// close detaches first, so that no frame is redirected to where nobody reads.
func (r *rig) close() error {
	var errs []error
	for _, c := range slices.Concat(r.programs, r.closers()) {
		errs = append(errs, c.Close())
	}
	r.programs, r.queues, r.other = nil, nil, nil
	return errors.Join(errs...)
}

func (r *rig) closers() []io.Closer {
	var list []io.Closer
	for _, q := range r.queues {
		list = append(list, q)
	}
	return append(list, r.other...)
}
