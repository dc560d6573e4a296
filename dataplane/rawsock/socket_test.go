package rawsock

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// accept is a socket filter that takes whole frames of one EtherType.
func accept(t *testing.T, etherType int32) *ebpf.Program {
	t.Helper()
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "accept_type", Type: ebpf.SocketFilter, License: "GPL",
		Instructions: asm.Instructions{
			asm.Mov.Reg(asm.R6, asm.R1),
			asm.LoadAbs(12, asm.Half),
			asm.Mov.Reg(asm.R1, asm.R0),
			asm.Mov.Imm(asm.R0, 0),
			asm.JNE.Imm(asm.R1, etherType, "drop"),
			asm.Mov.Imm(asm.R0, 1<<20),
			asm.Return().WithSymbol("drop"),
		},
	})
	if err != nil {
		t.Fatalf("load program: %v", err)
	}
	t.Cleanup(func() { prog.Close() })
	return prog
}

func TestFilter(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g := newGroup(t, Options{})
	near := open(t, g, 0, w.near)
	far, err := g.Open(1, w.far.Attrs().Index, accept(t, 0x88b5), Fanout{})
	if err != nil {
		t.Fatal(err)
	}
	other := numbered(1)
	other[13]++
	send(t, near, make1(t, g, other), make1(t, g, numbered(900)))
	got := arrive(t, g, far, 1)
	if !bytes.Equal(got[0].Bytes(), numbered(900)) {
		t.Errorf("received % x, want % x", got[0].Bytes(), numbered(900))
	}
	g.Release(got)
	silent(t, far)
	if st, err := far.Stats(); err != nil || st != (Stats{Rx: 1}) {
		t.Errorf("Stats() = %+v, %v, want one received, and what the filter refused not lost", st, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	index := w.near.Attrs().Index
	g := newGroup(t, Options{})
	open(t, g, 0, w.near)
	closed := newGroup(t, Options{})
	closed.Close()
	xdp, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.XDP, License: "GPL", Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 2), asm.Return()},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer xdp.Close()
	tests := map[string]struct {
		g       *Group
		ifindex int
		filter  *ebpf.Program
		fanout  Fanout
		want    error
		says    string
	}{
		"port of this group":         {g, index, nil, Fanout{}, ErrBusy, "eth0"},
		"every interface":            {g, 0, nil, Fanout{}, unix.EINVAL, "interface 0"},
		"no such interface":          {g, 9999, nil, Fanout{}, unix.ENODEV, "namespace"},
		"program of another kind":    {g, w.far.Attrs().Index, xdp, Fanout{}, unix.EINVAL, "socket filter"},
		"fanout of too many":         {g, w.far.Attrs().Index, nil, Fanout{1, 257}, nil, "257"},
		"fanout of less than none":   {g, w.far.Attrs().Index, nil, Fanout{1, -1}, nil, "-1"},
		"group that has been closed": {closed, index, nil, Fanout{}, ErrClosed, "closed"},
	}
	before := descriptors(t)
	for name, tt := range tests {
		_, err := tt.g.Open(0, tt.ifindex, tt.filter, tt.fanout)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: Open error = %v, want %v and %q", name, err, tt.want, tt.says)
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open after refusals, %d were before", after, before)
	}
	open(t, g, 1, w.far) // a refused port is free
}

// descriptors returns how many files the process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// TestCloseGivesEverythingBack counts descriptors and mappings.
func TestCloseGivesEverythingBack(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	once := func() {
		g, err := NewGroup(Options{})
		if err != nil {
			t.Fatal(err)
		}
		near, far := open(t, g, 0, w.near), open(t, g, 1, w.far)
		send(t, near, make1(t, g, numbered(1)))
		g.Release(arrive(t, g, far, 1))
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	once()
	before := descriptors(t)
	for range 20 {
		once()
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
}

// TestStatsFromAnotherGoroutine reads while the worker works, and closes.
func TestStatsFromAnotherGoroutine(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0")
	g := newGroup(t, Options{})
	s := open(t, g, 0, w.near)
	var reader sync.WaitGroup
	reader.Go(func() {
		for range 200 {
			if _, err := s.Stats(); err != nil {
				t.Errorf("Stats error = %v, want nil", err)
			}
			g.Wake()
		}
	})
	for i := range 100 {
		send(t, s, make1(t, g, numbered(i)))
		if err := g.Wait(0); err != nil {
			t.Error(err)
		}
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	reader.Wait()
}

func TestOptions(t *testing.T) {
	tests := map[string]struct {
		in Options
		ok bool
	}{
		"zero value":          {Options{}, true},
		"every field":         {Options{Buffers: 1, Backlog: 1}, true},
		"negative buffers":    {Options{Buffers: -1}, false},
		"too many buffers":    {Options{Buffers: 1<<15 + 1}, false},
		"negative backlog":    {Options{Backlog: -1}, false},
		"backlog over an int": {Options{Backlog: 1<<30 + 1}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := tt.in.withDefaults(); (err == nil) != tt.ok {
				t.Errorf("withDefaults(%+v) error = %v, want ok %t", tt.in, err, tt.ok)
			}
		})
	}
}
