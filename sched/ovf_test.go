package sched

import "testing"

func TestOVF(t *testing.T) {
	testChoices(t, "ovf", map[string]choice{
		"the highest":                 {[]int32{1, 3, 2}, []load{{}, {}, {}}, "B"},
		"at its weight, not yet full": {[]int32{1, 3, 2}, []load{{}, {3, 0}, {}}, "B"},
		"above it, full":              {[]int32{1, 3, 2}, []load{{}, {4, 0}, {}}, "C"},
		"inactive ones fill nothing":  {[]int32{1, 3, 2}, []load{{}, {0, 9999}, {}}, "B"},
		"of equals, the first":        {[]int32{3, 3}, []load{{1, 0}, {}}, "A"},
		"all full":                    {[]int32{1, 3}, []load{{2, 0}, {4, 0}}, "-"},
		"the highest is quiesced":     {[]int32{1, 0}, []load{{}, {}}, "A"},
	})
}

// TestOVFSequence checks that a destination of weight w holds w+1 connections,
// as in the kernel.
func TestOVFSequence(t *testing.T) {
	testSequences(t, "ovf", map[string]sequence{
		"down the ranks until all are full": {[]int32{1, 3, 2}, "BBBBCCCAA--"},
	})
}
