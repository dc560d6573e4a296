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

// XDPOptions are what interfaces may ask for. The zero value suits most.
type XDPOptions struct {
	// Frags is for interfaces whose frames may span several buffers, as with an
	// MTU of 9000: drivers refuse programs there that do not say they know of it
	// (Linux 5.18). The sockets must be bound with XDP_USE_SG (Linux 6.6); others
	// lose the frames that do span several.
	Frags bool
	// Longest is the length in bytes above which frames pass to the host, where a
	// packet socket may take them; 0 means that none do. Generic XDP sees what a
	// sender has not cut, and what was put together on arrival, too long for any
	// ring.
	Longest int
}

// XDP loads the classifier as an XDP program. It redirects what it takes to
// the AF_XDP socket of the receiving queue in sockets, an XSKMAP by queue
// number, and passes everything else to the host, as it does with all frames
// of a queue that has no socket. The program is the caller's to close.
func (c *Classifier) XDP(sockets *ebpf.Map, o XDPOptions) (*ebpf.Program, error) {
	flags := uint32(0)
	if o.Frags {
		flags = unix.BPF_F_XDP_HAS_FRAGS
	}
	return c.xdp(append(o.passLong(), redirectTo(sockets)...), flags)
}

// passLong goes on to passLabel with frames that are longer than the longest.
func (o XDPOptions) passLong() asm.Instructions {
	switch {
	case o.Longest == 0:
		return nil
	case o.Frags: // the context has the end of the first buffer only
		return asm.Instructions{
			asm.LoadMem(asm.R1, asm.RFP, ctxSlot, asm.DWord),
			asm.FnXdpGetBuffLen.Call(),
			asm.JGT.Imm(asm.R0, int32(o.Longest), passLabel),
		}
	}
	return asm.Instructions{
		asm.LoadMem(asm.R1, asm.RFP, ctxSlot, asm.DWord),
		asm.LoadMem(asm.R2, asm.R1, xdpData, asm.Word),
		asm.LoadMem(asm.R3, asm.R1, xdpDataEnd, asm.Word),
		asm.Add.Imm(asm.R2, int32(o.Longest)),
		asm.JLT.Reg(asm.R2, asm.R3, passLabel),
	}
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
