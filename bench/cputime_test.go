package main

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"testing"
	"time"
)

// tail is a stat file from field 4 on: utime 10, stime 20, cutime 3, cstime 4.
const tail = " 1 100 100 0 -1 4194560 512 0 3 0 10 20 3 4 20 0 7 0 1234 1000000 300 18446744073709551615\n"

func TestParseStat(t *testing.T) {
	tests := map[string]struct {
		in   string
		ok   bool
		want time.Duration
	}{
		"process":                     {"42 (xlvs) S" + tail, true, 370 * time.Millisecond},
		"blank in the name":           {"42 (tmux: server) S" + tail, true, 370 * time.Millisecond},
		"parentheses in the name":     {"42 (a) R 9 (b)) S" + tail, true, 370 * time.Millisecond},
		"no field after the last":     {"42 (xlvs) S 1 1 1 0 -1 0 0 0 0 0 1 0 0 0", true, 10 * time.Millisecond},
		"empty":                       {"", false, 0},
		"name without an end":         {"42 (xlvs S" + tail, false, 0},
		"nothing behind the name":     {"42 (xlvs)", false, 0},
		"one field short":             {"42 (xlvs) S 1 1 1 0 -1 0 0 0 0 0 1 0 0", false, 0},
		"no number":                   {"42 (xlvs) S 1 1 1 0 -1 0 0 0 0 0 1 x 0 0", false, 0},
		"negative time":               {"42 (xlvs) S 1 1 1 0 -1 0 0 0 0 0 1 -1 0 0", false, 0},
		"more than a duration's time": {"42 (xlvs) S 1 1 1 0 -1 0 0 0 0 0 1 68719476736 0 0", false, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat([]byte(tt.in))
			if (err == nil) != tt.ok || !tt.ok && !errors.Is(err, errStat) {
				t.Fatalf("parseStat(%q) = %v, want an error: %t", tt.in, err, !tt.ok)
			}
			if got != tt.want {
				t.Errorf("parseStat(%q) = %v, want %v", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (xlvs) S" + tail))
	f.Add([]byte("42 (xlvs) S 1 1 1 0 -1 0 0 0 0 0 68719476735 68719476735 68719476735 68719476735"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseStat(b)
		if got < 0 || err != nil && got != 0 {
			t.Errorf("parseStat(%q) = %v, %v", b, got, err)
		}
	})
}

func TestCPUTime(t *testing.T) {
	if _, err := cpuTime(os.Getpid()); err != nil {
		t.Errorf("of this process: %v", err)
	}
	if _, err := cpuTime(math.MaxInt32); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no process: %v, want ErrNotExist", err)
	}
}
