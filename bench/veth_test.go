package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"xlvs/bench/lab/labtest"
)

// TestMeasurements runs the commands with the real director, which is built once.
func TestMeasurements(t *testing.T) {
	labtest.New(t)
	// With the race detector in it, a program sleeps for a second at its end.
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	d, err := newDirector(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("every path", func(t *testing.T) { testVeth(t, d.binary) })
	t.Run("large frames, one connection", func(t *testing.T) { testTable(t, d.binary) })
	t.Run("idle", func(t *testing.T) { testIdle(t, d.binary) })
	t.Run("bulk", func(t *testing.T) {
		testTalk(t, bulkCommand, []string{"-seconds", "1", "-xlvs", d.binary}, "Gbit/s")
	})
	t.Run("latency", func(t *testing.T) {
		testTalk(t, latencyCommand, []string{"-seconds", "0.1", "-xlvs", d.binary}, "p50 µs", "p99 µs")
	})
	t.Run("compare", func(t *testing.T) { testCompare(t, d.binary) })
	t.Run("squares", func(t *testing.T) { testSquares(t, d.binary) })
	t.Run("interrupted compare", func(t *testing.T) { testCompareInterrupt(t, d.binary) })
	t.Run("interrupt", func(t *testing.T) { testInterrupt(t, d.binary) })
	t.Run("interrupted talk", func(t *testing.T) { testTalkInterrupt(t, d.binary) })
}

// testVeth expects the stream at the end of each path. How much of it is for a
// quiet machine to say.
func testVeth(t *testing.T, binary string) {
	expectNothingLeft(t)
	var out bytes.Buffer
	if err := vethCommand(t.Context(), []string{"-rounds", "1", "-seconds", "0.2", "-json", "-xlvs", binary}, &out); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v in %s", err, &out)
	}
	if len(r.Rows) != len(paths()) {
		t.Fatalf("%d paths in the report, want %d", len(r.Rows), len(paths()))
	}
	for i, w := range r.Rows {
		if w.Path != paths()[i].name || len(w.Rounds) != 1 {
			t.Errorf("row %d is %s with %d rounds, want %s with 1", i, w.Path, len(w.Rounds), paths()[i].name)
		}
		if w.Median <= 0 || w.Offered <= 0 || w.Ratio == nil || *w.Ratio <= 0 {
			t.Errorf("path %s: %+v, want some offered, some arrived and a ratio", w.Path, w)
		}
	}
}

func testTable(t *testing.T, binary string) {
	expectNothingLeft(t)
	var out bytes.Buffer
	args := []string{"-rounds", "1", "-seconds", "0.1", "-paths", "nat", "-size", "1514", "-connections", "1", "-xlvs", binary}
	if err := vethCommand(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Mpps", "\n   nat ", " - ", "\nmachine: ", "\ncommand: go run ./bench veth -rounds 1 "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
}

func testIdle(t *testing.T, binary string) {
	expectNothingLeft(t)
	var out bytes.Buffer
	if err := idleCommand(t.Context(), []string{"-seconds", "0.1", "-xlvs", binary}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"idle director, mode xdp ", "idle director, mode packet ", " % of a core"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
}

// testInterrupt ends the context in the middle of a measurement.
func testInterrupt(t *testing.T, binary string) {
	expectNothingLeft(t)
	cause := errors.New("somebody pressed Ctrl-C")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, cause)
	defer cancel()
	var out bytes.Buffer
	if err := vethCommand(ctx, []string{"-seconds", "60", "-xlvs", binary}, &out); !errors.Is(err, cause) {
		t.Errorf("vethCommand() = %v, want %v", err, cause)
	}
}

// expectNothingLeft checks, when the test ends, that namespaces and files have
// gone, but for those that were there before.
func expectNothingLeft(t *testing.T) {
	hosts := fmt.Sprintf("/run/netns/xlvs-%d-*", os.Getpid())
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Cleanup(func() {
		for _, pattern := range []string{hosts, filepath.Join(tmp, "*")} {
			if left, err := filepath.Glob(pattern); err != nil || len(left) > 0 {
				t.Errorf("left behind: %q, %v", left, err)
			}
		}
	})
}

func TestParseVeth(t *testing.T) {
	v, err := parseVeth([]string{"-seconds", "0.5", "-paths", "dr,forward"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.window != 500*time.Millisecond || v.rounds != 5 || v.size != 60 || v.conns != 1000 || pathNames(v.paths) != "dr,forward" {
		t.Errorf("parseVeth() = %+v", v)
	}
	bad := map[string]struct{ name, value string }{
		"no time":               {"seconds", "0"},
		"negative time":         {"seconds", "-1"},
		"no number of seconds":  {"seconds", "NaN"},
		"time without an end":   {"seconds", "Inf"},
		"no rounds":             {"rounds", "0"},
		"frame too short":       {"size", "59"},
		"frame too long":        {"size", "1515"},
		"no connections":        {"connections", "0"},
		"more ports than exist": {"connections", "64513"},
		"no paths":              {"paths", ""},
		"unknown path":          {"paths", "nat,tun"},
		"path that is twice":    {"paths", "nat,dr,nat"},
		"blank in a list":       {"paths", "nat, dr"},
	}
	for name, tt := range bad {
		t.Run(name, func(t *testing.T) {
			_, err := parseVeth([]string{"-" + tt.name, tt.value}, nil)
			if _, ok := errors.AsType[usageError](err); !ok || !strings.Contains(err.Error(), "-"+tt.name) {
				t.Errorf("parseVeth(-%s %s) = %v, want a usageError about the flag", tt.name, tt.value, err)
			}
		})
	}
}
