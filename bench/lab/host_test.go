package lab_test

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"xlvs/bench/lab/labtest"
)

func TestMalformedSettings(t *testing.T) {
	h := host(t, labtest.New(t), "client")
	must(t, h.AddAddr("lo", "192.0.2.1/32"))
	tests := map[string]func() error{
		"address is empty":         func() error { return h.AddAddr("lo", "") },
		"address has no length":    func() error { return h.AddAddr("lo", "192.0.2.2") },
		"length past the address":  func() error { return h.AddAddr("lo", "192.0.2.2/33") },
		"address is taken":         func() error { return h.AddAddr("lo", "192.0.2.1/32") },
		"device is unknown":        func() error { return h.AddAddr("eth9", "192.0.2.2/32") },
		"destination is no prefix": func() error { return h.Route("192.0.2.0", "192.0.2.1") },
		"next hop is a name":       func() error { return h.Route("default", "gateway") },
		"next hop is far away":     func() error { return h.Route("default", "203.0.113.1") },
		"sysctl is unknown":        func() error { return h.Sysctl("net.ipv4.none", "1") },
		"link is unknown":          func() error { _, err := h.Link("eth9"); return err },
		"mac is too short":         func() error { return h.SetMAC("lo", net.HardwareAddr{2}) },
		"capture device unknown":   func() error { _, err := h.Capture("eth9"); return err },
		"address is not ours":      func() error { _, err := h.Listen("tcp", "203.0.113.9:80"); return err },
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			err := do()
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), h.Name()) {
				t.Errorf("error %q does not name host %s", err, h.Name())
			}
		})
	}
}

// TestSysctlStaysInside sets what the test's own namespace has too.
func TestSysctlStaysInside(t *testing.T) {
	const path = "/proc/sys/net/ipv4/ip_default_ttl"
	read := func() string {
		b, err := os.ReadFile(path)
		must(t, err)
		return strings.TrimSpace(string(b))
	}
	h := host(t, labtest.New(t), "client")
	before := read()
	must(t, h.Sysctl("net.ipv4.ip_default_ttl", "77"))
	var inside string
	must(t, h.Do(func() error { inside = read(); return nil }))
	if inside != "77" {
		t.Errorf("ip_default_ttl inside = %s, want 77", inside)
	}
	if after := read(); after != before {
		t.Errorf("ip_default_ttl outside was %s and is %s", before, after)
	}
}

func TestDoReturnsTheErrorAsItIs(t *testing.T) {
	h := host(t, labtest.New(t), "client")
	want := errors.New("of the caller")
	if err := h.Do(func() error { return want }); err != want {
		t.Errorf("Do = %v, want %v", err, want)
	}
}

// TestDoSeesOnlyTheHost looks at the interfaces inside.
func TestDoSeesOnlyTheHost(t *testing.T) {
	h := host(t, labtest.New(t), "client")
	err := h.Do(func() error {
		ifs, err := net.Interfaces()
		for _, i := range ifs {
			if i.Name != "lo" || i.Flags&net.FlagUp == 0 {
				t.Errorf("interface %s %v, want lo, up, alone", i.Name, i.Flags)
			}
		}
		return err
	})
	must(t, err)
}
