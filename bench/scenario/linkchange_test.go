package scenario

import (
	"testing"

	"xlvs/bench/lab"
)

// A linkEnd is a device of a site, as one end of a wire.
type linkEnd func(*site) (*lab.Host, string)

func theClient(s *site) (*lab.Host, string)  { return s.Client, "eth0" }
func clientSide(s *site) (*lab.Host, string) { return s.Director, "eth0" }
func realSide(s *site) (*lab.Host, string)   { return s.Director, "eth1" }
func theSwitch(s *site) (*lab.Host, string) {
	return s.Switch.Host, s.Switch.Port(s.Director, "eth1")
}

// setLink returns a change of the end's settings, in the words of `ip link set`.
func setLink(end linkEnd, settings ...string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		t.Helper()
		h, dev := end(s)
		ip(t, h, append([]string{"link", "set", dev}, settings...)...)
	}
}

// setClientMTU sets the MTU of both ends of the client's wire.
func setClientMTU(mtu string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		t.Helper()
		setLink(theClient, "mtu", mtu)(t, s)
		setLink(clientSide, "mtu", mtu)(t, s)
	}
}

// setRealMTU sets the MTU of the director and the real servers on their subnet.
func setRealMTU(mtu string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		t.Helper()
		for _, rs := range s.Real {
			ip(t, rs, "link", "set", "eth0", "mtu", mtu)
		}
		setLink(realSide, "mtu", mtu)(t, s)
	}
}

// rename renames a device of the director, down meanwhile, as the kernel wants.
func rename(from, to string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		t.Helper()
		ip(t, s.Director, "link", "set", from, "down")
		ip(t, s.Director, "link", "set", from, "name", to)
		ip(t, s.Director, "link", "set", to, "up")
	}
}

// readdress replaces an IPv4 address of the client's side.
func readdress(from, to string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		t.Helper()
		ip(t, s.Director, "address", "del", from, "dev", "eth0")
		must(t, s.Director.AddAddr("eth0", to))
	}
}

// deleteLink deletes a device of the director, and the other end of its wire
// with it.
func deleteLink(dev string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		t.Helper()
		ip(t, s.Director, "link", "del", dev)
	}
}

func deleteBoth(t *testing.T, s *site) {
	t.Helper()
	deleteLink("eth0")(t, s)
	deleteLink("eth1")(t, s)
}

// rewireClient makes the wire between client and director again: the same names
// and addresses, other indexes and MACs.
func rewireClient(t *testing.T, s *site) {
	t.Helper()
	ip(t, s.Director, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", s.Client.Name())
	ip(t, s.Director, "link", "set", "eth0", "up")
	ip(t, s.Client, "link", "set", "eth0", "up")
	must(t, s.Client.AddAddr("eth0", "198.51.100.7/24", "2001:db8:1::7/64"))
	must(t, s.Director.AddAddr("eth0", "198.51.100.1/24", "2001:db8:1::1/64"))
}

// replug makes the wire between director and switch again.
func replug(t *testing.T, s *site) {
	t.Helper()
	must(t, s.Switch.Plug(s.Director, "eth1", lab.WireOptions{}))
	must(t, s.Director.AddAddr("eth1", "192.0.2.1/24", "2001:db8:2::1/64"))
}

func rewireBoth(t *testing.T, s *site) {
	t.Helper()
	replug(t, s)
	rewireClient(t, s)
}
