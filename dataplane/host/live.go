package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/packet"
)

// A live gives frames back by BPF_PROG_RUN: the kernel makes a frame out of
// thin air, runs an XDP program that passes it, and the host receives it. XDP
// cannot mark a frame, so that it is injected on the loopback interface with
// metadata before it, by which a tcx program there marks and redirects it.
//
//	metadata: Mark, then the port's interface, 32 bits each
type live struct {
	pass    *ebpf.Program
	ports   []atomic.Uint32 // interfaces by place
	mu      sync.Mutex
	data    []byte // metadata and frame, guarded by mu
	closers []io.Closer
}

const (
	metadataSize = 8
	loopback     = 1 // index of the loopback interface in every namespace
	xdpPass      = 2
)

// openLive loads the two programs.
func openLive(ports []Port, stamp bool) (l *live, err error) {
	l = &live{ports: make([]atomic.Uint32, len(ports))}
	for place, p := range ports {
		l.ports[place].Store(uint32(p.Index))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
			l = nil
		}
	}()
	if l.pass, err = loadProgram("xlvs_pass", ebpf.XDP, always(xdpPass)); err != nil {
		return l, err
	}
	l.closers = append(l.closers, l.pass)
	prog, err := loadProgram("xlvs_door", ebpf.SchedCLS, redirectByMetadata(stamp))
	if err != nil {
		return l, err
	}
	l.closers = append(l.closers, prog)
	at, err := attachTCX(loopback, prog)
	if err != nil {
		return l, fmt.Errorf("attach program to the loopback interface: %w", err)
	}
	l.closers = append(l.closers, at)
	return l, nil
}

// setPort makes frames of a port go to ifindex.
func (l *live) setPort(place, ifindex int) error {
	l.ports[place].Store(uint32(ifindex))
	return nil
}

// give injects p.
func (l *live) give(place int, p *packet.Packet) Outcome {
	if p.GSO.Kind != packet.GSONone {
		return Unfit
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.data = binary.NativeEndian.AppendUint32(l.data[:0], Mark)
	l.data = binary.NativeEndian.AppendUint32(l.data, l.ports[place].Load())
	l.data = append(l.data, p.Bytes()...)
	if p.Sum != (packet.Partial{}) {
		checksum.Finish(l.data[metadataSize+int(p.Sum.Start):], int(p.Sum.Field-p.Sum.Start))
	}
	err := l.inject()
	switch {
	case err == nil:
		return Given
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EMSGSIZE):
		return Unfit // most likely it does not fit into a page
	}
	return Refused
}

// An xdpContext is struct xdp_md in linux/bpf.h. Data is where the frame begins
// in what is passed to the kernel; metadata is before it.
type xdpContext struct {
	Data, DataEnd, DataMeta                   uint32
	IngressIfindex, RxQueueIndex, EgressIndex uint32
}

// inject runs the XDP program once with l.data.
func (l *live) inject() error {
	_, err := l.pass.Run(&ebpf.RunOptions{
		Data:    l.data,
		Context: xdpContext{Data: metadataSize, DataEnd: uint32(len(l.data)), IngressIfindex: loopback},
		Repeat:  1,
		Flags:   unix.BPF_F_TEST_XDP_LIVE_FRAMES,
	})
	return err
}

// close takes the programs away.
func (l *live) close() error {
	var errs []error
	for i := len(l.closers) - 1; i >= 0; i-- {
		errs = append(errs, l.closers[i].Close())
	}
	return errors.Join(errs...)
}
