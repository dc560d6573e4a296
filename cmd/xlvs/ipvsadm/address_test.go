package ipvsadm

import (
	"net/netip"
	"testing"

	"xlvs/lvs"
)

func TestDotted(t *testing.T) {
	tests := map[string]struct {
		in   string
		want string // empty: it is none
	}{
		"four numbers":         {"192.0.2.1", "192.0.2.1"},
		"three":                {"192.0.513", "192.0.2.1"},
		"two":                  {"192.513", "192.0.2.1"},
		"one":                  {"3221225985", "192.0.2.1"},
		"octal":                {"0300.0.02.01", "192.0.2.1"},
		"hexadecimal":          {"0xC0.0x0.0X2.1", "192.0.2.1"},
		"something behind it":  {"192.0.2.1 and more", "192.0.2.1"},
		"nothing":              {"", ""},
		"a blank in front":     {" 192.0.2.1", ""},
		"five numbers":         {"192.0.2.1.1", ""},
		"a dot at the end":     {"192.0.2.1.", ""},
		"two dots":             {"192.0..1", ""},
		"a number too large":   {"192.0.2.256", ""},
		"the last too large":   {"192.0.65536", ""},
		"one too large":        {"4294967296", ""},
		"no octal digit":       {"192.0.2.08", ""},
		"no hexadecimal digit": {"192.0.2.0xg", ""},
		"no digits":            {"192.0.2.0x", ""},
		"a sign":               {"192.0.2.+1", ""},
		"an underscore":        {"19_2.0.2.1", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := dotted(tt.in)
			if ok != (tt.want != "") || ok && got.String() != tt.want {
				t.Errorf("dotted(%q) = %v, %t, want %q", tt.in, got, ok, tt.want)
			}
		})
	}
}

// What netip takes for an IPv4 address is that address, whatever else is one.
func FuzzDotted(f *testing.F) {
	f.Add("192.0.2.1")
	f.Add("0x7f.1")
	f.Fuzz(func(t *testing.T, text string) {
		want, err := netip.ParseAddr(text)
		if got, ok := dotted(text); err == nil && want.Is4() && (!ok || got != want) {
			t.Errorf("dotted(%q) = %v, %t", text, got, ok)
		}
	})
}

func TestEndpoint(t *testing.T) {
	tests := map[string]struct {
		in, addr string
		port     int // -1: none
	}{
		"an address":               {"192.0.2.1", "192.0.2.1", -1},
		"a port":                   {"192.0.2.1:80", "192.0.2.1", 80},
		"port 0":                   {"192.0.2.1:0", "192.0.2.1", 0},
		"a name for a port":        {"192.0.2.1:http", "192.0.2.1", 80},
		"another name for it":      {"192.0.2.1:www", "192.0.2.1", 80},
		"a host":                   {"localhost:80", "127.0.0.1", 80},
		"an IPv6 address":          {"2001:db8::1", "2001:db8::1", -1},
		"no port but an address":   {"2001:db8::1:80", "2001:db8::1:80", -1},
		"brackets":                 {"[2001:db8::1]:80", "2001:db8::1", 80},
		"brackets and a name":      {"[2001:db8::1]:domain", "2001:db8::1", 53},
		"brackets around IPv4":     {"[192.0.2.1]:80", "192.0.2.1", -1},
		"an address with a number": {"10:80", "0.0.0.10", 80},
		"nothing":                  {"", "", 0},
		"a number":                 {"80", "", 0},
		"a port alone":             {":80", "", 0},
		"no port behind a colon":   {"192.0.2.1:", "", 0},
		"a port too large":         {"192.0.2.1:65536", "", 0},
		"a port below zero":        {"192.0.2.1:-1", "", 0},
		"another protocol's name":  {"192.0.2.1:nosuch", "", 0},
		"two ports":                {"192.0.2.1:80:80", "", 0},
		"brackets without a port":  {"[2001:db8::1]", "", 0},
		"no bracket at the end":    {"[2001:db8::1", "", 0},
		"two brackets":             {"[2001:db8::1]]:80", "", 0},
		"a zone":                   {"[fe80::1%eth0]:80", "", 0},
		"numbers that are no host": {"192.0.2.256:80", "", 0},
		"an unknown host":          {"nosuch.example:80", "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, ok := newLookup(noHosts{}, "testdata/services").endpoint(t.Context(), tt.in, lvs.TCP)
			if ok != (tt.addr != "") {
				t.Fatalf("endpoint(%q) = %+v, %t", tt.in, e, ok)
			}
			if ok && (e.addr.String() != tt.addr || e.hasPort != (tt.port >= 0) || e.hasPort && int(e.port) != tt.port) {
				t.Errorf("endpoint(%q) = %+v, want %s and port %d", tt.in, e, tt.addr, tt.port)
			}
		})
	}
}

// Where there are no names of ports, numbers do.
func TestEndpointWithoutServices(t *testing.T) {
	l := newLookup(nil, "testdata/nonesuch")
	if _, ok := l.endpoint(t.Context(), "192.0.2.1:http", lvs.TCP); ok {
		t.Error("a name was known")
	}
	if e, ok := l.endpoint(t.Context(), "192.0.2.1:80", lvs.TCP); !ok || e.port != 80 {
		t.Errorf("endpoint = %+v, %t", e, ok)
	}
}
