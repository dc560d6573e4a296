package conformance

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"xlvs/bench/lab/labtest"
)

// TestPlay plays a script to xlvs twice, which must be the same, and then checks that
// what is not the same is found.
func TestPlay(t *testing.T) {
	labtest.New(t) // for what it takes to make a network
	binary := filepath.Join(t.TempDir(), "xlvs")
	build := exec.Command("go", "build", "-o", binary, "xlvs/cmd/xlvs")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build xlvs: %v\n%s", err, out)
	}
	s := twoProtocols()
	here := Here(XLVS(binary, "packet"))
	judge := Judge{Kernel: here, Other: here}
	if got := judge.Script(t.Context(), &s); !got.Same() {
		t.Fatalf("xlvs against itself: %v, %v", got.Err, got.Differences)
	}
	judge.Other = func(ctx context.Context, s *Script, o Options) (Observation, error) {
		obs, err := here(ctx, s, o)
		if err == nil {
			obs.Results[0].Frames[Real][0][ethernet+8]++ // TTL
		}
		return obs, err
	}
	got := judge.once(t.Context(), &s, Options{})
	if got.Err != nil || len(got.Differences) != 1 || got.Differences[0].Step != 0 {
		t.Errorf("with another TTL: %v, %v, want a difference in step 0", got.Err, got.Differences)
	}
}

// twoProtocols is a short script that has a step of every kind.
func twoProtocols() Script {
	f := &families[0]
	tcp, udp := f.on("tcp", 80), f.marked(3)
	t := tcp.talk(0, 4000, 0, 8080)
	return Script{
		Name:     "two protocols",
		Sysctls:  map[string]int{"conn_reuse_mode": 0},
		Marks:    []Mark{{3, f.vip(), "udp", 53}},
		Commands: []string{tcp.add("rr"), tcp.with(0, 8080, "-m"), udp.add("rr"), udp.with(1, 53, "-i")},
		Steps: []Step{
			from(Client, t.in("S")), from(Real, t.out("SA")), from(Client, t.in("A")),
			from(Client, f.on("udp", 53).talk(0, 4000, 0, 0).in("query")),
			set("expire_nodest_conn", 1), tcp.edit(0, 8080, "-m -w 0"), run("-d -t %s -r %s", t.virtual, t.real), wait(10), look(),
		},
	}
}

// TestJobRefuses checks that a job says what is wrong with its input.
func TestJobRefuses(t *testing.T) {
	if err := Job(t.Context(), json.RawMessage("{"), nil); err == nil {
		t.Error("Job() of half an object = nil")
	}
}

// TestElsewhere checks that a script and its observation survive the way to a guest
// and back.
func TestElsewhere(t *testing.T) {
	want := Observation{Results: []Result{{At: 7, Output: "x", Frames: map[Side][][]byte{Real: {{1, 2}}}}}}
	sent := Random(3)
	play := Elsewhere(func(_ context.Context, job string, input any, each func(json.RawMessage) error) error {
		b, err := json.Marshal(input)
		if err != nil {
			return err
		}
		var a assignment
		if err := json.Unmarshal(b, &a); err != nil {
			return err
		}
		if job != JobName || a.Script.String() != sent.String() {
			t.Errorf("job %s of\n%v", job, a.Script)
		}
		if b, err = json.Marshal(want); err != nil {
			return err
		}
		return each(b)
	})
	got, err := play(t.Context(), &sent, Options{})
	if err != nil || len(Compare(got, want)) > 0 || got.Results[0].At != 7 {
		t.Errorf("played elsewhere: %v, %v", got, err)
	}
}
