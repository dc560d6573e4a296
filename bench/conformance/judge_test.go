package conformance

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// forwards is a director that sends every packet of clients on as it came.
func forwards(_ context.Context, s *Script, _ Options) (obs Observation, err error) {
	for _, step := range s.Steps {
		r := Result{Frames: map[Side][][]byte{}}
		for _, p := range step.Packets {
			b, err := p.build()
			if err != nil {
				return obs, err
			}
			r.Frames[Real] = append(r.Frames[Real], append(make([]byte, ethernet), b...))
		}
		obs.Results = append(obs.Results, r)
	}
	return obs, nil
}

// forgets is one that loses what a client's FIN says after a change of a real server.
func forgets(ctx context.Context, s *Script, o Options) (Observation, error) {
	obs, err := forwards(ctx, s, o)
	edited := false
	for i, step := range s.Steps {
		edited = edited || strings.HasPrefix(step.Command, "-e ")
		fin := slices.IndexFunc(step.Packets, func(p Packet) bool { return p.Flags == "F" })
		if edited && fin >= 0 && err == nil {
			obs.Results[i].Frames[Real] = slices.Delete(obs.Results[i].Frames[Real], fin, fin+1)
		}
	}
	return obs, err
}

// TestShrunk finds a mistake by random scripts, and makes them as short as they can be:
// a change, and a packet after it.
func TestShrunk(t *testing.T) {
	judge := Judge{Kernel: forwards, Other: forgets}
	found := 0
	for seed := uint64(0); found < 5; seed++ {
		if seed == 1000 {
			t.Fatal("1000 seeds do not find it")
		}
		s := Random(seed)
		j := judge.Script(t.Context(), &s)
		if j.Same() {
			continue
		}
		found++
		short, again := judge.Shrunk(t.Context(), j)
		if !again || len(short.Script.Commands) > 0 || len(short.Script.Steps) != 2 || len(short.Script.Steps[1].Packets) != 1 {
			t.Errorf("seed %d: Shrunk() = %t,\n%v", seed, again, &short.Script)
		}
		if short.Same() || short.Script.Name != s.Name {
			t.Errorf("seed %d: the judgement of %s has differences %v", seed, short.Script.Name, short.Differences)
		}
	}
}

// TestShrunkOnce checks that what does not differ again is not taken for a mistake.
func TestShrunkOnce(t *testing.T) {
	var plays atomic.Int32
	once := func(ctx context.Context, s *Script, o Options) (Observation, error) {
		obs, err := forwards(ctx, s, o)
		if plays.Add(1) <= 2 { // Script plays it again itself
			obs.Results = nil
		}
		return obs, err
	}
	judge := Judge{Kernel: forwards, Other: once}
	s := Random(1)
	j := judge.Script(t.Context(), &s)
	if j.Same() {
		t.Fatal("it does not differ at all")
	}
	if _, again := judge.Shrunk(t.Context(), j); again {
		t.Error("Shrunk() = true of what has differed once")
	}
}

// TestShrunkKeepsToTheKind checks that a script which comes to differ in another way
// does not count.
func TestShrunkKeepsToTheKind(t *testing.T) {
	s := Script{Name: "x", Steps: []Step{run("-a"), run("-b"), run("-c")}}
	outputs := func(_ context.Context, s *Script, _ Options) (obs Observation, err error) {
		obs.Results = make([]Result, len(s.Steps))
		switch len(s.Steps) {
		case 0:
		case 1:
			obs.Results[0].Frames = map[Side][][]byte{Real: {{1}}}
		default:
			obs.Results[0].Output = "x"
		}
		return obs, nil
	}
	quiet := func(_ context.Context, s *Script, _ Options) (Observation, error) {
		return Observation{Results: make([]Result, len(s.Steps))}, nil
	}
	judge := Judge{Kernel: outputs, Other: quiet}
	short, again := judge.Shrunk(t.Context(), judge.once(t.Context(), &s, Options{}))
	if !again || len(short.Script.Steps) != 2 || short.kind() != "output" {
		t.Errorf("Shrunk() = %t, %v with %v", again, &short.Script, short.Differences)
	}
}

// TestJudgeOrder checks that scripts are told of in their order, with errors.
func TestJudgeOrder(t *testing.T) {
	fails := func(ctx context.Context, s *Script, o Options) (Observation, error) {
		if s.Name == "random/3" {
			return Observation{}, errors.New("fell over")
		}
		return forwards(ctx, s, o)
	}
	var list []Script
	for seed := range uint64(10) {
		list = append(list, Random(seed))
	}
	judge := Judge{Kernel: forwards, Other: fails, Parallel: 3}
	n := 0
	judge.Scripts(t.Context(), list, func(j Judgement) {
		if j.Script.Name != list[n].Name || (j.Err != nil) != (n == 3) || j.Same() == (n == 3) {
			t.Errorf("judgement %d is of %s: %v", n, j.Script.Name, j.Err)
		}
		n++
	})
	if n != len(list) {
		t.Errorf("%d judgements of %d scripts", n, len(list))
	}
}
