package ipvsadm

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"xlvs/control"
	"xlvs/lvs"
)

// connection returns a connection between endpoints.
func connection(p lvs.Protocol, state lvs.State, left time.Duration, client, virtual, real string) (c control.Connection) {
	ends := [...]netip.AddrPort{netip.MustParseAddrPort(client), netip.MustParseAddrPort(virtual), netip.MustParseAddrPort(real)}
	c.Proto, c.State, c.Left = p, state, left
	c.Client, c.ClientPort = lvs.AddrFrom(ends[0].Addr()), ends[0].Port()
	c.Virtual, c.VirtualPort = lvs.AddrFrom(ends[1].Addr()), ends[1].Port()
	c.Real, c.RealPort = lvs.AddrFrom(ends[2].Addr()), ends[2].Port()
	return c
}

// template returns a template of a client.
func template(p lvs.Protocol, assured bool, left time.Duration, client, virtual, real string) control.Connection {
	c := connection(p, 0, left, client, virtual, real)
	c.Template, c.Assured = true, assured
	return c
}

// called returns c as one that SIP's Call-ID has led to.
func called(c control.Connection, id string) control.Connection {
	c.Engine, c.Data = "sip", id
	return c
}

// allConnections returns connections of every kind.
func allConnections() []control.Connection {
	return []control.Connection{
		connection(lvs.TCP, lvs.TCPEstablished, 15*time.Minute-time.Nanosecond, "203.0.113.7:51234", "198.51.100.1:80", "192.0.2.11:80"),
		connection(lvs.TCP, lvs.TCPFinWait, 118*time.Second, "203.0.113.7:51235", "198.51.100.1:80", "192.0.2.12:8080"),
		connection(lvs.TCP, lvs.TCPSynAck, 0, "203.0.113.8:51235", "198.51.100.1:443", "192.0.2.12:8080"),
		template(lvs.TCP, true, 297*time.Second, "203.0.113.0:0", "198.51.100.1:80", "192.0.2.11:80"),
		template(lvs.IP, false, 297*time.Second, "203.0.113.0:0", "0.0.0.1:0", "192.0.2.11:0"),
		connection(lvs.UDP, lvs.UDPNormal, 10000*time.Second, "203.0.113.7:5060", "198.51.100.1:5060", "192.0.2.11:5060"),
		called(template(lvs.UDP, true, 61*time.Second, "203.0.113.0:0", "198.51.100.1:5060", "192.0.2.11:5060"), "3848276298220188511@192.0.2.7"),
		called(template(lvs.UDP, true, 60*time.Second, "203.0.113.9:0", "198.51.100.1:5060", "192.0.2.200:5060"), "a84b4c76e66710"),
		connection(lvs.TCP, lvs.TCPSynRecv, 59*time.Second, "[2001:db8::1]:51234", "[2001:db8::2]:80", "[2001:db8::9]:80"),
		connection(lvs.UDP, lvs.UDPNormal, time.Second, "203.0.113.7:51234", "198.51.100.1:53", "[2001:db8::a]:53"),
		connection(lvs.SCTP, lvs.SCTPEstablished, 899*time.Second, "203.0.113.7:51234", "198.51.100.1:9000", "192.0.2.11:9000"),
		connection(lvs.ESP, 0, 60*time.Second, "203.0.113.7:0", "198.51.100.1:500", "192.0.2.11:500"),
	}
}

// each is a ConnectionSource of list.
func each(list []control.Connection) ConnectionSource {
	return func(_ context.Context, f func(control.Connection) error) error {
		for _, c := range list {
			if err := f(c); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestListConnectionsIsIpvsadms(t *testing.T) {
	tests := map[string]ListOptions{
		"connections":                       {Numeric: true},
		"connections-persistent-conn":       {Numeric: true, Persistent: true},
		"connections-names":                 {Names: known(t)},
		"connections-names-persistent-conn": {Names: known(t), Persistent: true},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			checkGolden(t, name, func(w io.Writer) error { return ListConnections(t.Context(), w, each(allConnections()), o) })
		})
	}
}

func TestListConnectionsOfNone(t *testing.T) {
	checkWritten(t, connectionTitle, func(w io.Writer) error {
		return ListConnections(t.Context(), w, each(nil), ListOptions{Numeric: true})
	})
}

func TestListConnectionsInBatches(t *testing.T) {
	c := connection(lvs.TCP, lvs.TCPEstablished, time.Minute, "203.0.113.7:51234", "198.51.100.1:80", "192.0.2.11:80")
	line := "TCP 01:00  ESTABLISHED client.example.net:51234 www.a-long-name-too.example.org:http a-real-server-with-a-long-name.example.com:http\n"
	for _, n := range []int{1, askedAtOnce - 1, askedAtOnce, askedAtOnce + 1, 3 * askedAtOnce} {
		checkWritten(t, connectionTitle+strings.Repeat(line, n), func(w io.Writer) error {
			return ListConnections(t.Context(), w, each(slices.Repeat([]control.Connection{c}, n)), ListOptions{Names: known(t)})
		})
	}
}

func TestListConnectionsReportsItsSource(t *testing.T) {
	want := errors.New("connection reset")
	failing := func(_ context.Context, f func(control.Connection) error) error {
		return cmp.Or(f(allConnections()[0]), want)
	}
	if err := ListConnections(t.Context(), io.Discard, failing, ListOptions{Numeric: true}); !errors.Is(err, want) {
		t.Errorf("ListConnections = %v, want %v", err, want)
	}
}

func TestAppendExpire(t *testing.T) {
	tests := map[time.Duration]string{
		-time.Second:                   "00:00 ",
		0:                              "00:00 ",
		time.Second - time.Nanosecond:  "00:00 ",
		59 * time.Second:               "00:59 ",
		time.Minute:                    "01:00 ",
		99*time.Minute + 9*time.Second: "99:09 ",
		100 * time.Minute:              "100:00",
		31 * 24 * time.Hour:            "44640:00",
	}
	for left, want := range tests {
		if got := string(appendExpire(nil, left)); got != want {
			t.Errorf("appendExpire(%v) = %q, want %q", left, got, want)
		}
	}
}

func BenchmarkListConnections(b *testing.B) {
	list := slices.Repeat(allConnections(), 100_000/len(allConnections()))
	b.ReportAllocs()
	for b.Loop() {
		if err := ListConnections(b.Context(), io.Discard, each(list), ListOptions{Numeric: true}); err != nil {
			b.Fatal(err)
		}
	}
}
