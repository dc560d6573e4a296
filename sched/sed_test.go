package sched

import "testing"

func TestSED(t *testing.T) {
	testChoices(t, "sed", map[string]choice{
		"the textbook's":              {[]int32{1, 2, 3}, []load{{1, 0}, {2, 0}, {3, 0}}, "C"},
		"all idle, the fastest":       {[]int32{1, 2, 3}, []load{{}, {}, {}}, "C"},
		"all idle and equal, first":   {[]int32{1, 1}, []load{{}, {}}, "A"},
		"the fastest though not idle": {[]int32{1, 5}, []load{{0, 0}, {3, 0}}, "B"},
		"equal delays, first":         {[]int32{1, 4}, []load{{0, 0}, {3, 0}}, "A"},
		"inactive ones do not wait":   {[]int32{1, 1}, []load{{0, 9999}, {1, 0}}, "A"},
		"quiesced and idle":           {[]int32{0, 1}, []load{{}, {1000, 0}}, "B"},
	})
}

func TestSEDSequence(t *testing.T) {
	testSequences(t, "sed", map[string]sequence{
		"by weight":     {[]int32{1, 2, 3}, "CBCABCCBCABC"},
		"equal":         {[]int32{1, 1, 1}, "ABCABC"},
		"fast and slow": {[]int32{1, 10}, "BBBBBBBBBABB"},
	})
}
