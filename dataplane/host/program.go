package host

import (
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// Where the context of a tcx program has what (struct __sk_buff in linux/bpf.h),
// and what such a program returns to say nothing about a frame (TCX_NEXT, which
// is TC_ACT_UNSPEC).
const (
	skbMark         = 8
	skbQueueMapping = 12
	skbData         = 76
	skbDataMeta     = 140

	tcxNext = -1
)

// toIngress has bpf_redirect put the frame where the interface receives, not
// where it sends (BPF_F_INGRESS).
const toIngress = 1

// passLabel is where the programs pass a frame on as it is.
const passLabel = "pass"

// newPortMap returns a map from queue mapping to interface for a TAP with that
// many ports.
func newPortMap(ports int) (*ebpf.Map, error) {
	entries := mapping(queueOf(ports))
	m, err := ebpf.NewMap(&ebpf.MapSpec{
		Name: "xlvs_ports", Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: entries,
	})
	if err != nil {
		return nil, fmt.Errorf("make a map of %d ports: %w", ports, err)
	}
	return m, nil
}

// mapping returns the skb's queue_mapping for a frame from that queue. The
// kernel stores one more than the number, so that 0 can stand for none.
func mapping(queue int) uint32 { return uint32(queue) + 1 }

// redirectByQueue returns a tcx program that marks a frame and redirects it to
// the ingress of the interface that ports has for its queue. Frames of a queue
// without one pass unmarked.
func redirectByQueue(ports *ebpf.Map, stamp bool) asm.Instructions {
	return append(asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadMem(asm.R2, asm.R6, skbQueueMapping, asm.Word),
		asm.StoreMem(asm.RFP, -4, asm.R2, asm.Word),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.LoadMapPtr(asm.R1, ports.FD()),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, passLabel),
		asm.LoadMem(asm.R7, asm.R0, 0, asm.Word),
		asm.JEq.Imm(asm.R7, 0, passLabel),
	}, redirect(stamp)...)
}

// redirectByMetadata returns a tcx program that does the same for frames with
// metadata as openLive's frames have it, and lets all others pass.
func redirectByMetadata(stamp bool) asm.Instructions {
	return append(asm.Instructions{
		asm.Mov.Reg(asm.R6, asm.R1),
		asm.LoadMem(asm.R2, asm.R6, skbDataMeta, asm.Word),
		asm.LoadMem(asm.R3, asm.R6, skbData, asm.Word),
		asm.Mov.Reg(asm.R4, asm.R2),
		asm.Add.Imm(asm.R4, metadataSize),
		asm.JGT.Reg(asm.R4, asm.R3, passLabel),
		asm.LoadMem(asm.R4, asm.R2, 0, asm.Word),
		asm.JNE.Imm(asm.R4, Mark, passLabel),
		asm.LoadMem(asm.R7, asm.R2, 4, asm.Word),
	}, redirect(stamp)...)
}

// redirect ends a program: it marks the frame of the context in R6, puts the
// stamp on it if there is to be one, and redirects it to the interface in R7.
func redirect(stamp bool) asm.Instructions {
	insns := asm.Instructions{
		asm.Mov.Imm(asm.R2, Mark),
		asm.StoreMem(asm.R6, skbMark, asm.R2, asm.Word),
		// The queue was the TAP's. On a port that has fewer the kernel warns.
		asm.Mov.Imm(asm.R2, 0),
		asm.StoreMem(asm.R6, skbQueueMapping, asm.R2, asm.Word),
	}
	if stamp {
		insns = append(insns, putStamp()...)
	}
	return append(insns,
		asm.Mov.Reg(asm.R1, asm.R7),
		asm.Mov.Imm(asm.R2, toIngress),
		asm.FnRedirect.Call(),
		asm.Return(),
		asm.Mov.Imm(asm.R0, tcxNext).WithSymbol(passLabel),
		asm.Return(),
	)
}

// putStamp overwrites the source of the frame of the context in R6.
func putStamp() asm.Instructions {
	const sourceAt = 6 // in an Ethernet header
	var insns asm.Instructions
	stamp := Stamp()
	for i, b := range stamp {
		insns = append(insns, asm.StoreImm(asm.RFP, int16(i)-8, int64(b), asm.Byte))
	}
	return append(insns,
		asm.Mov.Reg(asm.R1, asm.R6),
		asm.Mov.Imm(asm.R2, sourceAt),
		asm.Mov.Reg(asm.R3, asm.RFP),
		asm.Add.Imm(asm.R3, -8),
		asm.Mov.Imm(asm.R4, int32(len(stamp))),
		asm.Mov.Imm(asm.R5, 0),
		asm.FnSkbStoreBytes.Call(),
	)
}

// always returns a program that returns n for every frame.
func always(n int32) asm.Instructions {
	return asm.Instructions{asm.Mov.Imm(asm.R0, n), asm.Return()}
}

func loadProgram(name string, typ ebpf.ProgramType, insns asm.Instructions) (*ebpf.Program, error) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: name, Type: typ, Instructions: insns})
	if err != nil {
		return nil, fmt.Errorf("load %v program %s: %w", typ, name, err)
	}
	return p, nil
}
