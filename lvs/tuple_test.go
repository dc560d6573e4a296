package lvs

import (
	"net/netip"
	"testing"
)

func TestTuple(t *testing.T) {
	addr := func(s string) Addr { return AddrFrom(netip.MustParseAddr(s)) }
	tests := map[string]struct {
		in       Tuple
		text     string
		reversed string
	}{
		"IPv4": {
			Tuple{addr("198.51.100.7"), addr("192.0.2.1"), 4242, 80, TCP},
			"TCP 198.51.100.7:4242 -> 192.0.2.1:80", "TCP 192.0.2.1:80 -> 198.51.100.7:4242",
		},
		"IPv6": {
			Tuple{addr("2001:db8::7"), addr("2001:db8::1"), 4242, 53, UDP},
			"UDP [2001:db8::7]:4242 -> [2001:db8::1]:53", "UDP [2001:db8::1]:53 -> [2001:db8::7]:4242",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.in.String(); got != tt.text {
				t.Errorf("String() = %s, want %s", got, tt.text)
			}
			if got := tt.in.Reverse().String(); got != tt.reversed {
				t.Errorf("Reverse() = %s, want %s", got, tt.reversed)
			}
			if tt.in.Reverse().Reverse() != tt.in {
				t.Error("reversed twice is another tuple")
			}
		})
	}
}
