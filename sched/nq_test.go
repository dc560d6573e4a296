package sched

import "testing"

func TestNQ(t *testing.T) {
	testChoices(t, "nq", map[string]choice{
		"the idle one at once":            {[]int32{9, 9, 1}, []load{{1, 0}, {1, 0}, {0, 0}}, "C"},
		"first of two idle, not the best": {[]int32{5, 1, 9}, []load{{1, 0}, {0, 0}, {0, 0}}, "B"},
		"idle is not without inactive":    {[]int32{9, 1}, []load{{1, 0}, {0, 9999}}, "B"},
		"nobody idle, as sed":             {[]int32{1, 2, 3}, []load{{1, 0}, {2, 0}, {3, 0}}, "C"},
		"the idle one is quiesced":        {[]int32{0, 1, 3}, []load{{}, {2, 0}, {2, 0}}, "C"},
	})
}

func TestNQSequence(t *testing.T) {
	testSequences(t, "nq", map[string]sequence{
		"everybody first, then as sed": {[]int32{1, 2, 3}, "ABCCBCCBCA"},
		"equal":                        {[]int32{1, 1}, "ABAB"},
	})
}
