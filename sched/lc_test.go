package sched

import "testing"

func TestLC(t *testing.T) {
	testChoices(t, "lc", map[string]choice{
		"all idle, first in the list": {[]int32{1, 1}, []load{{}, {}}, "A"},
		"weight is no help":           {[]int32{1, 9}, []load{{1, 0}, {2, 0}}, "A"},
		"least active":                {[]int32{1, 1, 1}, []load{{3, 0}, {1, 0}, {2, 0}}, "B"},
		"256 inactive weigh less":     {[]int32{1, 1}, []load{{1, 0}, {0, 256}}, "B"},
		"257 inactive weigh the same": {[]int32{1, 1}, []load{{1, 0}, {0, 257}}, "A"},
		"quiesced and idle":           {[]int32{0, 1, 0}, []load{{}, {1000, 0}, {}}, "B"},
	})
}

func TestLCSequence(t *testing.T) {
	testSequences(t, "lc", map[string]sequence{
		"whatever the weight": {[]int32{1, 2, 3}, "ABCABC"},
		"quiesced":            {[]int32{1, 0, 3}, "ACACAC"},
	})
}
