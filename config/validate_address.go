package config

import (
	"fmt"
	"net/netip"
)

// checkAddress returns an error if there is an objection to a.
func checkAddress(key string, a netip.Addr, objection string) error {
	if objection == "" {
		return nil
	}
	return fmt.Errorf("%s %v: %w: %s", key, a, ErrAddress, objection)
}

// objection says why a cannot be an address of the model, or nothing.
func objection(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "must be an IPv4 or IPv6 address"
	case a.Zone() != "":
		return "must be without a zone"
	case a.Is4In6():
		return "must be written as IPv4, " + a.Unmap().String()
	case a.IsUnspecified(), a.IsMulticast(), a.Is4() && broadcast(a.As4()):
		return "must be unicast"
	}
	return ""
}

// broadcast reports whether the kernel takes b for a broadcast address without
// looking at any interface: 0.0.0.0/8 and 255.255.255.255 (inet_addr_type).
func broadcast(b [4]byte) bool { return b[0] == 0 || b == [4]byte{255, 255, 255, 255} }

// realObjection says why a cannot be a real server's address, or nothing.
func realObjection(a netip.Addr) string {
	switch {
	case objection(a) != "":
		return objection(a)
	case a.Is6() && a.IsLinkLocalUnicast():
		return "must not be link-local, which says no interface"
	}
	return ""
}
