package lvs

import (
	"fmt"
	"testing"
)

func TestTunnelsAreThoseOfIpvsadm(t *testing.T) {
	tests := map[fmt.Stringer]string{
		TunnelIPIP:       "ipip",
		TunnelGUE:        "gue",
		TunnelGRE:        "gre",
		TunnelType(3):    "TunnelType(3)",
		TunnelNoCsum:     "nocsum",
		TunnelCsum:       "csum",
		TunnelRemCsum:    "remcsum",
		TunnelFlags(0x3): "TunnelFlags(0x3)",
	}
	for word, want := range tests {
		if got := word.String(); got != want {
			t.Errorf("String() of %T(%d) = %q, want %q", word, word, got, want)
		}
	}
}

// TestTunnelsHaveTheKernelsNumbers has those of linux/ip_vs.h, which netlink
// messages carry.
func TestTunnelsHaveTheKernelsNumbers(t *testing.T) {
	for want, got := range []TunnelType{TunnelIPIP, TunnelGUE, TunnelGRE} {
		if int(got) != want {
			t.Errorf("%v is %d, want %d", got, got, want)
		}
	}
	for want, got := range []TunnelFlags{TunnelNoCsum, TunnelCsum, TunnelRemCsum} {
		if int(got) != want {
			t.Errorf("%v is %d, want %d", got, got, want)
		}
	}
}
