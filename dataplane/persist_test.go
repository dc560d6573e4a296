package dataplane

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// What a client is remembered by depends on the service: one of its ports, all
// of them, all of FTP, or a mark. The real server's port follows from that, too.
func TestTemplates(t *testing.T) {
	tcp, udp := testService(lvs.TCP, lvs.NAT, real4), testService(lvs.UDP, lvs.NAT, real4)
	tests := map[string]struct {
		service   config.Service
		in        []byte
		templates string
		stop      string
	}{
		"one port": {
			tcp, packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, ""),
			"[TCP 198.51.100.7:0 192.0.2.1:80 203.0.113.11:8080]", "203.0.113.11:8080",
		},
		"every port": {
			toPort(onPort(tcp, 0), 0), packettest.TCP(client4+":4242", vip4+":443", header.FlagSYN, ""),
			"[TCP 198.51.100.7:0 192.0.2.1:0 203.0.113.11:0]", "203.0.113.11:443",
		},
		"every port, of a real server with one": {
			onPort(tcp, 0), packettest.TCP(client4+":4242", vip4+":443", header.FlagSYN, ""),
			"[TCP 198.51.100.7:0 192.0.2.1:0 203.0.113.11:0]", "203.0.113.11:443",
		},
		"every port of datagrams": {
			toPort(onPort(udp, 0), 0), packettest.UDP(client4+":4242", vip4+":53", ""),
			"[UDP 198.51.100.7:0 192.0.2.1:0 203.0.113.11:0]", "203.0.113.11:53",
		},
		"control connection of FTP": {
			onPort(toPort(tcp, 2121), 21), packettest.TCP(client4+":4242", vip4+":21", header.FlagSYN, ""),
			"[TCP 198.51.100.7:0 192.0.2.1:0 203.0.113.11:0]", "203.0.113.11:2121",
		},
		"data connection of FTP": {
			onPort(toPort(tcp, 2121), 21), packettest.TCP(client4+":4242", vip4+":5000", header.FlagSYN, ""),
			"[TCP 198.51.100.7:0 192.0.2.1:0 203.0.113.11:0]", "203.0.113.11:5000",
		},
		"port 21 of datagrams": {
			onPort(toPort(udp, 2121), 21), packettest.UDP(client4+":4242", vip4+":21", ""),
			"[UDP 198.51.100.7:0 192.0.2.1:0 203.0.113.11:0]", "203.0.113.11:2121",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newPair(t)
			d.configure(t, testConfig(persistent(tt.service)))
			if got := d.stopOf(t, tt.in); got != tt.stop {
				t.Errorf("went to %s, want %s", got, tt.stop)
			}
			if got := fmt.Sprint(d.listed(true)); got != tt.templates {
				t.Errorf("templates are %s, want %s", got, tt.templates)
			}
			if r := d.Services()[0].Destinations[0]; r.Persistent != 1 || r.Active+r.Inactive != 1 {
				t.Errorf("real server has %d templates and %d connections, want one each", r.Persistent, r.Active+r.Inactive)
			}
		})
	}
}

// newPersistent returns a director of one persistent service of both of a
// family's real servers.
func newPersistent(t *testing.T, f family, bits int) *testDirector {
	d := newPair(t)
	s := persistent(testService(lvs.TCP, lvs.NAT, f.bare(), f.second()))
	s.MaskBits = bits
	d.configure(t, testConfig(s))
	return d
}

// A client is as much of its address as the netmask covers.
func TestNetmask(t *testing.T) {
	tests := map[string]struct {
		f       family
		bits    int
		clients []string
		same    bool // have they one real server?
	}{
		"a host":                            {ipv4, 32, []string{"198.51.100.7", "198.51.100.7"}, true},
		"neighbours as hosts":               {ipv4, 32, []string{"198.51.100.6", "198.51.100.7"}, false},
		"neighbours in a network":           {ipv4, 31, []string{"198.51.100.6", "198.51.100.7"}, true},
		"networks side by side":             {ipv4, 24, []string{"198.51.100.255", "198.51.101.0"}, false},
		"one network of two":                {ipv4, 23, []string{"198.51.100.255", "198.51.101.0"}, true},
		"all there are":                     {ipv4, 1, []string{"198.51.100.7", "203.0.113.200"}, true},
		"a host, IPv6":                      {ipv6, 128, []string{"[2001:db8:c::7]", "[2001:db8:c::8]"}, false},
		"a network within the lower half":   {ipv6, 120, []string{"[2001:db8:c::7]", "[2001:db8:c::8]"}, true},
		"networks within the lower half":    {ipv6, 120, []string{"[2001:db8:c::7]", "[2001:db8:c::107]"}, false},
		"a /64":                             {ipv6, 64, []string{"[2001:db8:c::7]", "[2001:db8:c::8:0:0:7]"}, true},
		"two of /64":                        {ipv6, 64, []string{"[2001:db8:c::7]", "[2001:db8:c:1::7]"}, false},
		"a network beyond the lower half":   {ipv6, 48, []string{"[2001:db8:c::7]", "[2001:db8:c:1::7]"}, true},
		"networks beyond the lower half":    {ipv6, 48, []string{"[2001:db8:c::7]", "[2001:db8:d::7]"}, false},
		"one bit that is the same for both": {ipv6, 1, []string{"[2001:db8:c::7]", "[2001:db8:d::7]"}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newPersistent(t, tt.f, tt.bits)
			var stops []string
			for i, c := range tt.clients {
				stops = append(stops, d.stopOf(t, packettest.TCP(fmt.Sprint(c, ":", 4000+i), tt.f.vip+":80", header.FlagSYN, "")))
			}
			if same := stops[0] == stops[1]; same != tt.same {
				t.Errorf("%v with /%d went to %v", tt.clients, tt.bits, stops)
			}
			if want := map[bool]int{true: 1, false: 2}[tt.same]; d.table.Templates() != want {
				t.Errorf("%d templates, want %d", d.table.Templates(), want)
			}
		})
	}
}

// expiries returns when the templates expire, in seconds.
func (d *testDirector) expiries() (at []int) {
	for c := range d.Connections() {
		if c.Template {
			at = append(at, int(c.Expires/10))
		}
	}
	return at
}

// A template's timer begins again with each connection, and not with packets. It
// stays for as long as it has connections, a minute at a time, and from then on
// a minute is its timeout.
func TestTemplateTimer(t *testing.T) {
	syn := func(port int) []byte {
		return packettest.TCP(fmt.Sprint(client4, ":", port), vip4+":80", header.FlagSYN, "")
	}
	end := func(port int) []byte {
		return packettest.TCP(real4+":8080", fmt.Sprint(client4, ":", port), header.FlagRST, "")
	}
	d := newPair(t)
	d.configure(t, testConfig(persistent(testService(lvs.TCP, lvs.NAT, real4))))
	steps := []struct {
		at      int // seconds
		in      []byte
		expires int // the template does; 0: it is gone
	}{
		{0, syn(1), 300},
		{50, packettest.TCP(client4+":1", vip4+":80", header.FlagACK, "data"), 300},
		{60, packettest.TCP(real4+":8080", client4+":1", header.FlagACK, "data"), 300},
		{100, syn(2), 400},
		{200, syn(1), 400}, // of an old connection
		{300, syn(3), 600},
		{310, end(3), 600},
		{601, nil, 660}, // one connection is left
		{610, syn(4), 670},
		{611, end(4), 670},
		{620, end(1), 670},
		{640, nil, 670},
		{671, nil, 0},
	}
	for _, s := range steps {
		d.wait(s.at - int(d.now/time.Second))
		if s.in != nil {
			d.forwarded(t, s.in)
		}
		got := d.expiries()
		if s.expires == 0 && len(got) == 0 {
			continue
		}
		if len(got) != 1 || got[0] < s.expires || got[0] > s.expires+1 { // timers are looked at once a second
			t.Fatalf("after %d s: templates expire at %v, want one at %d", s.at, got, s.expires)
		}
	}
	if n := d.Services()[0].Destinations[0].Persistent; n != 0 {
		t.Errorf("%d templates are counted when none is left", n)
	}
}

// Another timeout or netmask is for templates to come.
func TestChangedPersistence(t *testing.T) {
	d := newPersistent(t, ipv4, 32)
	s := persistent(testService(lvs.TCP, lvs.NAT, real4, second4))
	first := d.stopOf(t, syn4(1))
	s.Persistence = 100 * time.Second
	d.configure(t, testConfig(s))
	if again := d.stopOf(t, syn4(2)); again != first {
		t.Errorf("after the change the client went to %s, before to %s", again, first)
	}
	d.forwarded(t, packettest.TCP(client4b+":1", vip4+":80", header.FlagSYN, ""))
	got := d.expiries()
	slices.Sort(got)
	if !slices.Equal(got, []int{100, 300}) {
		t.Errorf("templates expire at %v, want the old one at 300, the new one at 100", got)
	}
}
