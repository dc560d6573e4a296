package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// testTalk runs a command that talks by every way, and expects its columns. What
// is in them is for a quiet machine to say.
func testTalk(t *testing.T, run func(context.Context, []string, io.Writer) error, args []string, columns ...string) {
	needPrograms(t, "nft", "iperf3")
	expectNothingLeft(t)
	var out bytes.Buffer
	if err := run(t.Context(), append(args, "-rounds", "1", "-json"), &out); err != nil {
		t.Fatal(err)
	}
	var c comparison
	if err := json.Unmarshal(out.Bytes(), &c); err != nil {
		t.Fatalf("%v in %s", err, &out)
	}
	var names []string
	for _, w := range c.Ways {
		names = append(names, w.Way)
		if len(w.Figures) != len(columns) {
			t.Fatalf("by way of %s: %d figures, want %d", w.Way, len(w.Figures), len(columns))
		}
		for i, f := range w.Figures {
			if f.Name != columns[i] || len(f.Rounds) != 1 || f.Median <= 0 || f.Ratio <= 0 {
				t.Errorf("by way of %s: %+v, want one round of %s", w.Way, f, columns[i])
			}
		}
	}
	if want := []string{"nft", "packet", "xdp"}; !slices.Equal(names, want) {
		t.Errorf("the ways are %q, want %q", names, want)
	}
}

// testTalkInterrupt ends the context in the middle of a conversation.
func testTalkInterrupt(t *testing.T, binary string) {
	needPrograms(t, "nft", "iperf3")
	for name, run := range map[string]func(context.Context, []string, io.Writer) error{"bulk": bulkCommand, "latency": latencyCommand} {
		t.Run(name, func(t *testing.T) {
			expectNothingLeft(t)
			cause := errors.New("somebody pressed Ctrl-C")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 600*time.Millisecond, cause)
			defer cancel()
			if err := run(ctx, []string{"-seconds", "60", "-xlvs", binary}, io.Discard); !errors.Is(err, cause) {
				t.Errorf("%s = %v, want %v", name, err, cause)
			}
		})
	}
}

// needPrograms skips the test if a program is missing, or fails it with
// XLVS_PRIVILEGED=1 in the environment, where nothing is.
func needPrograms(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("XLVS_PRIVILEGED") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

func TestParseTalk(t *testing.T) {
	bulk := talk{command: "bulk", unit: time.Second}
	r, err := bulk.parse([]string{"-seconds", "2", "-rounds", "3", "-json", "-xlvs", "a"}, nil)
	if want := (talkRun{2 * time.Second, 3, "a", true}); err != nil || r != want {
		t.Fatalf("parse() = %+v, %v, want %+v", r, err, want)
	}
	bad := map[string]struct{ name, value string }{
		"no time":              {"seconds", "0"},
		"no number of seconds": {"seconds", "NaN"},
		"half a second":        {"seconds", "0.5"},
		"time without an end":  {"seconds", "Inf"},
		"no rounds":            {"rounds", "0"},
		"too many rounds":      {"rounds", "1001"},
	}
	for name, tt := range bad {
		t.Run(name, func(t *testing.T) {
			_, err := bulk.parse([]string{"-" + tt.name, tt.value}, nil)
			if _, ok := errors.AsType[usageError](err); !ok || !strings.Contains(err.Error(), "-"+tt.name) {
				t.Errorf("parse(-%s %s) = %v, want a usageError about the flag", tt.name, tt.value, err)
			}
		})
	}
}
