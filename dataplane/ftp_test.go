package dataplane

import (
	"fmt"
	"net/netip"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// data exchanges the first two segments of a data connection, of which opener,
// at one end, begins.
func (s *ftpSession) data(t *testing.T, client, virtual, real netip.AddrPort, opener int) {
	t.Helper()
	flags := [2]header.TCPFlags{header.FlagSYN, header.FlagSYN | header.FlagACK}
	for i := range 2 {
		from := (opener + i) % 2
		in, want := packettest.TCP(client.String(), virtual.String(), flags[i], ""), fmt.Sprintf("TCP %v -> %v", client, real)
		if from == fromServer {
			in, want = packettest.TCP(real.String(), client.String(), flags[i], ""), fmt.Sprintf("TCP %v -> %v", virtual, client)
		}
		if got := fmt.Sprint(tupleOf(s.forwarded(t, in))); got != want {
			t.Errorf("data goes %s, want %s", got, want)
		}
	}
}

// Data connections in all four ways: the real server's port stays as it is where
// the server listens, and is the one below its own where the client does.
func TestFTPData(t *testing.T) {
	const passive, extended = "227 Entering Passive Mode (%s).\r\n", "229 Entering Extended Passive Mode (|||%d|)\r\n"
	for name, open := range map[string]func(*testing.T) *ftpSession{
		"IPv4": ftpSite4, "IPv6": ftpSite6,
		"IPv4, port 2121": func(t *testing.T) *ftpSession { return newFTPSession(t, client4, vip4, real4, 2121) },
	} {
		at := func(a netip.AddrPort, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), port) }
		run := func(command string, test func(t *testing.T, s *ftpSession)) {
			t.Run(name+" "+command, func(t *testing.T) { test(t, open(t)) })
		}
		active := func(t *testing.T, s *ftpSession, command string) {
			s.say(t, command)
			s.hear(t, "200 PORT command successful.\r\n")
			s.data(t, at(s.client, 2561), at(s.vip, 20), at(s.real, s.real.Port()-1), fromServer)
			s.checkFTP(t)
		}
		run("EPSV", func(t *testing.T, s *ftpSession) {
			s.say(t, "EPSV\r\n")
			if answer := fmt.Sprintf(extended, 30004); s.hear(t, answer) != answer {
				t.Errorf("%q has changed", answer)
			}
			s.data(t, at(s.client, 5001), at(s.vip, 30004), at(s.real, 30004), fromClient)
			s.checkFTP(t)
		})
		run("EPRT", func(t *testing.T, s *ftpSession) {
			active(t, s, fmt.Sprintf("EPRT |%d|%v|2561|\r\n", map[bool]int{true: 1, false: 2}[s.vip.Addr().Is4()], s.client.Addr()))
		})
		if name == "IPv6" {
			continue // PASV and PORT have no room for its addresses
		}
		run("PASV", func(t *testing.T, s *ftpSession) {
			s.say(t, "PASV\r\n")
			want := fmt.Sprintf(passive, numbers(at(s.vip, 30004)))
			if got := s.hear(t, fmt.Sprintf(passive, numbers(at(s.real, 30004)))); got != want {
				t.Errorf("the client hears %q, want %q", got, want)
			}
			s.data(t, at(s.client, 5001), at(s.vip, 30004), at(s.real, 30004), fromClient)
			s.checkFTP(t)
		})
		run("PORT", func(t *testing.T, s *ftpSession) { active(t, s, "PORT "+numbers(at(s.client, 2561))+"\r\n") })
	}
}

// checkFTP wants a control and a data connection, of which the scheduler has
// seen one, and the control connection to go on.
func (s *ftpSession) checkFTP(t *testing.T) {
	t.Helper()
	v := s.Services()[0]
	if v.Counters.Conns != 1 || s.table.Len() != 2 || v.Destinations[0].Active != 2 {
		t.Errorf("%d scheduled, %d in the table, %d active", v.Counters.Conns, s.table.Len(), v.Destinations[0].Active)
	}
	s.hear(t, "150 Here it comes.\r\n")
	s.say(t, "NOOP\r\n")
}

// Control connections are those to the ports that the configuration says. On another
// than 21 data connections have to be announced, and the classifier has to take them.
func TestFTPOnAnotherPort(t *testing.T) {
	for name, tt := range map[string]struct {
		ports []uint16
		want  bool
	}{
		"named":            {[]uint16{2121}, true},
		"named with 21":    {[]uint16{21, 2121}, true},
		"not named":        {[]uint16{21}, false},
		"another is named": {[]uint16{2122}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newPair(t)
			c := testConfig(onPort(testService(lvs.TCP, lvs.NAT, real4), 2121))
			c.FTPPorts = []uint16{2121}
			d.configure(t, c)
			c.FTPPorts = tt.ports
			d.configure(t, c)
			s := d.session(t, netip.MustParseAddrPort(client4+":4242"))
			s.say(t, "PASV\r\n")
			answer := fmt.Sprintf("227 Entering Passive Mode (%s).\r\n", numbers(netip.MustParseAddrPort(real4+":30004")))
			if heard := s.hear(t, answer); (heard != answer) != tt.want {
				t.Errorf("the client hears %q", heard)
			}
			data := packettest.TCP(client4+":5001", vip4+":30004", header.FlagSYN, "")
			if got := d.filter.rules.Take(data); got != tt.want {
				t.Errorf("a data connection is taken: %t, want %t", got, tt.want)
			}
			if got := d.verdict(t, data) == Forward; got != tt.want {
				t.Errorf("a data connection is forwarded: %t, want %t", got, tt.want)
			}
			if v := d.verdict(t, packettest.TCP(client4+":5001", vip4+":30005", header.FlagSYN, "")); v != NotOurs {
				t.Errorf("one that was not announced: verdict = %q", v)
			}
			if list := d.disagreements(d.filter.rules); list != nil {
				t.Errorf("%q", list)
			}
		})
	}
}

// That clients of port 21 find its service at any port is so whatever is named.
func TestLookupByFTPStaysAtItsPort(t *testing.T) {
	d := newPair(t)
	c := testConfig(persistent(onPort(testService(lvs.TCP, lvs.NAT, real4), 21)))
	c.FTPPorts = []uint16{2121}
	d.configure(t, c)
	data := packettest.TCP(client4+":5001", vip4+":30004", header.FlagSYN, "")
	if v := d.verdict(t, data); v != Forward || !d.filter.rules.Take(data) {
		t.Errorf("verdict = %q", v)
	}
}
