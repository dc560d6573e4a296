package announce

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/bench/lab"
	"xlvs/bench/lab/labtest"
	"xlvs/dataplane/header"
	"xlvs/lvs"
)

// own4 and own6 are the director's own addresses: its kernel answers for them.
var own4, own6 = addr("198.51.100.1"), addr("2001:db8::1")

func TestNeighboursResolveVIPs(t *testing.T) {
	n := newNetwork(t)
	port := n.port(number, "eth0")
	a := n.open(port)
	a.Set([]lvs.Addr{vip4, vip6, addr("::"), addr("0.0.0.0")})
	n.reach(vip4, port.MAC)
	n.reach(vip6, port.MAC)

	// They still do after the interface was down, which also empties the cache.
	for _, state := range []string{"down", "up"} {
		_, err := n.director.Run(t.Context(), "ip", "link", "set", "eth0", state)
		must(t, err)
	}
	n.reach(vip4, port.MAC)
	n.reach(vip6, port.MAC)
	if len(n.conflicts) != 0 {
		t.Errorf("conflict %+v", <-n.conflicts)
	}
}

func TestOnlyVIPsAreAnswered(t *testing.T) {
	n := newNetwork(t)
	a := n.open(n.port(number, "eth0"))
	other4, other6 := addr("198.51.100.81"), addr("2001:db8:1::80") // in the group of vip6
	a.Set([]lvs.Addr{vip4, vip6, other4, other6})
	a.Set([]lvs.Addr{vip4, vip6})
	for _, pair := range [][2]lvs.Addr{{other4, vip4}, {other6, vip6}} {
		n.ask(pair[0], tag{})
		n.ask(pair[1], tag{})
		n.await("answer for "+pair[1].String(), func(m message, to header.MAC, _ tag) bool {
			if m.owned == pair[0] && to == macA {
				t.Errorf("answer for %s, which is no VIP any more", m.owned)
			}
			return m.owned == pair[1] && to == macA
		})
	}
}

func TestAnswerIsInTheVLANOfTheQuestion(t *testing.T) {
	n := newNetwork(t)
	port := n.port(number, "eth0")
	n.open(port).Set([]lvs.Addr{vip4, vip6})
	for _, vip := range []lvs.Addr{vip4, vip6} {
		for _, want := range []tag{{header.TypeVLAN, 0x600a}, {header.TypeQinQ, 10}} {
			n.ask(vip, want)
			n.await("tagged answer", func(m message, to header.MAC, got tag) bool {
				if to != macA {
					return false
				}
				if m.owned != vip || m.from != port.MAC || got != want {
					t.Errorf("answer %+v in %+v, want %s at %s in %+v", m, got, vip, port.MAC, want)
				}
				return true
			})
		}
	}
}

func TestNewVIPsAreAnnounced(t *testing.T) {
	n := newNetwork(t)
	port := n.port(number, "eth0")
	a := n.open(port)
	awaitAll := func(what string, rounds int, vips ...lvs.Addr) {
		t.Helper()
		missing := make(map[lvs.Addr]int)
		for _, vip := range vips {
			missing[vip] = rounds
		}
		n.await(what, func(m message, to header.MAC, in tag) bool {
			if m.from == port.MAC && to.IsMulticast() && in == (tag{}) && missing[m.owned] > 0 {
				if missing[m.owned]--; missing[m.owned] == 0 {
					delete(missing, m.owned)
				}
			}
			return len(missing) == 0
		})
	}
	a.Set([]lvs.Addr{vip4, vip6})
	awaitAll("announcement of each VIP, twice", rounds, vip4, vip6)
	a.Set([]lvs.Addr{vip4, vip6, addr("2001:db8::81")})
	awaitAll("announcement of the new VIP", 1, addr("2001:db8::81"))
	a.Announce(number)
	awaitAll("announcement of all", 1, vip4, vip6, addr("2001:db8::81"))
	a.Announce(number + 1) // is no port
}

// A neighbour that knows the VIP follows it to another MAC address.
func TestNeighboursFollowSetPort(t *testing.T) {
	n := newNetwork(t)
	port := n.port(number, "eth0")
	a := n.open(port)
	a.Set([]lvs.Addr{vip4, vip6})
	n.reach(vip4, port.MAC)
	n.reach(vip6, port.MAC)
	must(t, n.director.SetMAC("eth0", macC[:]))
	must(t, n.director.Do(func() error { return a.SetPort(n.port(number, "eth0")) }))
	n.eventually("neighbours that heard of the new MAC address", func() bool {
		return n.cached(vip4) == macC && n.cached(vip6) == macC
	})
}

func TestClaimsAreDefendedAndReported(t *testing.T) {
	for _, vip := range []lvs.Addr{vip4, vip6} {
		t.Run(vip.String(), func(t *testing.T) {
			n := newNetwork(t)
			port := n.port(number, "eth0")
			n.open(port).Set([]lvs.Addr{vip})
			n.await("announcements", func(m message, _ header.MAC, _ tag) bool { return m.owned == vip })
			for range 3 {
				n.peer.send(announcement(vip, macC, tag{header.TypeVLAN, 10}))
			}
			n.await("defence", func(m message, to header.MAC, in tag) bool {
				return m.owned == vip && m.from == port.MAC && to.IsMulticast() && in.tci == 10
			})
			n.ask(vip, tag{}) // it comes after the claims
			n.await("answer", func(m message, to header.MAC, in tag) bool {
				if m.owned == vip && in.tci == 10 {
					t.Error("defended more than once")
				}
				return m.owned == vip && to == macA
			})
			n.expect(conflict{vip, number, macC})
		})
	}
}

// A kernel that is given a VIP looks whether it is taken, and learns that it is.
func TestDuplicateAddressDetectionFails(t *testing.T) {
	n := newNetwork(t)
	n.open(n.port(number, "eth0")).Set([]lvs.Addr{vip6})
	for range rounds { // an announcement too ends the detection, before it has asked
		n.await("announcement", func(m message, _ header.MAC, _ tag) bool { return m.owned == vip6 })
	}
	must(t, n.client.Sysctl("net.ipv6.conf.eth0.accept_dad", "1"))
	_, err := n.client.Run(t.Context(), "ip", "addr", "add", vip6.String()+"/64", "dev", "eth0")
	must(t, err)
	n.eventually("dadfailed", func() bool {
		out, err := n.client.Run(t.Context(), "ip", "-6", "addr", "show", "dev", "eth0")
		must(t, err)
		return strings.Contains(string(out), "dadfailed")
	})
	link, err := n.client.Link("eth0")
	must(t, err)
	n.expect(conflict{vip6, number, header.MAC(link.HardwareAddr)})
}

// Two ports on one segment hear each other, which is no conflict.
//
//	client eth0 ── switch ──┬─ director eth0
//	                        └─ director eth1
func TestPortsOfOneSegmentAreNoStrangers(t *testing.T) {
	l := labtest.New(t)
	n := &network{t: t, client: newHost(t, l, "client"), director: newHost(t, l, "director"), conflicts: make(chan conflict, 64)}
	segment, err := l.Switch("switch")
	must(t, err)
	must(t, segment.Plug(n.client, "eth0", lab.WireOptions{}))
	must(t, segment.Plug(n.director, "eth0", lab.WireOptions{}))
	must(t, segment.Plug(n.director, "eth1", lab.WireOptions{}))
	n.peer = n.listen()
	ports := []Port{n.port(1, "eth0"), n.port(2, "eth1")}
	n.open(ports...).Set([]lvs.Addr{vip4, vip6})
	for _, vip := range []lvs.Addr{vip4, vip6} {
		n.ask(vip, tag{})
		answers := make(map[header.MAC]bool)
		n.await("answer of both ports", func(m message, to header.MAC, _ tag) bool {
			if m.owned == vip && to == macA {
				answers[m.from] = true
			}
			return answers[ports[0].MAC] && answers[ports[1].MAC]
		})
	}
	if len(n.conflicts) != 0 {
		t.Errorf("conflict %+v", <-n.conflicts)
	}
}

func TestSilence(t *testing.T) {
	silences := map[string]func(a *Announcer){
		"Close":          func(a *Announcer) { a.Close(); a.Close(); a.Set([]lvs.Addr{vip4, vip6}) },
		"RemovePort":     func(a *Announcer) { a.RemovePort(number); a.RemovePort(number); a.Announce(number) },
		"Set of nothing": func(a *Announcer) { a.Set(nil) },
	}
	for name, silence := range silences {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			a := n.open(n.port(number, "eth0"))
			a.Set([]lvs.Addr{vip4, vip6})
			n.ask(vip6, tag{})
			n.await("answer", func(m message, to header.MAC, _ tag) bool { return m.owned == vip6 && to == macA })
			silence(a)
			for _, pair := range [][2]lvs.Addr{{vip4, own4}, {vip6, own6}} {
				n.ask(pair[0], tag{})
				n.ask(pair[1], tag{})
				n.await("the kernel's answer for "+pair[1].String(), func(m message, to header.MAC, _ tag) bool {
					if m.owned == pair[0] && to == macA {
						t.Errorf("answer for %s", m.owned)
					}
					return m.owned == pair[1] && to == macA
				})
			}
		})
	}
}

// groupsOf returns what the director's kernel lists for the group of vip6.
func groupsOf(t *testing.T, n *network) (device, reported bool) {
	t.Helper()
	must(t, n.director.Do(func() error {
		macs, err := os.ReadFile("/proc/thread-self/net/dev_mcast")
		must(t, err)
		groups, err := os.ReadFile("/proc/thread-self/net/igmp6")
		device = strings.Contains(string(macs), "3333ff000080")
		reported = strings.Contains(string(groups), "ff0200000000000000000001ff000080")
		return err
	}))
	return device, reported
}

func TestGroupsAreJoinedAndLeft(t *testing.T) {
	n := newNetwork(t)
	a := n.open(n.port(number, "eth0"))
	steps := []struct {
		name string
		do   func()
		want bool
	}{
		{"no VIP", func() {}, false},
		{"a VIP", func() { a.Set([]lvs.Addr{vip6, vip4}) }, true},
		{"another of the group", func() { a.Set([]lvs.Addr{addr("2001:db8:1::80")}) }, true},
		{"none", func() { a.Set(nil) }, false},
		{"again", func() { a.Set([]lvs.Addr{vip6}) }, true},
		{"no port", func() { a.RemovePort(number) }, false},
	}
	for _, tt := range steps {
		tt.do()
		if device, reported := groupsOf(t, n); device != tt.want || reported != tt.want {
			t.Errorf("%s: device is a member: %t, kernel reports it: %t, want %t", tt.name, device, reported, tt.want)
		}
	}
}

// Where the kernel does not speak IPv6 the interface is a member all the same.
func TestGroupsWithoutIPv6(t *testing.T) {
	n := newNetwork(t)
	_, err := n.director.Run(t.Context(), "ip", "link", "set", "eth0", "mtu", "1000") // IPv6 needs 1280
	must(t, err)
	n.open(n.port(number, "eth0")).Set([]lvs.Addr{vip6})
	if device, reported := groupsOf(t, n); !device || reported {
		t.Errorf("device is a member: %t, kernel reports it: %t, want the device alone", device, reported)
	}
}

func TestPortsThatCannotBe(t *testing.T) {
	n := newNetwork(t)
	port := n.port(number, "eth0")
	a := n.open(port)
	a.Set([]lvs.Addr{vip4})
	gone := Port{number, 9999, macC}
	must(t, n.director.Do(func() error {
		if _, err := Open([]Port{port, gone}, Options{}); !errors.Is(err, unix.ENODEV) {
			t.Errorf("Open() = %v, want %v", err, unix.ENODEV)
		}
		if err := a.SetPort(gone); !errors.Is(err, unix.ENODEV) {
			t.Errorf("SetPort() = %v, want %v", err, unix.ENODEV)
		}
		for _, mac := range []header.MAC{{}, broadcast} {
			if err := a.SetPort(Port{number, port.Index, mac}); err == nil {
				t.Errorf("SetPort() with MAC %s = nil, want an error", mac)
			}
		}
		return nil
	}))
	n.reach(vip4, port.MAC) // the port is as it was
	a.Close()
	if err := a.SetPort(port); !errors.Is(err, ErrClosed) {
		t.Errorf("SetPort() = %v, want %v", err, ErrClosed)
	}
}
