package steer

import (
	"errors"
	"fmt"
	"io"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// AttachDrop runs prog, which Drop has made, for every frame that the interface
// receives, after its packet sockets and before any other tcx program or clsact
// filter, until the Closer is closed; prog may be closed earlier. It must run in
// the interface's network namespace. When the process dies, prog goes with it.
// Only before Linux 6.6, where prog is a clsact filter, it stays, and the next
// AttachDrop takes its place.
func AttachDrop(ifindex int, prog *ebpf.Program) (io.Closer, error) {
	l, err := AttachGuard(ifindex, prog)
	if errors.Is(err, ebpf.ErrNotSupported) {
		c, err := attachClsact(ifindex, prog)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	return l, err
}

// AttachGuard is AttachDrop for a second program beside another, while that one
// is exchanged. Before Linux 6.6 the error is ebpf.ErrNotSupported.
func AttachGuard(ifindex int, prog *ebpf.Program) (io.Closer, error) {
	l, err := link.AttachTCX(link.TCXOptions{
		Interface: ifindex, Program: prog, Attach: ebpf.AttachTCXIngress, Anchor: link.Head(),
	})
	if err != nil {
		return nil, fmt.Errorf("attach drop program to interface %d: %w", ifindex, err)
	}
	return l, nil
}
