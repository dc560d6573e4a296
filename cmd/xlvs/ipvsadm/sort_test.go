package ipvsadm

import (
	"net/netip"
	"testing"

	"xlvs/dataplane"
	"xlvs/lvs"
)

// Each of these lists is in ipvsadm's order.
func TestSortedServices(t *testing.T) {
	tests := map[string][]dataplane.ServiceStatus{
		"marks behind all else":     {service(lvs.TCP, "[2001:db8::1]:80", "rr"), marked(1, netip.IPv4Unspecified(), "rr")},
		"marks by number":           {marked(1, netip.IPv6Unspecified(), "rr"), marked(2, netip.IPv4Unspecified(), "rr")},
		"one mark of both families": {marked(1, netip.IPv4Unspecified(), "rr"), marked(1, netip.IPv6Unspecified(), "rr")},
		"IPv4 before IPv6":          {service(lvs.SCTP, "192.0.2.1:80", "rr"), service(lvs.TCP, "[2001:db8::1]:80", "rr")},
		"by protocol number":        {service(lvs.TCP, "192.0.2.9:80", "rr"), service(lvs.UDP, "192.0.2.1:53", "rr"), service(lvs.SCTP, "192.0.2.1:9", "rr")},
		"by address, not by text":   {service(lvs.TCP, "192.0.2.9:80", "rr"), service(lvs.TCP, "192.0.2.10:80", "rr")},
		"by port, not by text":      {service(lvs.TCP, "192.0.2.1:80", "rr"), service(lvs.TCP, "192.0.2.1:443", "rr")},
		"half the addresses apart":  {service(lvs.TCP, "192.0.2.1:80", "rr"), service(lvs.TCP, "10.0.0.1:80", "rr")},
		"a little less apart":       {service(lvs.TCP, "100.64.0.1:80", "rr"), service(lvs.TCP, "192.0.2.1:80", "rr")},
		"half of IPv6 apart":        {service(lvs.TCP, "[fd00::1]:80", "rr"), service(lvs.TCP, "[2001:db8::1]:80", "rr")},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			var reversed []dataplane.ServiceStatus
			for i := range want {
				reversed = append(reversed, want[len(want)-1-i])
			}
			for i, s := range sortedServices(reversed) {
				if s.ServiceKey != want[i].ServiceKey {
					t.Errorf("service %d is %v, want %v", i, s.ServiceKey, want[i].ServiceKey)
				}
			}
		})
	}
}

func TestSortedDestinations(t *testing.T) {
	want := []string{
		"192.0.2.11:80", "192.0.2.11:443", "192.0.2.12:80", "10.0.0.1:80",
		"[fd00::1]:80", "[2001:db8::9]:9", "[2001:db8::9]:80",
	}
	var list []dataplane.DestinationStatus
	for i := range want {
		list = append(list, dest(want[len(want)-1-i], lvs.NAT, 1, 0, 0))
	}
	for i, d := range sortedDestinations(list) {
		if d.String() != want[i] {
			t.Errorf("destination %d is %v, want %v", i, d.RealKey, want[i])
		}
	}
}
