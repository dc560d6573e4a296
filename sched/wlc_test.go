package sched

import (
	"testing"

	"xlvs/lvs"
)

func TestWLC(t *testing.T) {
	testChoices(t, "wlc", map[string]choice{
		"all idle, first in the list":  {[]int32{1, 1, 1}, []load{{}, {}, {}}, "A"},
		"all idle, weight is no help":  {[]int32{1, 9}, []load{{}, {}}, "A"},
		"least active":                 {[]int32{1, 1, 1}, []load{{3, 0}, {1, 0}, {2, 0}}, "B"},
		"equal by weight, first":       {[]int32{1, 2, 3}, []load{{1, 0}, {2, 0}, {3, 0}}, "A"},
		"least for its weight":         {[]int32{1, 3}, []load{{1, 0}, {2, 0}}, "B"},
		"256 inactive weigh less":      {[]int32{1, 1}, []load{{1, 0}, {0, 256}}, "B"},
		"257 inactive weigh the same":  {[]int32{1, 1}, []load{{1, 0}, {0, 257}}, "A"},
		"258 inactive weigh more":      {[]int32{1, 1}, []load{{0, 258}, {1, 0}}, "B"},
		"quiesced and idle":            {[]int32{0, 1, 0}, []load{{}, {1000, 0}, {}}, "B"},
		"products over 32 bits":        {[]int32{65535, 65534}, []load{{1 << 30, 0}, {1<<30 - 1<<14, 0}}, "A"},
		"products over 32 bits, other": {[]int32{65535, 65534}, []load{{1 << 30, 0}, {1<<30 - 1<<15, 0}}, "B"},
	})
}

func TestWLCSequence(t *testing.T) {
	testSequences(t, "wlc", map[string]sequence{
		"by weight": {[]int32{1, 2, 3}, "ABCCBCABCCBC"},
		"equal":     {[]int32{1, 1, 1}, "ABCABC"},
		"quiesced":  {[]int32{0, 2, 1}, "BCBBCB"},
	})
}

// TestWLCFollowsTheLoad checks that connections spread by weight while nobody
// closes one.
func TestWLCFollowsTheLoad(t *testing.T) {
	loads := grown()
	s := newScheduler(t, "wlc", loads, list(1, 2, 3))
	connect(s, loads, 600)
	for id := lvs.DestID(1); id <= 3; id++ {
		if n, want := loads.At(id).Active.Load(), int32(id)*100; n != want {
			t.Errorf("destination %d has %d of 600 connections, want %d", id, n, want)
		}
	}
}
