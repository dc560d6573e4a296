package main

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// TestMain makes the test binary a forward loop, an echo or an end of short
// connections when it is started as one, which is how its own program is started.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{forwardName, rawForwardName, asavieName, echoName, acceptName, connectName}, os.Args[1]) {
		main()
	}
	goleak.VerifyTestMain(m)
}

func TestDispatch(t *testing.T) {
	tests := map[string]struct {
		args   []string
		code   int
		stdout string // a part of it
		stderr string
	}{
		"nothing":                {nil, exitUsage, "", "usage: go run ./bench COMMAND"},
		"help":                   {[]string{"-h"}, exitDone, "usage: go run ./bench COMMAND", ""},
		"unknown command":        {[]string{"dpdk"}, exitUsage, "", "bench dpdk: no such command"},
		"help on a command":      {[]string{"veth", "-h"}, exitDone, "-rounds", ""},
		"unknown flag":           {[]string{"veth", "-dpdk"}, exitUsage, "", "not defined: -dpdk"},
		"argument left over":     {[]string{"idle", "5"}, exitUsage, "", `unexpected argument "5"`},
		"idle for no time":       {[]string{"idle", "-seconds", "0"}, exitUsage, "", "-seconds 0 is not in"},
		"help on a talk":         {[]string{"latency", "-h"}, exitDone, "-seconds", ""},
		"bulk for half a second": {[]string{"bulk", "-seconds", "0.5"}, exitUsage, "", "-seconds 0.5 is not a multiple of 1s"},
		"latency for a moment":   {[]string{"latency", "-seconds", "0.0001"}, exitUsage, "", "is not a multiple of 1ms"},
		"echo without address":   {[]string{"echo"}, exitUsage, "", "ADDRESS:PORT"},
		"echo at a bad address":  {[]string{"echo", "192.0.2.1"}, exitFailure, "", "missing port"},
		"raw loop with no MAC":   {[]string{"raw-forward", "lo", "", "lo", ""}, exitUsage, "", "is not the MAC"},
		"loop without devices":   {[]string{"forward"}, exitUsage, "", loopArgs},
		"loop with a bad MAC":    {[]string{"asavie", "lo", "02:00", "lo", "02:00"}, exitUsage, "", `"02:00" is not the MAC`},
		"loop with a long MAC":   {[]string{"asavie", "lo", "02:00:00:00:00:00:00:01", "lo", "x"}, exitUsage, "", "is not the MAC"},
		"loop without interface": {[]string{"forward", "none0", "02:00:00:00:00:01", "lo", "x"}, exitFailure, "", "find interface none0"},
		"xlvs that is not there": {[]string{"idle", "-xlvs", "/nonexistent/xlvs"}, exitFailure, "", "bench idle: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := dispatch(t.Context(), tt.args, &stdout, &stderr); code != tt.code {
				t.Errorf("dispatch(%q) = %d, want %d; stderr: %s", tt.args, code, tt.code, &stderr)
			}
			if !strings.Contains(stdout.String(), tt.stdout) || (tt.stdout == "") != (stdout.Len() == 0) {
				t.Errorf("stdout of %q is %q, want %q in it", tt.args, &stdout, tt.stdout)
			}
			if !strings.Contains(stderr.String(), tt.stderr) || (tt.stderr == "") != (stderr.Len() == 0) {
				t.Errorf("stderr of %q is %q, want %q in it", tt.args, &stderr, tt.stderr)
			}
		})
	}
}
