package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"

	"xlvs/bench/compare"
)

// A costMeter reads the processor time that a competitor's work is part of: that of
// its processes, and that of all softirq work of the machine, where packets are
// received. Most kernels charge softirq work to the process that it interrupts or
// that causes it, so that what is done in the midst of the competitor's processes is
// counted already: two programs on the kernel's tracepoints time the rest. (With
// CONFIG_IRQ_TIME_ACCOUNTING no process is charged, and the sum is too small.) They
// cost a tenth of a microsecond each time that softirq work is taken up.
type costMeter struct {
	pids      []int
	elsewhere *ebpf.Map // a softirqTime of each processor
	own       *ebpf.Map // the competitor's processes
	closers   []func() error
}

// A softirqTime is what is known of a processor.
type softirqTime struct {
	Began uint64 // ns, of the work that it is at or was at last
	Sum   uint64 // ns, of work outside of the competitor's processes
}

// Offsets of a softirqTime.
const beganAt, sumAt = 0, 8

// meter returns the meter of the processes that there are now.
func (s *site) meter() (_ *costMeter, err error) {
	m := new(costMeter)
	defer func() {
		if err != nil {
			err = errors.Join(err, m.close())
		}
	}()
	for _, p := range s.work.processes {
		pids, err := compare.Family(p.PID())
		if err != nil {
			return nil, err
		}
		m.pids = append(m.pids, pids...)
	}
	if err := m.makeMaps(); err != nil {
		return nil, err
	}
	exit, err := m.exit()
	if err != nil {
		return nil, err
	}
	// The end of work first, lest a beginning be taken for that of later work.
	return m, errors.Join(m.attach("softirq_exit", exit), m.attach("softirq_entry", m.entry()))
}

func (m *costMeter) makeMaps() (err error) {
	if m.elsewhere, err = m.makeMap(ebpf.MapSpec{Name: "softirq", Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 16, MaxEntries: 1}); err != nil {
		return err
	}
	spec := ebpf.MapSpec{Name: "processes", Type: ebpf.Hash, KeySize: 4, ValueSize: 1, MaxEntries: uint32(max(1, len(m.pids)))}
	for _, pid := range m.pids {
		spec.Contents = append(spec.Contents, ebpf.MapKV{Key: uint32(pid), Value: uint8(1)})
	}
	m.own, err = m.makeMap(spec)
	return err
}

func (m *costMeter) makeMap(spec ebpf.MapSpec) (*ebpf.Map, error) {
	made, err := ebpf.NewMap(&spec)
	if err != nil {
		return nil, fmt.Errorf("make map %s: %w", spec.Name, err)
	}
	m.closers = append(m.closers, made.Close)
	return made, nil
}

// attach has program run at a tracepoint of the irq system.
func (m *costMeter) attach(tracepoint string, program asm.Instructions) error {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: tracepoint, Type: ebpf.RawTracepoint, License: "GPL", Instructions: program})
	if err != nil {
		return fmt.Errorf("load the program of tracepoint %s: %w", tracepoint, err)
	}
	m.closers = append(m.closers, p.Close)
	l, err := link.AttachRawTracepoint(link.RawTracepointOptions{Name: tracepoint, Program: p})
	if err != nil {
		return fmt.Errorf("attach to tracepoint %s: %w", tracepoint, err)
	}
	m.closers = append(m.closers, l.Close)
	return nil
}

// entry notes when work begins.
func (m *costMeter) entry() asm.Instructions {
	return append(m.processor(),
		asm.StoreMem(asm.R7, beganAt, asm.R6, asm.DWord),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("done"),
		asm.Return())
}

// exit adds what has ended, unless it was in the midst of one of the competitor's
// processes, which are known by their numbers in our own namespace.
func (m *costMeter) exit() (asm.Instructions, error) {
	info, err := os.Stat("/proc/self/ns/pid")
	if err != nil {
		return nil, fmt.Errorf("find the namespace of processes: %w", err)
	}
	ns := info.Sys().(*syscall.Stat_t) // as os documents for Linux
	const numbers, tgid = -16, -12     // struct bpf_pidns_info, and where its second word is
	foreign := asm.Instructions{
		asm.StoreImm(asm.RFP, numbers, 0, asm.Word),
		asm.StoreImm(asm.RFP, tgid, 0, asm.Word),
		asm.LoadImm(asm.R1, int64(ns.Dev), asm.DWord),
		asm.LoadImm(asm.R2, int64(ns.Ino), asm.DWord),
		asm.Mov.Reg(asm.R3, asm.RFP),
		asm.Add.Imm(asm.R3, numbers),
		asm.Mov.Imm(asm.R4, 8),
		asm.FnGetNsCurrentPidTgid.Call(), // zeros for what is not in it
		asm.LoadMapPtr(asm.R1, m.own.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, tgid),
		asm.FnMapLookupElem.Call(),
		asm.JNE.Imm(asm.R0, 0, "done"),
	}
	return append(append(foreign, m.processor()...),
		asm.LoadMem(asm.R1, asm.R7, beganAt, asm.DWord),
		asm.JEq.Imm(asm.R1, 0, "done"),
		asm.Sub.Reg(asm.R6, asm.R1),
		asm.LoadMem(asm.R1, asm.R7, sumAt, asm.DWord),
		asm.Add.Reg(asm.R1, asm.R6),
		asm.StoreMem(asm.R7, sumAt, asm.R1, asm.DWord),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("done"),
		asm.Return()), nil
}

// processor leaves the time in R6 and the processor's softirqTime in R7.
func (m *costMeter) processor() asm.Instructions {
	return asm.Instructions{
		asm.FnKtimeGetNs.Call(),
		asm.Mov.Reg(asm.R6, asm.R0),
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, m.elsewhere.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "done"),
		asm.Mov.Reg(asm.R7, asm.R0),
	}
}

// read returns the time up to now, from an arbitrary beginning.
func (m *costMeter) read() (sum time.Duration, err error) {
	var byCPU []softirqTime
	if err := m.elsewhere.Lookup(uint32(0), &byCPU); err != nil {
		return 0, fmt.Errorf("read the time of softirq work: %w", err)
	}
	for _, one := range byCPU {
		sum += time.Duration(one.Sum)
	}
	for _, pid := range m.pids {
		t, err := cpuTime(pid)
		if err != nil {
			return 0, err
		}
		sum += t
	}
	return sum, nil
}

// close detaches the programs.
func (m *costMeter) close() error {
	var errs []error
	for i := len(m.closers) - 1; i >= 0; i-- {
		errs = append(errs, m.closers[i]())
	}
	return errors.Join(errs...)
}
