package main

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"xlvs/bench/guest"
)

// A fakeMachine answers jobs with err, or with nothing until their context ends.
type fakeMachine struct {
	silent bool
	err    error
	closed int
}

func (m *fakeMachine) Do(ctx context.Context, _ string, _ any, _ func(json.RawMessage) error) error {
	if m.silent {
		<-ctx.Done()
		return ctx.Err()
	}
	return m.err
}

func (m *fakeMachine) Close() { m.closed++ }

// TestTenant has machines of many minds do one job.
func TestTenant(t *testing.T) {
	failed := errors.New("failed")
	silent, dead, fails, good := fakeMachine{silent: true}, fakeMachine{err: guest.ErrEnded}, fakeMachine{err: failed}, fakeMachine{}
	tests := map[string]struct {
		machines []fakeMachine
		want     error
	}{
		"a good one":              {[]fakeMachine{good}, nil},
		"a job that fails":        {[]fakeMachine{fails, good}, failed},
		"one that falls silent":   {[]fakeMachine{silent, good}, nil},
		"one that dies":           {[]fakeMachine{dead, good}, nil},
		"one silent after one":    {[]fakeMachine{silent, silent, good}, errSilent},
		"a second that is dead":   {[]fakeMachine{silent, dead, good}, guest.ErrEnded},
		"none left after silence": {[]fakeMachine{silent}, errNoMachine},
		"none at all":             {nil, errNoMachine},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			booted := 0
			tenant := tenant{patience: time.Millisecond, boot: func(context.Context) (machine, error) {
				if booted++; booted > len(tt.machines) {
					return nil, errNoMachine
				}
				return &tt.machines[booted-1], nil
			}}
			if err := tenant.do(t.Context(), "job", nil, nil); !errors.Is(err, tt.want) {
				t.Errorf("do() = %v, want %v", err, tt.want)
			}
			tenant.close()
			for i := range min(booted, len(tt.machines)) {
				if n := tt.machines[i].closed; n != 1 {
					t.Errorf("machine %d was closed %d times, want once", i, n)
				}
			}
		})
	}
}

// errNoMachine is why no more machines boot.
var errNoMachine = errors.New("no machine")
