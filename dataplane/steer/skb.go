package steer

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// HostMark is the mark (as of SO_MARK) of frames that the director gives back to
// the host, "xlvs" in ASCII. The programs of Drop and SocketFilter pass them,
// whatever they are.
const HostMark = 0x786c7673

// HostStamp is the source, as a number, of frames that the director gives back
// to the host where programs see no marks: generic XDP sees those frames again.
const HostStamp = 0x0200_786c_7673

// What programs on socket buffers return, and where their context has what
// (struct __sk_buff in linux/bpf.h, linux/pkt_cls.h).
const (
	tcxNext = -1 // TC_ACT_UNSPEC in a clsact filter: ask the next one
	tcxDrop = 2  // TC_ACT_SHOT

	filterWhole = -1 // how much of the frame the socket is to get
	filterNone  = 0

	skbLen     = 0
	skbMark    = 8
	skbData    = 76
	skbDataEnd = 80
)

// Drop loads the classifier as a program for AttachDrop. It drops what it
// takes: the host's own copy of frames that the director's packet socket has.
// Everything else is left to other programs and to the host. The program is the
// caller's to close.
func (c *Classifier) Drop() (*ebpf.Program, error) {
	return c.skb("xlvs_drop", ebpf.SchedCLS, pieced{}, tcxDrop, tcxNext)
}

// Deaf loads a filter for packet sockets that only send.
func Deaf() (*ebpf.Program, error) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "xlvs_deaf", Type: ebpf.SocketFilter,
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return nil, fmt.Errorf("load socket filter xlvs_deaf: %w", err)
	}
	return p, nil
}

// SocketFilter loads the classifier as a filter for packet sockets of type
// SOCK_RAW (SO_ATTACH_BPF). They receive what it takes, in full, and nothing
// else. The program is the caller's to close; sockets that have it keep it.
func (c *Classifier) SocketFilter() (*ebpf.Program, error) {
	return c.skb("xlvs_filter", ebpf.SocketFilter, copied{}, filterWhole, filterNone)
}

// skb wraps the body in a program on socket buffers that returns take or pass.
func (c *Classifier) skb(name string, kind ebpf.ProgramType, frame access, take, pass int32) (*ebpf.Program, error) {
	insns := asm.Instructions{
		asm.LoadMem(asm.R0, asm.R1, skbMark, asm.Word),
		asm.JEq.Imm(asm.R0, HostMark, passLabel),
	}
	insns = append(insns, c.tables.classify(frame)...)
	insns = append(insns,
		asm.Mov.Imm(asm.R0, take).WithSymbol(takeLabel),
		asm.Return(),
		asm.Mov.Imm(asm.R0, pass).WithSymbol(passLabel),
		asm.Return(),
	)
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: name, Type: kind, Instructions: insns})
	if err != nil {
		return nil, fmt.Errorf("load %v program %s: %w", kind, name, err)
	}
	return p, nil
}
