package steer

import (
	"encoding/binary"
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
	c, err := New(128)
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

// A shell is the classifier in a program that test runs can tell the verdict of.
type shell struct {
	program    *ebpf.Program
	take, pass uint32
	lead       int  // bytes that a test run hides in front of the frame
	whole      bool // test runs want whole IP headers
}

// newShells returns all shells that c has, by name. Those of XDP drop what they
// take: a test run cannot tell a redirect without a socket from a pass.
func newShells(t testing.TB, c *Classifier) map[string]shell {
	t.Helper()
	drop := func(flags uint32) *ebpf.Program {
		return loaded(t)(c.xdp(asm.Instructions{asm.Mov.Imm(asm.R0, xdpDrop), asm.Return()}, flags))
	}
	return map[string]shell{
		"xdp":       {drop(0), xdpDrop, xdpPass, 0, false},
		"xdp frags": {drop(unix.BPF_F_XDP_HAS_FRAGS), xdpDrop, xdpPass, 0, false},
		"drop":      {loaded(t)(c.Drop()), tcxDrop, 1<<32 + tcxNext, 0, true},
		// A test run takes an Ethernet header off that a packet socket would see.
		"socket filter": {loaded(t)(c.SocketFilter()), 1<<32 + filterWhole, filterNone, ethernetSize, false},
	}
}

// loaded returns what makes a program the test's to close.
func loaded(t testing.TB) func(*ebpf.Program, error) *ebpf.Program {
	return func(p *ebpf.Program, err error) *ebpf.Program {
		t.Helper()
		if err != nil {
			skip(t, err)
		}
		t.Cleanup(func() { p.Close() })
		return p
	}
}

// input returns what a test run is to be given for the program to see frame.
func (s shell) input(frame []byte) []byte { return append(make([]byte, s.lead), frame...) }

// takes reports whether the shell takes frame.
func (s shell) takes(t testing.TB, frame []byte) bool {
	t.Helper()
	return s.takesIn(t, nil, frame)
}

// takesIn is takes in a context other than the plain one.
func (s shell) takesIn(t testing.TB, context any, frame []byte) bool {
	t.Helper()
	ret, err := s.program.Run(&ebpf.RunOptions{Data: s.input(frame), Context: context})
	if err != nil {
		t.Fatalf("test run of % x: %v", frame, err)
	}
	if ret != s.take && ret != s.pass {
		t.Fatalf("program returns %#x for % x", ret, frame)
	}
	return ret == s.take
}

// agrees reports whether the shell takes frame, or does not, as it should, if
// the kernel makes a test run of it.
func (s shell) agrees(t testing.TB, frame []byte, take bool) bool {
	t.Helper()
	return s.whole && cutOff(frame) || s.takes(t, frame) == take
}

// cutOff reports whether frame ends before its IP header does, options aside.
func cutOff(frame []byte) bool {
	switch binary.BigEndian.Uint16(frame[12:]) {
	case typeIPv4:
		return len(frame) < ethernetSize+ipv4Size
	case typeIPv6:
		return len(frame) < ethernetSize+ipv6Size
	}
	return false
}

func TestShellsTake(t *testing.T) {
	for shell, p := range newShells(t, newClassifier(t)) {
		for name, s := range seeds(t) {
			t.Run(shell+"/"+name, func(t *testing.T) {
				if !p.agrees(t, s.frame, s.take) {
					t.Errorf("program takes % x: %t, want %t", s.frame, !s.take, s.take)
				}
			})
		}
	}
}

func TestShellsAgreeOnTruncatedFrames(t *testing.T) {
	shells, rules := newShells(t, newClassifier(t)), testRules()
	for name, s := range seeds(t) {
		for n := minTestFrame; n < min(len(s.frame), 200); n++ {
			want := rules.Take(s.frame[:n])
			for shell, p := range shells {
				if !p.agrees(t, s.frame[:n], want) {
					t.Errorf("%s, first %d bytes: %s takes %t, Rules %t", name, n, shell, !want, want)
				}
			}
		}
	}
}

// TestShellsAgreeOnMutatedFrames damages the seeds in ways that leave most of
// the frame meaningful.
func TestShellsAgreeOnMutatedFrames(t *testing.T) {
	shells, rules := newShells(t, newClassifier(t)), testRules()
	rnd := rand.New(rand.NewPCG(1, 2))
	taken, total := 0, 0
	for name, s := range seeds(t) {
		for range 100 {
			frame := mutate(rnd, s.frame)
			want := rules.Take(frame)
			for shell, p := range shells {
				if !p.agrees(t, frame, want) {
					t.Fatalf("mutated %s: %s takes %t, Rules %t: % x", name, shell, !want, want, frame)
				}
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

// TestVerifierWalk keeps room to the million instructions at which verifiers
// give up: older ones may prune less than this one.
func TestVerifierWalk(t *testing.T) {
	for name, s := range newShells(t, newClassifier(t)) {
		info, err := s.program.Info()
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := info.VerifiedInstructions(); ok && n > 100_000 {
			t.Errorf("%s: verifier walks %d instructions", name, n)
		}
	}
}

func FuzzClassifierAgrees(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s.frame)
	}
	rules := testRules()
	var shells map[string]shell // stays empty, and only Take is fuzzed, where BPF is not permitted
	if c, err := New(128); err == nil {
		f.Cleanup(func() { c.Close() })
		if err := c.Update(rules); err != nil {
			f.Fatal(err)
		}
		shells = newShells(f, c)
	} else if os.Getenv("XLVS_PRIVILEGED") == "1" {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		want := rules.Take(frame)
		if len(frame) < minTestFrame || len(frame) > maxTestFrame {
			return
		}
		for name, s := range shells {
			if !s.agrees(t, frame, want) {
				t.Errorf("%s takes %t, Rules %t: % x", name, !want, want, frame)
			}
		}
	})
}
