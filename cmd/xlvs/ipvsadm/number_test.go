package ipvsadm

import "testing"

func TestAppendNumber(t *testing.T) {
	tests := map[string]struct {
		n           uint64
		want, exact string
	}{
		"zero":               {0, "        0", "        0"},
		"last in full":       {99_999_999, " 99999999", " 99999999"},
		"first in thousands": {100_000_000, "  100000K", " 100000000"},
		"last in thousands":  {999_999_999, "  999999K", " 999999999"},
		"first in millions":  {1_000_000_000, "    1000M", " 1000000000"},
		"last in millions":   {99_999_999_999, "   99999M", " 99999999999"},
		"first in billions":  {100_000_000_000, "     100G", " 100000000000"},
		"last in billions":   {99_999_999_999_999, "   99999G", " 99999999999999"},
		"first in trillions": {100_000_000_000_000, "     100T", " 100000000000000"},
		"largest":            {1<<64 - 1, "18446744T", " 18446744073709551615"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := string(appendNumber(nil, tt.n, false)); got != tt.want {
				t.Errorf("appendNumber(%d, false) = %q, want %q", tt.n, got, tt.want)
			}
			if got := string(appendNumber(nil, tt.n, true)); got != tt.exact {
				t.Errorf("appendNumber(%d, true) = %q, want %q", tt.n, got, tt.exact)
			}
		})
	}
}

func TestColumns(t *testing.T) {
	tests := map[string]struct{ got, want string }{
		"text at the left":             {string(appendLeft([]byte("> "), "Masq", 7)), "> Masq   "},
		"text as wide as its column":   {string(appendLeft(nil, "persist", 7)), "persist"},
		"text wider than its column":   {string(appendLeft(nil, "2001:db8::1", 7)), "2001:db8::1"},
		"number at the left":           {string(appendInt([]byte("> "), -12, 6)), "> -12   "},
		"number at the right":          {string(appendRight([]byte("> "), 12, 6)), ">     12"},
		"number wider than its column": {string(appendRight(nil, 1<<64-1, 8)), "18446744073709551615"},
		"wider than the blanks":        {string(pad(nil, 0, len(blanks)+2)), blanks + "  "},
	}
	for name, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %q, want %q", name, tt.got, tt.want)
		}
	}
}
