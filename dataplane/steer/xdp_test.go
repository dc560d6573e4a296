package steer

import (
	"testing"

	"github.com/cilium/ebpf"
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
	for name, load := range map[string]func(*ebpf.Map) (*ebpf.Program, error){"XDP": c.XDP, "XDPFrags": c.XDPFrags} {
		t.Run(name, func(t *testing.T) {
			p := shell{program: loaded(t)(load(newSockets(t))), take: xdpDrop, pass: xdpPass}
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
