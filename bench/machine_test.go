package main

import (
	"strings"
	"testing"
)

func TestCPUModel(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"of many":          {"processor\t: 0\nmodel\t\t: 1\nmodel name\t: A 3000\nflags\t: x\n\nmodel name\t: B\n", "A 3000"},
		"with a colon":     {"model name\t: A: the first\n", "A: the first"},
		"without a name":   {"processor\t: 0\nBogoMIPS\t: 50.00\n", "unknown processor"},
		"name is empty":    {"model name\t:\n", "unknown processor"},
		"line without end": {"model name", "unknown processor"},
		"empty":            {"", "unknown processor"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := cpuModel([]byte(tt.in)); got != tt.want {
				t.Errorf("cpuModel(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestDescribeMachine(t *testing.T) {
	if got := describeMachine(); !strings.HasPrefix(got, "machine: ") || !strings.Contains(got, ", Linux ") {
		t.Errorf("describeMachine() = %q", got)
	}
}
