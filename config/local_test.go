package config

import (
	"net/netip"
	"slices"
	"testing"
)

func TestParseLocal(t *testing.T) {
	tests := map[string]struct {
		in   string
		want LocalRange // zero: refused
	}{
		"IPv4":                   {"203.0.113.2", local("203.0.113.2", 1024, 65535)},
		"IPv4 with ports":        {"203.0.113.2:20000-60000", local("203.0.113.2", 20000, 60000)},
		"IPv4 with one port":     {"203.0.113.2:5000", local("203.0.113.2", 5000, 5000)},
		"IPv6":                   {"2001:db8:2::2", local("2001:db8:2::2", 1024, 65535)},
		"IPv6 with ports":        {"[2001:db8:2::2]:1-65535", local("2001:db8:2::2", 1, 65535)},
		"IPv6 with one port":     {"[2001:db8:2::2]:5000", local("2001:db8:2::2", 5000, 5000)},
		"backwards":              {"203.0.113.2:2-1", local("203.0.113.2", 2, 1)}, // for Validate to refuse
		"port 0":                 {"203.0.113.2:0-9", local("203.0.113.2", 0, 9)},
		"nothing":                {"", LocalRange{}},
		"ports alone":            {":1024-65535", LocalRange{}},
		"prefix":                 {"203.0.113.0/24", LocalRange{}},
		"range of addresses":     {"203.0.113.2-203.0.113.9", LocalRange{}},
		"no port behind a colon": {"203.0.113.2:", LocalRange{}},
		"open range":             {"203.0.113.2:1024-", LocalRange{}},
		"range without a begin":  {"203.0.113.2:-1024", LocalRange{}},
		"range without a port":   {"203.0.113.2-1024", LocalRange{}},
		"two dashes":             {"203.0.113.2:1-2-3", LocalRange{}},
		"port too large":         {"203.0.113.2:1024-65536", LocalRange{}},
		"blank":                  {"203.0.113.2: 80", LocalRange{}},
		"several ranges":         {"203.0.113.2:80,443", LocalRange{}},
		"IPv4 in brackets":       {"[203.0.113.2]:80", LocalRange{}},
		"IPv6 without brackets":  {"2001:db8:0:0:0:0:0:2:80", LocalRange{}},
		"brackets without ports": {"[2001:db8:2::2]", LocalRange{}},
		"zone":                   {"fe80::1%eth0", LocalRange{}},
		"zone, with ports":       {"[fe80::1%eth0]:1-2", LocalRange{}},
		"name":                   {"director.example:1024", LocalRange{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, ok := ParseLocalRange(tt.in); got != tt.want || ok != (tt.want != LocalRange{}) {
				t.Errorf("ParseLocalRange(%q) = %v, %t, want %v", tt.in, got, ok, tt.want)
			}
		})
	}
}

// FuzzParseLocal checks that what ParseLocalRange takes it takes again as it is
// written.
func FuzzParseLocal(f *testing.F) {
	for _, text := range []string{"203.0.113.2", "203.0.113.2:2-1", "[2001:db8::2]:0-1", "::ffff:203.0.113.2", "[fe80::1%a-b]:1", "::%a-1", "-"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, ok := ParseLocalRange(text)
		if !ok {
			return
		}
		if again, ok := ParseLocalRange(l.String()); !ok || again != l {
			t.Fatalf("ParseLocalRange(%q) = %v, which is read as %v, %t", text, l, again, ok)
		}
	})
}

func TestLocalsOf(t *testing.T) {
	c := full()
	tests := map[string]struct {
		service int
		want    []LocalRange
	}{
		"its own":      {fullNAT, c.Services[fullNAT].LocalAddresses},
		"those of all": {fullNATMixed, c.LocalAddresses},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := c.LocalsOf(&c.Services[tt.service]); !slices.Equal(got, tt.want) || len(got) == 0 {
				t.Errorf("LocalsOf(%v) = %v, want %v", c.Services[tt.service], got, tt.want)
			}
		})
	}
}

func TestLocalRangeString(t *testing.T) {
	tests := map[string]LocalRange{
		"203.0.113.2:1024-65535":   local("203.0.113.2", 1024, 65535),
		"203.0.113.2:80":           local("203.0.113.2", 80, 80),
		"[2001:db8:2::2]:1-2":      local("2001:db8:2::2", 1, 2),
		"[::ffff:203.0.113.2]:1-2": {netip.MustParseAddr("::ffff:203.0.113.2"), 1, 2},
	}
	for want, l := range tests {
		if got := l.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}
