package main

import (
	"errors"
	"testing"
)

func TestParseIperf(t *testing.T) {
	tests := map[string]struct {
		in   string
		want float64
	}{
		"stream":                {`{"start":{},"intervals":[],"end":{"streams":[],"sum_sent":{"bits_per_second":2e10},"sum_received":{"seconds":3.0,"bits_per_second":1.9e10}}}`, 1.9e10},
		"refused connection":    {`{"start":{},"intervals":[],"end":{},"error":"unable to connect to server"}`, 0},
		"nothing arrived":       {`{"end":{"sum_received":{"bits_per_second":0}}}`, 0},
		"less than nothing":     {`{"end":{"sum_received":{"bits_per_second":-1}}}`, 0},
		"rate that is a string": {`{"end":{"sum_received":{"bits_per_second":"1"}}}`, 0},
		"rate without an end":   {`{"end":{"sum_received":{"bits_per_second":1e999}}}`, 0},
		"not an object":         {`[1]`, 0},
		"warning in front":      {`warning: {"end":{"sum_received":{"bits_per_second":1}}}`, 0},
		"cut off":               {`{"end":{"sum_received":{"bits_per_second":1}`, 0},
		"empty":                 {``, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseIperf([]byte(tt.in))
			if got != tt.want || (err == nil) != (tt.want > 0) || err != nil && !errors.Is(err, errIperf) {
				t.Errorf("parseIperf(%s) = %v, %v, want %v", tt.in, got, err, tt.want)
			}
		})
	}
}

func FuzzParseIperf(f *testing.F) {
	f.Add([]byte(`{"end":{"sum_received":{"bits_per_second":1.9e10}}}`))
	f.Add([]byte(`{"error":"unable to connect to server"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := parseIperf(b); (err == nil) != (got > 0) {
			t.Errorf("parseIperf(%q) = %v, %v", b, got, err)
		}
	})
}
