package proc

import (
	"io"
	"net/netip"
	"slices"
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

// template returns a template that SIP's Call-ID has led to, if there is one.
func template(p lvs.Protocol, assured bool, left time.Duration, client, virtual, real, id string) control.Connection {
	c := connection(p, 0, left, client, virtual, real)
	c.Template, c.Assured = true, assured
	if id != "" {
		c.Engine, c.Data = "sip", id
	}
	return c
}

func allConnections() []control.Connection {
	return []control.Connection{
		connection(lvs.TCP, lvs.TCPEstablished, 900*time.Second-1, "203.0.113.7:51234", "10.0.0.1:80", "192.168.10.1:80"),
		connection(lvs.UDP, lvs.UDPNormal, -time.Second, "203.0.113.7:51234", "10.0.0.1:53", "[2001:db8::A]:53"),
		connection(lvs.TCP, lvs.TCPSynRecv, 59*time.Second, "[2001:db8::1]:51234", "[2001:db8::2]:80", "[2001:db8::3]:80"),
		connection(lvs.SCTP, lvs.SCTPEstablished, 31*24*time.Hour, "203.0.113.7:9", "10.0.0.1:9000", "192.168.10.1:9000"),
		template(lvs.IP, false, 297*time.Second, "203.0.113.0:0", "0.0.0.1:0", "192.168.10.1:0", ""),
		template(lvs.UDP, true, 10*time.Second, "203.0.113.0:0", "10.0.0.1:5060", "192.168.10.1:5060", "a84b4c76e66710@192.0.2.7"),
	}
}

func TestConnections(t *testing.T) {
	check(t, &fake{connections: allConnections()}, "ip_vs_conn", `Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP CB007107 C822 0A000001 0050 C0A80A01 0050 ESTABLISHED     899
UDP CB007107 C822 0A000001 0035 2001:0db8:0000:0000:0000:0000:0000:000a 0035 UDP               0
TCP 2001:0db8:0000:0000:0000:0000:0000:0001 C822 2001:0db8:0000:0000:0000:0000:0000:0002 0050 2001:0db8:0000:0000:0000:0000:0000:0003 0050 SYN_RECV         59
SCTP CB007107 0009 0A000001 2328 C0A80A01 2328 ESTABLISHED 2678400
IP  CB007100 0000 00000001 0000 C0A80A01 0000 NONE            297
UDP CB007100 0000 0A000001 13C4 C0A80A01 13C4 ASSURED          10 sip a84b4c76e66710@192.0.2.7
`)
	check(t, &fake{}, "ip_vs_conn", "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData\n")
}

func TestOrigins(t *testing.T) {
	check(t, &fake{connections: allConnections()}, "ip_vs_conn_sync", `Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires
TCP CB007107 C822 0A000001 0050 C0A80A01 0050 ESTABLISHED LOCAL      899
UDP CB007107 C822 0A000001 0035 2001:0db8:0000:0000:0000:0000:0000:000a 0035 UDP         LOCAL        0
TCP 2001:0db8:0000:0000:0000:0000:0000:0001 C822 2001:0db8:0000:0000:0000:0000:0000:0002 0050 2001:0db8:0000:0000:0000:0000:0000:0003 0050 SYN_RECV    LOCAL       59
SCTP CB007107 0009 0A000001 2328 C0A80A01 2328 ESTABLISHED LOCAL  2678400
IP  CB007100 0000 00000001 0000 C0A80A01 0000 NONE        LOCAL      297
UDP CB007100 0000 0A000001 13C4 C0A80A01 13C4 ASSURED     LOCAL       10
`)
}

func TestApps(t *testing.T) {
	ftp := connection(lvs.TCP, lvs.TCPEstablished, time.Minute, "203.0.113.7:51234", "10.0.0.1:21", "192.168.10.1:21")
	routed, udp, remembered := ftp, ftp, ftp
	routed.Method, udp.Proto, remembered.Template = lvs.DirectRouting, lvs.UDP, true
	check(t, &fake{}, "ip_vs_app", "prot port    usecnt name\nTCP  21      0      ftp              \n")
	check(t, &fake{connections: append(allConnections(), ftp, routed, udp, remembered, ftp)}, "ip_vs_app",
		"prot port    usecnt name\nTCP  21      2      ftp              \n")
}

func BenchmarkConnections(b *testing.B) {
	f := &fake{connections: slices.Repeat(allConnections()[:1], 100_000)}
	b.ReportAllocs()
	for b.Loop() {
		if err := cat(f, io.Discard, "ip_vs_conn"); err != nil {
			b.Fatal(err)
		}
	}
}
