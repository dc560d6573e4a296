package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/conformance"
)

func TestTrialFlags(t *testing.T) {
	tests := map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"nobody plays":     {[]string{"-parallel", "0"}, exitUsage, "-parallel 0 is not in"},
		"too many scripts": {[]string{"-random", "-1"}, exitUsage, "-random -1 is not in"},
		"unknown flag":     {[]string{"-fast"}, exitUsage, "not defined: -fast"},
		"help":             {[]string{"-h"}, exitDone, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := dispatch(t.Context(), append([]string{"conformance"}, tt.args...), &stdout, &stderr); code != tt.code || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("exit code %d, stderr %q, want %d, %q", code, &stderr, tt.code, tt.stderr)
			}
		})
	}
}

func TestTrialScripts(t *testing.T) {
	all, quick := trialScripts(trialOptions{}), trialScripts(trialOptions{quick: true})
	if len(quick) == 0 || len(quick) >= len(all)/2 {
		t.Errorf("the selection has %d of %d scripts", len(quick), len(all))
	}
	for _, s := range trialScripts(trialOptions{only: "ftp/,host/"}) {
		if !strings.HasPrefix(s.Name, "ftp/") && !strings.HasPrefix(s.Name, "host/") {
			t.Errorf("-case ftp/,host/ selects %s", s.Name)
		}
	}
	random := trialScripts(trialOptions{random: 2, seed: 5})
	if len(random) != 2 || random[1].Name != conformance.Random(6).Name {
		t.Errorf("-random 2 -seed 5 selects %d scripts", len(random))
	}
}

func TestPrintJudgement(t *testing.T) {
	differs := conformance.Judgement{Script: conformance.Script{Name: "x"}, Differences: make([]conformance.Difference, 9)}
	failed := conformance.Judgement{Script: conformance.Script{Name: "x"}, Err: errors.New("fell over")}
	tests := map[string]struct {
		j     conformance.Judgement
		lines int
		begin string
	}{
		"the same": {conformance.Judgement{Script: conformance.Script{Name: "x"}}, 1, "same  x"},
		"failed":   {failed, 1, "ERROR x: fell over"},
		"differs":  {differs, 1 + 6*3, "DIFF  x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			printJudgement(&b, &tt.j, false)
			if !strings.HasPrefix(b.String(), tt.begin) || strings.Count(b.String(), "\n") != tt.lines {
				t.Errorf("printed %d lines:\n%s", strings.Count(b.String(), "\n"), &b)
			}
		})
	}
}

func TestWriteReport(t *testing.T) {
	if err := writeReport(filepath.Join(t.TempDir(), "CONFORMANCE.md"), &conformance.Report{Kernel: "6.1"}); err != nil {
		t.Error(err)
	}
	if err := writeReport(filepath.Join(t.TempDir(), "no", "such", "folder"), &conformance.Report{}); err == nil {
		t.Error("no error for a folder that is not there")
	}
}
