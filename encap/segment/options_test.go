package segment

import (
	"encoding/hex"
	"testing"
)

// TestBlankingOptions has the options of a packet's second fragment.
func TestBlankingOptions(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"none":                    {"", ""},
		"only padding":            {"01010000", "01010000"},
		"for all":                 {"9e046162", "9e046162"},
		"for the first":           {"1e046162", "01010101"},
		"of two bytes":            {"1e029e02", "01019e02"},
		"for the first, then all": {"1e03789e04616201", "0101019e04616201"},
		"source route":            {"83070401020304001e026162", "83070401020304001e026162"},
		"behind the end":          {"0101001e046162ff", "0101001e046162ff"},
		"length of zero":          {"1e0378011e009e02", "010101011e009e02"},
		"length of one":           {"9e021e011e021e02", "9e021e011e021e02"},
		"longer than there is":    {"1e021e051e02", "01011e051e02"},
		"without its length":      {"9e03011e", "9e03011e"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := unhex(t, tt.in)
			if blank(b); hex.EncodeToString(b) != tt.want {
				t.Errorf("blank(%s) gives %x, want %s", tt.in, b, tt.want)
			}
		})
	}
}
