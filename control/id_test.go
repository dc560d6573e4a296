package control

import (
	"errors"
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/lvs"
)

func TestServiceID(t *testing.T) {
	tests := map[string]config.ServiceKey{
		"tcp-192.0.2.1:80":       web,
		"udp-[2001:db8::1]:53":   dns,
		"sctp-192.0.2.1:0":       {Protocol: lvs.SCTP, VIP: netip.MustParseAddr("192.0.2.1")},
		"fwm-5":                  {VIP: netip.IPv4Unspecified(), Mark: 5},
		"fwm-5-ipv6":             {VIP: netip.IPv6Unspecified(), Mark: 5},
		"fwm-4294967295":         {VIP: netip.IPv4Unspecified(), Mark: 1<<32 - 1},
		"tcp-[::ffff:1.2.3.4]:9": {Protocol: lvs.TCP, VIP: netip.MustParseAddr("::ffff:1.2.3.4"), Port: 9},
	}
	for id, key := range tests {
		if got, err := ParseServiceID(id); err != nil || got != key {
			t.Errorf("ParseServiceID(%q) = %+v, %v, want %+v", id, got, err, key)
		}
		if got := serviceID(key); got != id {
			t.Errorf("serviceID(%v) = %q, want %q", key, got, id)
		}
	}
}

func TestParseServiceIDRefuses(t *testing.T) {
	tests := map[string]string{
		"nothing":                    "",
		"no protocol":                "192.0.2.1:80",
		"an unknown protocol":        "gre-192.0.2.1:80",
		"a protocol of templates":    "ip-192.0.2.1:80",
		"no port":                    "tcp-192.0.2.1",
		"an IPv6 address without []": "tcp-2001:db8::1:80",
		"a zone":                     "tcp-[fe80::1%eth0]:80",
		"a port too large":           "tcp-192.0.2.1:65536",
		"no mark":                    "fwm-",
		"mark 0":                     "fwm-0",
		"a mark too large":           "fwm-4294967296",
		"a negative mark":            "fwm--5",
		"a family that is none":      "fwm-5-ipv5",
		"half a family":              "fwm-5-",
	}
	for name, id := range tests {
		t.Run(name, func(t *testing.T) {
			if key, err := ParseServiceID(id); !errors.Is(err, ErrBadRequest) {
				t.Errorf("ParseServiceID(%q) = %v, %v, want ErrBadRequest", id, key, err)
			}
		})
	}
}

func FuzzParseID(f *testing.F) {
	for _, id := range []string{"tcp-192.0.2.1:80", "udp-[2001:db8::1]:53", "fwm-5-ipv6", "192.0.2.1:80", "[2001:db8::1]:80"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if key, err := ParseServiceID(id); err == nil {
			if again, err := ParseServiceID(serviceID(key)); err != nil || again != key {
				t.Errorf("%q is %+v, whose id %q is %+v, %v", id, key, serviceID(key), again, err)
			}
		}
		if key, err := parseRealID(id); err == nil {
			if again, err := parseRealID(key.String()); err != nil || again != key {
				t.Errorf("%q is %+v, whose id is %+v, %v", id, key, again, err)
			}
		}
	})
}
