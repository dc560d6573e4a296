package dataplane

import (
	"net/netip"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// The client that was told of a data connection has it to itself, by the port of
// its first segment. An error about it is no such segment.
func TestFTPDataIsClaimed(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *ftpSession{"IPv4": ftpSite4, "IPv6": ftpSite6} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			s.say(t, "EPSV\r\n")
			s.hear(t, "229 ok (|||30004|)\r\n")
			from := func(port uint16) []byte {
				return packettest.TCP(netip.AddrPortFrom(s.client.Addr(), port).String(), netip.AddrPortFrom(s.vip.Addr(), 30004).String(), header.FlagSYN, "")
			}
			answer := packettest.TCP(netip.AddrPortFrom(s.vip.Addr(), 30004).String(), netip.AddrPortFrom(s.client.Addr(), 5000).String(), header.FlagACK, "")
			s.forwarded(t, packettest.ICMPError(s.client.Addr().String(), map[string]uint8{"IPv4": 3, "IPv6": 1}[name], 0, 0, answer))
			s.forwarded(t, from(5001))
			s.forwarded(t, from(5001))
			if v := s.verdict(t, from(5002)); v != NotOurs {
				t.Errorf("from another port: verdict = %q", v)
			}
		})
	}
}

// A data connection that nobody opens is forgotten; one in use keeps its control
// connection.
func TestFTPDataAges(t *testing.T) {
	s := ftpSite4(t)
	s.say(t, "EPSV\r\n")
	s.hear(t, "229 ok (|||30004|)\r\n")
	s.hear(t, "229 ok (|||30005|)\r\n")
	data := func(flags header.TCPFlags) []byte { return packettest.TCP(client4+":5001", vip4+":30005", flags, "") }
	s.forwarded(t, data(header.FlagSYN))
	s.forwarded(t, data(header.FlagACK))
	s.wait(122)
	if got := s.listed(false); len(got) != 2 {
		t.Errorf("connections are %q, want the control connection and the data", got)
	}
	for range 3 {
		s.wait(600)
		s.forwarded(t, data(header.FlagACK))
	}
	s.say(t, "NOOP\r\n")
	s.wait(2000)
	if n := s.table.Len(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// An announcement takes the place of an older one for the same port that was not
// followed, of another real server or of the same; it has all of its time.
func TestFTPDataIsAnnouncedAgain(t *testing.T) {
	d := newFTP(t, vip4, 21, real4, second4)
	first := d.session(t, netip.MustParseAddrPort(client4+":4242"))
	other := d.session(t, netip.MustParseAddrPort(client4+":4243"))
	if first.real == other.real {
		t.Fatalf("both sessions are with %v", first.real)
	}
	for _, s := range []*ftpSession{first, other} {
		s.say(t, "EPSV\r\n")
		s.hear(t, "229 ok (|||30004|)\r\n")
	}
	d.wait(100)
	other.hear(t, "229 ok (|||30004|)\r\n")
	d.wait(100)
	want := netip.AddrPortFrom(other.real.Addr(), 30004).String()
	if got := d.stopOf(t, packettest.TCP(client4+":5001", vip4+":30004", header.FlagSYN, "")); got != want {
		t.Errorf("data went to %s, want %s, which announced it last", got, want)
	}
	first.say(t, "PORT 198,51,100,7,10,1\r\n")
	other.say(t, "PORT 198,51,100,7,10,1\r\n")
	d.forwarded(t, packettest.TCP(netip.AddrPortFrom(other.real.Addr(), 20).String(), client4+":2561", header.FlagSYN, ""))
}

// Without nat FTP needs persistence: what a client opens by itself goes to the
// real server that it talks to, and nothing that both say is changed.
func TestFTPUnderDirectRouting(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		d := newPair(t)
		d.configure(t, testConfig(persistent(onPort(testService(lvs.TCP, lvs.DirectRouting, f.bare(), f.second()), 21))))
		control := packettest.TCP(f.client+":4242", f.vip+":21", header.FlagSYN, "")
		d.forwarded(t, control)
		in := packettest.TCP(f.client+":4242", f.vip+":21", header.FlagACK, "PASV\r\n")
		if got := d.forwarded(t, in); string(got) != string(toReal(in)) {
			t.Errorf("%s: sent % x, want % x", f.name(), got, toReal(in))
		}
		d.forwarded(t, packettest.TCP(f.client+":5001", f.vip+":30004", header.FlagSYN, ""))
		// The client's answer to data that the server opens begins that connection.
		d.forwarded(t, packettest.TCP(f.client+":2561", f.vip+":20", header.FlagSYN|header.FlagACK, ""))
		var used int
		for _, r := range d.Services()[0].Destinations {
			if r.Counters.Conns == 3 && r.Persistent == 1 {
				used++
			}
		}
		if used != 1 {
			t.Errorf("%s: real servers = %+v, want one with three connections", f.name(), d.Services()[0].Destinations)
		}
	}
}

// A control connection that has data connections is put aside when its client
// uses its port again, and not lost with them.
func TestFTPControlPortIsReused(t *testing.T) {
	s := ftpSite4(t)
	s.say(t, "PORT 198,51,100,7,10,1\r\n")
	s.forwarded(t, packettest.TCP(s.real.String(), s.client.String(), header.FlagRST, ""))
	s.forwarded(t, packettest.TCP(s.client.String(), s.vip.String(), header.FlagSYN, ""))
	if n := s.Services()[0].Counters.Conns; n != 2 || s.table.Len() != 3 {
		t.Errorf("%d scheduled, %d in the table, want 2 and 3: two to port 21, and the data", n, s.table.Len())
	}
}
