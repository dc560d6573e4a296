package steer

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// Return codes of an XDP program, and where its context has what
// (enum xdp_action and struct xdp_md in linux/bpf.h).
const (
	xdpDrop = 1
	xdpPass = 2

	xdpData    = 0
	xdpDataEnd = 4
	xdpRxQueue = 16
)

// XDP loads the classifier as an XDP program. It redirects what it takes to
// the AF_XDP socket of the receiving queue in sockets, an XSKMAP by queue
// number, and passes everything else to the host, as it does with all frames
// of a queue that has no socket. The program is the caller's to close.
func (c *Classifier) XDP(sockets *ebpf.Map) (*ebpf.Program, error) {
	return c.xdp(redirectTo(sockets), 0)
}

// XDPFrags is XDP for interfaces whose frames may span several buffers, as with
// an MTU of 9000: drivers refuse programs there that do not say they know of it
// (Linux 5.18). The sockets must be bound with XDP_USE_SG (Linux 6.6); others
// lose the frames that do span several.
func (c *Classifier) XDPFrags(sockets *ebpf.Map) (*ebpf.Program, error) {
	return c.xdp(redirectTo(sockets), unix.BPF_F_XDP_HAS_FRAGS)
}

// redirectTo returns the end of a program whose ctxSlot has the context.
func redirectTo(sockets *ebpf.Map) asm.Instructions {
	return asm.Instructions{
		asm.LoadMem(asm.R1, asm.RFP, ctxSlot, asm.DWord),
		asm.LoadMem(asm.R2, asm.R1, xdpRxQueue, asm.Word),
		asm.LoadMapPtr(asm.R1, sockets.FD()),
		asm.Mov.Imm(asm.R3, xdpPass), // for a queue without a socket
		asm.FnRedirectMap.Call(),
		asm.Return(),
	}
}

// xdp wraps the body in a program that does take with the frames it takes.
func (c *Classifier) xdp(take asm.Instructions, flags uint32) (*ebpf.Program, error) {
	insns := asm.Instructions{asm.StoreMem(asm.RFP, ctxSlot, asm.R1, asm.DWord)}
	insns = append(insns, c.tables.classify(direct{})...)
	take[0] = take[0].WithSymbol(takeLabel)
	insns = append(insns, take...)
	insns = append(insns,
		asm.Mov.Imm(asm.R0, xdpPass).WithSymbol(passLabel),
		asm.Return(),
	)
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "xlvs_steer", Type: ebpf.XDP, Flags: flags, Instructions: insns})
	if err != nil {
		return nil, fmt.Errorf("load xdp program xlvs_steer: %w", err)
	}
	return p, nil
}
