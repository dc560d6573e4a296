package main

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"xlvs/bench/lab/labtest"
)

func TestStartProcess(t *testing.T) {
	h, err := labtest.New(t).Host("director")
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx     context.Context
		command []string
		want    error
		says    string // in the error
	}{
		"that runs":              {t.Context(), []string{"sh", "-c", "echo it is running; exec sleep 60"}, nil, ""},
		"that ends at once":      {t.Context(), []string{"sh", "-c", "echo no interface; exit 3"}, errEnded, "no interface"},
		"when nobody waits":      {cancelled, []string{"sleep", "60"}, context.Canceled, "sleep"},
		"that is no program":     {t.Context(), []string{"/nonexistent"}, fs.ErrNotExist, "/nonexistent"},
		"that ends in peace too": {t.Context(), []string{"true"}, errEnded, "true"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := startProcess(tt.ctx, h, tt.command)
			if err == nil {
				p.Stop()
			}
			if !errors.Is(err, tt.want) || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("startProcess(%q) = %v, want %v that says %q", tt.command, err, tt.want, tt.says)
			}
		})
	}
}

// TestProcessThatEndsEarly ends while it is measured.
func TestProcessThatEndsEarly(t *testing.T) {
	h, err := labtest.New(t).Host("director")
	if err != nil {
		t.Fatal(err)
	}
	p, err := startProcess(t.Context(), h, []string{"sh", "-c", "echo it is running; exit 3"})
	if err != nil && !errors.Is(err, errEnded) { // it may be gone before it is looked at
		t.Fatal(err)
	}
	if err != nil {
		return
	}
	if err := pause(t.Context(), p, time.Minute); !errors.Is(err, errEnded) {
		t.Errorf("pause() = %v, want %v", err, errEnded)
	}
	if err := stopProcess(p); err == nil || !strings.Contains(err.Error(), "it is running") {
		t.Errorf("stopProcess() = %v, want what it said", err)
	}
}
