package steer

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// newSockets returns a socket map in which no queue has a socket.
func newSockets(t *testing.T) *ebpf.Map {
	t.Helper()
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.XSKMap, KeySize: 4, ValueSize: 4, MaxEntries: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// TestXDPFallsBackToTheHost: what is taken must not be lost on a queue that has
// no socket.
func TestXDPFallsBackToTheHost(t *testing.T) {
	c := newClassifier(t)
	for name, opts := range map[string]XDPOptions{"one buffer": {}, "frags": {Frags: true}} {
		t.Run(name, func(t *testing.T) {
			p := shell{program: loaded(t)(c.XDP(newSockets(t), opts)), take: xdpDrop, pass: xdpPass}
			info, err := p.program.Info()
			if err != nil {
				t.Fatal(err)
			}
			if info.Name != "xlvs_steer" || p.program.Type() != ebpf.XDP {
				t.Errorf("program is %q of type %v", info.Name, p.program.Type())
			}
			for name, s := range seeds(t) {
				if p.takes(t, s.frame) {
					t.Errorf("%s: dropped by a queue without a socket", name)
				}
			}
		})
	}
}

// TestXDPFragsReadsTheFirstBuffer runs frames that do not fit into one.
func TestXDPFragsReadsTheFirstBuffer(t *testing.T) {
	p := newShells(t, newClassifier(t))["xdp frags"]
	for name, s := range seeds(t) {
		jumbo := append(s.frame, make([]byte, 9000-len(s.frame))...)
		want := testRules().Take(jumbo)
		if got := p.takes(t, jumbo); got != want {
			t.Errorf("%s, with 9000 bytes: program takes %t, Rules %t", name, got, want)
		}
	}
}

// TestLongFramesPass: what no ring has room for is left to packet sockets.
func TestLongFramesPass(t *testing.T) {
	const longest = 2000
	c := newClassifier(t)
	frame := seeds(t)["recorded udp query"].frame
	for name, opts := range map[string]XDPOptions{"one buffer": {Longest: longest}, "frags": {Longest: longest, Frags: true}} {
		flags := uint32(0)
		if opts.Frags {
			flags = unix.BPF_F_XDP_HAS_FRAGS
		}
		drop := append(opts.passLong(), asm.Mov.Imm(asm.R0, xdpDrop), asm.Return())
		p := shell{program: loaded(t)(c.xdp(drop, flags)), take: xdpDrop, pass: xdpPass}
		lengths := map[int]bool{len(frame): true, longest: true, longest + 1: false}
		if opts.Frags {
			lengths[9000] = false
		}
		for n, want := range lengths {
			if got := p.takes(t, append(frame, make([]byte, n-len(frame))...)); got != want {
				t.Errorf("%s: a frame of %d bytes is taken: %t, want %t", name, n, got, want)
			}
		}
	}
}
