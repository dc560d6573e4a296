package dataplane

import (
	"fmt"
	"net/netip"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// webMarks gives mark 1 to what goes to ports 80 and 443 of a family's VIP.
func webMarks(f family) []config.Mark {
	vip := netip.MustParseAddr(f.bareOf(f.vip))
	return []config.Mark{{
		Mark: 1, Destination: netip.PrefixFrom(vip, vip.BitLen()), Protocol: lvs.TCP,
		Ports: []config.PortRange{{First: 80, Last: 80}, {First: 443, Last: 443}},
	}}
}

// webConfig has ports 80 and 443 as one persistent service.
func webConfig(f family) *config.Config {
	c := testConfig(persistent(toPort(markService(1, lvs.NAT, f.bare(), f.second()), 0)))
	c.Marks = webMarks(f)
	return c
}

// A client that begins on one port of a persistent mark goes on with the same
// real server on another, and real servers keep the ports.
func TestTwoPortsOfOneMark(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		t.Run(f.name(), func(t *testing.T) {
			d := newPair(t)
			d.configure(t, webConfig(f))
			real := map[string]lvs.Addr{}
			for i, client := range []string{f.client, f.another(), f.client, f.another()} {
				for _, port := range []string{"80", "443"} {
					in := packettest.TCP(fmt.Sprint(client, ":", 1000+i), f.vip+":"+port, header.FlagSYN, "")
					to := tupleOf(d.forwarded(t, in))
					if to.DstPort != tupleOf(in).DstPort {
						t.Errorf("port %s became %d", port, to.DstPort)
					}
					if real[client].IsZero() {
						real[client] = to.Dst
					}
					if to.Dst != real[client] {
						t.Errorf("%v went to %v, before to %v", client, to.Dst, real[client])
					}
				}
			}
			if real[f.client] == real[f.another()] {
				t.Error("both clients have one real server")
			}
			if v := d.verdict(t, packettest.TCP(f.client+":9", f.vip+":81", header.FlagSYN, "")); v != NotOurs {
				t.Errorf("a port without mark: verdict = %q", v)
			}
		})
	}
}

// The template of a mark says what the kernel's does: any protocol, and the mark
// for an address.
func TestTemplateOfAMark(t *testing.T) {
	tests := map[string]struct {
		f    family
		want string
	}{
		"IPv4": {ipv4, "[IP 198.51.100.7:0 0.0.0.1:0 203.0.113.12:0]"},
		"IPv6": {ipv6, "[IP [2001:db8:c::7]:0 [0:1::]:0 [2001:db8:2::12]:0]"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newPair(t)
			d.configure(t, webConfig(tt.f))
			for port := range 3 {
				d.forwarded(t, packettest.TCP(fmt.Sprint(tt.f.client, ":", port+1), tt.f.vip+":80", header.FlagSYN, ""))
			}
			if got := fmt.Sprint(d.listed(true)); got != tt.want {
				t.Errorf("templates are %s, want %s", got, tt.want)
			}
		})
	}
}

// Which port a mark service's real server gets: its own if it has one, but the
// packet's in a persistent service.
func TestPortOfMarkService(t *testing.T) {
	tests := map[string]struct {
		persistent bool
		port       uint16
		want       uint16
	}{
		"a port of its own":             {false, 8080, 8080},
		"none":                          {false, 0, 443},
		"a port of its own, persistent": {true, 8080, 443},
		"none, persistent":              {true, 0, 443},
	}
	for _, f := range []family{ipv4, ipv6} {
		for name, tt := range tests {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				s := toPort(markService(1, lvs.NAT, f.bare()), tt.port)
				if tt.persistent {
					s = persistent(s)
				}
				c := testConfig(s)
				c.Marks = webMarks(f)
				d := newPair(t)
				d.configure(t, c)
				client := f.client + ":4242"
				sent := d.forwarded(t, packettest.TCP(client, f.vip+":443", header.FlagSYN, ""))
				if got := tupleOf(sent).DstPort; got != tt.want {
					t.Errorf("went to port %d, want %d", got, tt.want)
				}
				answer := packettest.TCP(fmt.Sprint(f.real, ":", tt.want), client, header.FlagSYN|header.FlagACK, "")
				if got := tupleOf(d.forwarded(t, answer)); got.Src != addr(f.bareOf(f.vip)) || got.SrcPort != 443 {
					t.Errorf("answer comes from %v", got)
				}
			})
		}
	}
}

// The first rule that a packet matches gives its mark, and the others do not
// matter, even if that mark has no service.
func TestFirstMarkWins(t *testing.T) {
	net := netip.MustParsePrefix("192.0.2.0/24")
	from := netip.MustParsePrefix("198.51.100.0/29")
	rules := map[string]struct {
		marks []config.Mark
		want  string // mark of the service that gets it; "" for none
	}{
		"one rule":                    {[]config.Mark{{Mark: 2, Destination: net}}, "2"},
		"two rules":                   {[]config.Mark{{Mark: 1, Destination: net, Source: from}, {Mark: 2, Destination: net}}, "1"},
		"two rules, the other way":    {[]config.Mark{{Mark: 2, Destination: net}, {Mark: 1, Destination: net, Source: from}}, "2"},
		"another protocol before":     {[]config.Mark{{Mark: 1, Destination: net, Protocol: lvs.UDP}, {Mark: 2, Destination: net}}, "2"},
		"a mark without a service":    {[]config.Mark{{Mark: 3, Destination: net, Source: from}, {Mark: 2, Destination: net}}, ""},
		"no rule for it":              {[]config.Mark{{Mark: 1, Destination: net, Protocol: lvs.SCTP}}, ""},
		"a port that it comes from":   {[]config.Mark{{Mark: 1, Destination: net, SourcePorts: []config.PortRange{{First: 4242, Last: 4242}}}}, "1"},
		"a port that it does not":     {[]config.Mark{{Mark: 1, Destination: net, SourcePorts: []config.PortRange{{First: 1, Last: 4241}}}}, ""},
		"everything there is":         {[]config.Mark{{Mark: 1, Destination: netip.MustParsePrefix("0.0.0.0/0")}}, "1"},
		"everything there is in IPv6": {[]config.Mark{{Mark: 1, Destination: netip.MustParsePrefix("::/0")}}, ""},
	}
	for name, tt := range rules {
		t.Run(name, func(t *testing.T) {
			d := newPair(t)
			c := testConfig(markService(1, lvs.NAT, real4), markService(2, lvs.NAT, second4))
			nobodys := netip.MustParsePrefix("203.0.113.200/32")
			c.Marks = append(tt.marks, config.Mark{Mark: 1, Destination: nobodys}, config.Mark{Mark: 2, Destination: nobodys})
			d.configure(t, c)
			d.push(t, packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, ""))
			got := ""
			for _, s := range d.Services() {
				if s.Counters.Conns != 0 {
					got = fmt.Sprint(s.Mark)
				}
			}
			if got != tt.want {
				t.Errorf("went by mark %q, want %q", got, tt.want)
			}
		})
	}
}

// A rule may ask for an interface: the one that the packet came in by.
func TestMarkByInterface(t *testing.T) {
	d := newPair(t)
	d.ports = []port{{Port: neigh.Port{Name: "lan0"}}, {Port: neigh.Port{Name: "lan1"}}}
	c := testConfig(markService(1, lvs.NAT, real4))
	c.Marks = []config.Mark{{Mark: 1, Destination: netip.MustParsePrefix(vip4 + "/32"), Interface: "lan1"}}
	d.configure(t, c)
	for in, want := range map[uint16]Verdict{0: NotOurs, 1: Forward} {
		p := packettest.Frame(syn4(1000 + int(in)))
		p.In = in
		if _, v := d.handleOne(t, p); v != want {
			t.Errorf("in by port %d: verdict = %q, want %q", in, v, want)
		}
	}
	before := d.snapshot.Load()
	c.Marks[0].Interface = "wan7"
	if err := d.Apply(c); err == nil || d.snapshot.Load() != before {
		t.Errorf("Apply() with an interface that there is not: %v", err)
	}
}

// Connections of a mark stay when the rules give it to others; new ones have no
// service.
func TestMarkRulesChange(t *testing.T) {
	d := newPair(t)
	d.configure(t, webConfig(ipv4))
	d.forwarded(t, syn4(1))
	c := webConfig(ipv4)
	c.Marks[0].Ports = []config.PortRange{{First: 443, Last: 443}}
	d.configure(t, c)
	if v := d.verdict(t, syn4(2)); v != NotOurs {
		t.Errorf("new connection: verdict = %q", v)
	}
	if v := d.verdict(t, packettest.TCP(client4+":1", vip4+":80", header.FlagACK, "")); v != Forward {
		t.Errorf("old connection: verdict = %q", v)
	}
}
