package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/conformance"
)

// silent is a player of directors that do nothing.
func silent(_ context.Context, s *conformance.Script, _ conformance.Options) (conformance.Observation, error) {
	return conformance.Observation{Results: make([]conformance.Result, len(s.Steps))}, nil
}

// talkative answers its first step, if it has two, so many times.
func talkative(times int) conformance.Player {
	return func(ctx context.Context, s *conformance.Script, o conformance.Options) (conformance.Observation, error) {
		obs, err := silent(ctx, s, o)
		if times--; times >= 0 && len(obs.Results) >= 2 {
			obs.Results[0].Output = "hello"
		}
		return obs, err
	}
}

func TestTryRandom(t *testing.T) {
	const always = 1_000_000
	tests := map[string]struct {
		times       int // that it differs
		shrink      bool
		found, once int
		kept        int
		stdout      string
	}{
		"the same":           {0, true, 0, 0, 0, "same  random/5"},
		"differs":            {always, true, 1, 0, 1, "kept  "},
		"differs, left long": {always, false, 1, 0, 0, "DIFF  random/5"},
		"differed once":      {2, true, 0, 1, 0, "once  random/5"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "found")
			judge := &conformance.Judge{Kernel: silent, Other: talkative(tt.times)}
			var report conformance.Report
			var stdout strings.Builder
			err := try(t.Context(), judge, &report, trialOptions{random: 1, seed: 5, shrink: tt.shrink, found: dir}, &stdout)
			if errors.Is(err, errDiffers) != (tt.found > 0) {
				t.Errorf("try() = %v", err)
			}
			if len(report.Random.Found) != tt.found || report.Random.Once != tt.once || report.Random.Played != 1 || report.Random.Seed != 5 {
				t.Errorf("the report has %+v", report.Random)
			}
			if files, _ := os.ReadDir(dir); len(files) != tt.kept {
				t.Errorf("%d scripts are kept, want %d", len(files), tt.kept)
			}
			if !strings.Contains(stdout.String(), tt.stdout) {
				t.Errorf("printed\n%s\nwithout %q", &stdout, tt.stdout)
			}
			if tt.kept > 0 && len(report.Random.Found[0].Script.Steps) != 2 {
				t.Errorf("it is shrunk to\n%v", &report.Random.Found[0].Script)
			}
		})
	}
}

// TestTryNoPlace checks that a script which cannot be kept is an error.
func TestTryNoPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	judge := &conformance.Judge{Kernel: silent, Other: talkative(1_000_000)}
	err := try(t.Context(), judge, &conformance.Report{}, trialOptions{random: 1, shrink: true, found: file}, io.Discard)
	if err == nil || errors.Is(err, errDiffers) {
		t.Errorf("try() = %v", err)
	}
}
