package dataplane

import (
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// markService returns a service of mark for the packets of real's family.
func markService(mark uint32, m lvs.Method, reals ...string) config.Service {
	s := testService(lvs.TCP, m, reals...)
	s.ServiceKey = config.ServiceKey{Mark: mark, VIP: netip.IPv4Unspecified()}
	if s.Reals[0].Addr.Is6() {
		s.VIP = netip.IPv6Unspecified()
	}
	return s
}

// toPort returns s with all of its real servers on another port.
func toPort(s config.Service, port uint16) config.Service {
	return withReals(s, func(_ int, r *config.Real) { r.Port = port })
}

// lookupConfig has every kind of service that a packet to one VIP can belong to,
// told apart by the port of the real server. The mark is of ports 4000 to 4001.
func lookupConfig(f family) *config.Config {
	tcp := testService(lvs.TCP, lvs.NAT, f.bare())
	every := persistent(onPort(toPort(tcp, 0), 0))
	everyDatagram := every
	everyDatagram.Protocol = lvs.UDP
	c := testConfig(
		toPort(onPort(tcp, 80), 1080), toPort(onPort(tcp, 4001), 1401),
		toPort(persistent(onPort(tcp, 21)), 1021), every, everyDatagram,
		toPort(markService(4, lvs.NAT, f.bare()), 1004),
	)
	vip := netip.MustParseAddr(f.bareOf(f.vip))
	c.Marks = []config.Mark{{
		Mark: 4, Destination: netip.PrefixFrom(vip, vip.BitLen()), Protocol: lvs.TCP, Ports: []config.PortRange{{First: 4000, Last: 4001}},
	}}
	return c
}

// A packet finds its service by mark, then by its port, then as data of FTP, and
// then as one to any port.
func TestServiceLookupOrder(t *testing.T) {
	tests := map[string]struct {
		port    string
		udp     bool
		service uint16 // its port, or its mark
		keeps   bool   // the port is what the real server gets
	}{
		"a port of its own":                        {"80", false, 80, false},
		"the mark goes before a port":              {"4001", false, 4, false},
		"the mark alone":                           {"4000", false, 4, false},
		"control connection of FTP":                {"21", false, 21, false},
		"data port of FTP":                         {"20", false, 21, true},
		"first unprivileged port is FTP's":         {"1024", false, 21, true},
		"last port is FTP's":                       {"65535", false, 21, true},
		"last privileged port is any":              {"1023", false, 0, true},
		"a port next to FTP's is any":              {"22", false, 0, true},
		"datagrams are no FTP":                     {"1024", true, 0, true},
		"datagrams have no service on port 80":     {"80", true, 0, true},
		"datagrams are not what the rule is about": {"4000", true, 0, true},
	}
	for _, f := range []family{ipv4, ipv6} {
		for name, tt := range tests {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d := newPair(t)
				d.configure(t, lookupConfig(f))
				in := packettest.TCP(f.client+":4242", f.vip+":"+tt.port, header.FlagSYN, "")
				if tt.udp {
					in = packettest.UDP(f.client+":4242", f.vip+":"+tt.port, "data")
				}
				to := tupleOf(d.forwarded(t, in)).DstPort
				want := tupleOf(in).DstPort
				if !tt.keeps {
					want = tt.service + 1000
				}
				if to != want {
					t.Errorf("went to port %d, want %d", to, want)
				}
				if got := countingService(d); got != tt.service {
					t.Errorf("service %d counts the connection, want %d", got, tt.service)
				}
			})
		}
	}
}

// countingService returns the port, or the mark, of the one service that has had
// a connection.
func countingService(d *testDirector) (port uint16) {
	port = 0xdead
	for _, s := range d.Services() {
		if s.Counters.Conns == 1 {
			port = s.Port + uint16(s.Mark)
		}
	}
	return port
}

// Without the services that take more than one port, only the exact one is
// left, and without a service of its mark a packet has none.
func TestServicesOfOnePort(t *testing.T) {
	tests := map[string]struct {
		port string
		want Verdict
	}{
		"its own port":    {"80", Forward},
		"FTP's data port": {"20", NotOurs},
		"a high port":     {"1024", NotOurs},
		"port 0":          {"0", NotOurs},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newPair(t)
			c := testConfig(testService(lvs.TCP, lvs.NAT, real4))
			c.Marks = []config.Mark{{Mark: 9, Destination: netip.MustParsePrefix(vip4 + "/32")}} // of no service
			d.configure(t, c)
			if v := d.verdict(t, packettest.TCP(client4+":4242", vip4+":"+tt.port, header.FlagSYN, "")); v != tt.want {
				t.Errorf("verdict = %q, want %q", v, tt.want)
			}
		})
	}
}

// The rule about data connections holds for every FTP service, but one without
// persistence leaves them to the host: the VIP may have other ports in use.
func TestHighPortsBesideFTP(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		d := newPair(t)
		d.configure(t, testConfig(onPort(testService(lvs.TCP, lvs.NAT, f.bare()), 21)))
		in := packettest.TCP(f.client+":4242", f.vip+":2000", header.FlagSYN, "")
		if v := d.verdict(t, in); v != NotOurs {
			t.Errorf("%s: verdict = %q, want %q", f.name(), v, NotOurs)
		}
	}
}
