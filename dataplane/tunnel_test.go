package dataplane

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/encap"
	"xlvs/lvs"
)

// A tunnelKind is what a tunnel may put between the IP headers.
type tunnelKind struct {
	name  string
	opts  encap.TunnelOptions
	proto uint8 // of the outer packet; 0: that of the inner family
	size  int   // of what is between the headers
}

var tunnelKinds = []tunnelKind{
	{"ipip", encap.TunnelOptions{}, 0, 0},
	{"gre", encap.TunnelOptions{Type: lvs.TunnelGRE}, header.ProtoGRE, 4},
	{"gre-csum", encap.TunnelOptions{Type: lvs.TunnelGRE, Flags: lvs.TunnelCsum}, header.ProtoGRE, 8},
	{"gue", encap.TunnelOptions{Type: lvs.TunnelGUE, Port: 6080}, header.ProtoUDP, 12},
	{"gue-csum", encap.TunnelOptions{Type: lvs.TunnelGUE, Port: 6080, Flags: lvs.TunnelCsum}, header.ProtoUDP, 12},
}

// A tunnelCase is a tunnel for clients of one family to real servers of another,
// or the same.
type tunnelCase struct {
	tunnelKind
	inner, outer family
	to           string // the real server's address
}

func tunnelCases() (list []tunnelCase) {
	for _, k := range tunnelKinds {
		for _, inner := range []family{ipv4, ipv6} {
			for _, outer := range []family{ipv4, ipv6} {
				list = append(list, tunnelCase{k, inner, outer, outer.bare()})
			}
		}
	}
	return list
}

func (c tunnelCase) String() string {
	return fmt.Sprint(c.name, " ", c.inner.name(), " in ", c.outer.name())
}

// overhead returns the size of all outer headers.
func (c tunnelCase) overhead() int {
	if c.outer == ipv6 {
		return header.IPv6Size + c.size
	}
	return header.IPv4Size + c.size
}

// service returns a service of the inner family whose real server is at the
// other end of the tunnel.
func (c tunnelCase) service(p lvs.Protocol) config.Service {
	s := testService(p, lvs.Tunnel, c.to)
	s.VIP = netip.MustParseAddr(c.inner.bareOf(c.inner.vip))
	return withReals(s, func(_ int, r *config.Real) { setTunnel(r, c.opts) })
}

func setTunnel(r *config.Real, o encap.TunnelOptions) {
	r.Port, r.Method, r.Tunnel, r.TunnelPort, r.TunnelFlags = 80, lvs.Tunnel, o.Type, o.Port, o.Flags
}

// open takes a frame that left for the real server out of the tunnel, after a look
// at the outer headers. It returns the inner packet in a frame, as it came in but
// for the TTL, which is the outer one as well.
func (c tunnelCase) open(t *testing.T, f sentFrame) []byte {
	t.Helper()
	if e := header.Ethernet(f.frame); f.port != 1 || e.Src() != directorMAC1 || e.Dst() != realMAC {
		t.Fatalf("left by port %d, from %v to %v", f.port, e.Src(), e.Dst())
	}
	var src, dst netip.Addr
	var ttl, proto uint8
	if h, ok := header.ParseIPv4(packettest.Network(f.frame)); ok {
		src, dst, ttl, proto = lvs.Addr4(h.Src()).Netip(), lvs.Addr4(h.Dst()).Netip(), h.TTL(), h.Proto()
	} else if h, ok := header.ParseIPv6(packettest.Network(f.frame)); ok {
		src, dst, ttl, proto = lvs.Addr16(h.Src()).Netip(), lvs.Addr16(h.Dst()).Netip(), h.HopLimit(), h.NextHeader()
	} else {
		t.Fatalf("sent % x", f.frame)
	}
	want := c.proto
	if want == 0 {
		want = map[bool]uint8{true: header.ProtoIPIP, false: header.ProtoIPv6}[c.inner == ipv4]
	}
	if from, to := c.outer.bareOf(c.outer.dip), c.to; src.String() != from || dst.String() != to || ttl != 63 || proto != want {
		t.Errorf("outer packet goes from %v to %v with TTL %d as protocol %d, want %s, %s, 63, %d", src, dst, ttl, proto, from, to, want)
	}
	p := packettest.Frame(f.frame)
	p.L3 = header.EthernetSize
	if !encap.Pop(p, c.opts.Port) {
		t.Fatalf("no packet in % x", f.frame)
	}
	return packettest.MACs(p.Bytes(), packettest.ClientMAC(), packettest.DirectorMAC())
}

// TestTunnels takes a conversation through every tunnel. The real server answers
// the client itself; where it does so by way of the director, that lets it pass.
func TestTunnels(t *testing.T) {
	for _, c := range tunnelCases() {
		for _, proto := range []lvs.Protocol{lvs.TCP, lvs.UDP} {
			t.Run(fmt.Sprint(c, " ", proto), func(t *testing.T) {
				d := newTestDirector(t, c.service(proto))
				client, vip := c.inner.client+":4242", c.inner.vip+":80"
				for _, flags := range []header.TCPFlags{header.FlagSYN, header.FlagACK, header.FlagFIN | header.FlagACK} {
					in := exchange(proto, client, vip, flags)
					out, v := d.push(t, in)
					if len(out) != 1 || v[Forward] != 1 {
						t.Fatalf("verdicts = %v, sent %d frames", v, len(out))
					}
					if got, want := c.open(t, out[0]), packettest.TTL(in, 63); !bytes.Equal(got, want) {
						t.Errorf("the tunnel holds\n% x, want\n% x", got, want)
					}
					if got, want := len(out[0].frame), len(in)+c.overhead(); got != want {
						t.Errorf("frame is %d bytes long, want %d", got, want)
					}
				}
				answer := exchange(proto, vip, client, header.FlagACK)
				if got := d.forwarded(t, answer); !bytes.Equal(got, toClient(answer)) {
					t.Errorf("answer leaves as\n% x, want\n% x", got, toClient(answer))
				}
				if n := d.Services()[0].Counters; n.InPkts != 3 || n.OutPkts != 1 || n.Conns != 1 {
					t.Errorf("counters = %+v", n)
				}
			})
		}
	}
}

// A pool may have real servers of both families, and a tunnel of its own to each.
func TestMixedPool(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		t.Run(f.name(), func(t *testing.T) {
			cases := map[string]tunnelCase{}
			s := testService(lvs.TCP, lvs.Tunnel, real4, second4, real6, second6)
			s.VIP = netip.MustParseAddr(f.bareOf(f.vip))
			s = withReals(s, func(i int, r *config.Real) {
				outer := map[bool]family{true: ipv4, false: ipv6}[r.Addr.Is4()]
				c := tunnelCase{tunnelKinds[i], f, outer, r.Addr.String()}
				setTunnel(r, c.opts)
				cases[c.to] = c
			})
			d := newPair(t)
			d.apply(t, s)
			seen := map[string]int{}
			for port := range 8 {
				in := packettest.TCP(fmt.Sprint(f.client, ":", 4242+port), f.vip+":80", header.FlagSYN, "")
				out, _ := d.push(t, in)
				if len(out) != 1 {
					t.Fatalf("sent %d frames, want one", len(out))
				}
				to := tupleOf(out[0].frame).Dst.String()
				if got := cases[to].open(t, out[0]); !bytes.Equal(got, packettest.TTL(in, 63)) {
					t.Errorf("the tunnel to %s holds % x", to, got)
				}
				seen[to]++
			}
			for to := range cases {
				if seen[to] != 2 {
					t.Errorf("%s got %d of 8 connections, want 2", to, seen[to])
				}
			}
			listed := strings.Join(d.listed(false), "\n") + "\n"
			for to := range cases {
				if end := netip.AddrPortFrom(netip.MustParseAddr(to), 80); strings.Count(listed, fmt.Sprint(" ", end, "\n")) != 2 {
					t.Errorf("listed are\n%swant two connections to %v", listed, end)
				}
			}
		})
	}
}
