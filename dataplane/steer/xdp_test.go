package steer

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
)

// What the kernel takes as input of a test run.
const (
	minTestFrame = ethernetSize
	maxTestFrame = 3000
)

// skip says why a test cannot run here, which is a failure where it must.
func skip(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("XLVS_PRIVILEGED") == "1" || !errors.Is(err, unix.EPERM) {
		t.Fatal(err)
	}
	t.Skip(err)
}

// newClassifier returns a Classifier with the rules of the tests.
func newClassifier(t testing.TB) *Classifier {
	t.Helper()
	c, err := New(64)
	if err != nil {
		skip(t, err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := c.Update(testRules()); err != nil {
		t.Fatal(err)
	}
	return c
}

// newDropper returns the classifier in a shell that drops what it takes: a
// test run cannot tell a redirect without a socket from a pass.
func newDropper(t testing.TB, c *Classifier) *ebpf.Program {
	t.Helper()
	p, err := c.xdp(asm.Instructions{asm.Mov.Imm(asm.R0, xdpDrop), asm.Return()})
	if err != nil {
		skip(t, err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// takes reports whether the program takes frame.
func takes(t testing.TB, p *ebpf.Program, frame []byte) bool {
	t.Helper()
	ret, err := p.Run(&ebpf.RunOptions{Data: frame})
	if err != nil {
		t.Fatalf("test run of % x: %v", frame, err)
	}
	if ret != xdpDrop && ret != xdpPass {
		t.Fatalf("program returns %d for % x", ret, frame)
	}
	return ret == xdpDrop
}

func TestProgramTakes(t *testing.T) {
	p := newDropper(t, newClassifier(t))
	for name, s := range seeds(t) {
		t.Run(name, func(t *testing.T) {
			if got := takes(t, p, s.frame); got != s.take {
				t.Errorf("program takes % x: %t, want %t", s.frame, got, s.take)
			}
		})
	}
}

func TestProgramAgreesOnTruncatedFrames(t *testing.T) {
	p, rules := newDropper(t, newClassifier(t)), testRules()
	for name, s := range seeds(t) {
		for n := minTestFrame; n < min(len(s.frame), 200); n++ {
			if got, want := takes(t, p, s.frame[:n]), rules.Take(s.frame[:n]); got != want {
				t.Errorf("%s, first %d bytes: program takes %t, Rules %t", name, n, got, want)
			}
		}
	}
}

// TestProgramAgreesOnMutatedFrames damages the seeds in ways that leave most of
// the frame meaningful.
func TestProgramAgreesOnMutatedFrames(t *testing.T) {
	p, rules := newDropper(t, newClassifier(t)), testRules()
	rnd := rand.New(rand.NewPCG(1, 2))
	taken, total := 0, 0
	for name, s := range seeds(t) {
		for range 200 {
			frame := mutate(rnd, s.frame)
			got, want := takes(t, p, frame), rules.Take(frame)
			if got != want {
				t.Fatalf("mutated %s: program takes %t, Rules %t: % x", name, got, want, frame)
			}
			if total++; want {
				taken++
			}
		}
	}
	// Frames that are all passed, or all taken, would prove little.
	if taken < total/10 || taken > total*9/10 {
		t.Errorf("%d of %d mutated frames are taken", taken, total)
	}
}

// mutate returns a copy of frame with one to three changes, long enough for a
// test run.
func mutate(rnd *rand.Rand, frame []byte) []byte {
	interesting := []byte{0, 1, 4, 6, 17, 43, 44, 50, 51, 58, 60, 132, 0x45, 0x60, 0x81, 0xff}
	out := append([]byte(nil), frame...)
	for range 1 + rnd.IntN(3) {
		i := rnd.IntN(len(out))
		switch rnd.IntN(5) {
		case 0:
			out[i] ^= 1 << rnd.IntN(8)
		case 1:
			out[i] = byte(rnd.Uint32())
		case 2:
			out[i] = interesting[rnd.IntN(len(interesting))]
		case 3: // two places change their places
			j := rnd.IntN(len(out))
			out[i], out[j] = out[j], out[i]
		case 4:
			out = out[:max(i, minTestFrame)]
		}
	}
	return out
}

func TestXDP(t *testing.T) {
	c := newClassifier(t)
	sockets, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.XSKMap, KeySize: 4, ValueSize: 4, MaxEntries: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer sockets.Close()
	p, err := c.XDP(sockets)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil {
		t.Fatal(err)
	}
	if info.Name != "xlvs_steer" || p.Type() != ebpf.XDP {
		t.Errorf("program is %q of type %v", info.Name, p.Type())
	}
	// Older verifiers give up at a million; theirs may prune less than this one.
	if n, ok := info.VerifiedInstructions(); ok && n > 100_000 {
		t.Errorf("verifier walks %d instructions", n)
	}
	// No queue has a socket: what is taken must fall back to the host.
	for name, s := range seeds(t) {
		if takes(t, p, s.frame) {
			t.Errorf("%s: dropped by a queue without a socket", name)
		}
	}
}

func FuzzClassifierAgrees(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s.frame)
	}
	rules := testRules()
	var p *ebpf.Program // stays nil, and only Take is fuzzed, where BPF is not permitted
	if c, err := New(64); err == nil {
		f.Cleanup(func() { c.Close() })
		if err := c.Update(rules); err != nil {
			f.Fatal(err)
		}
		p = newDropper(f, c)
	} else if os.Getenv("XLVS_PRIVILEGED") == "1" {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		want := rules.Take(frame)
		if p == nil || len(frame) < minTestFrame || len(frame) > maxTestFrame {
			return
		}
		if got := takes(t, p, frame); got != want {
			t.Errorf("program takes %t, Rules %t: % x", got, want, frame)
		}
	})
}

// rows names what the benchmarks run: hits and misses by their lookups.
func rows() []string {
	return []string{
		"tcp to a service", "tcp to a service over ipv6", "to a port 0 service", "six extension headers",
		"real server to a client", "real server to a client over ipv6", "unreachable about a service's packet",
		"ssh to the host", "ssh to the host over ipv6", "recorded arp request",
	}
}

func BenchmarkProgram(b *testing.B) {
	p, all := newDropper(b, newClassifier(b)), seeds(b)
	for _, name := range rows() {
		s := all[name]
		b.Run(name, func(b *testing.B) {
			ret, _, err := p.Benchmark(s.frame, b.N, b.ResetTimer)
			if err != nil {
				b.Fatal(err)
			}
			if got := ret == xdpDrop; got != s.take {
				b.Fatalf("program takes %t, want %t", got, s.take)
			}
		})
	}
}

func BenchmarkTake(b *testing.B) {
	rules, all := testRules(), seeds(b)
	for _, name := range rows() {
		s := all[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if rules.Take(s.frame) != s.take {
					b.Fatal("taken otherwise")
				}
			}
		})
	}
}
