package dataplane

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A family has the hosts of a testDirector as packettest wants them.
type family struct{ client, vip, real, dip string }

var (
	ipv4 = family{client4, vip4, real4, dip4}
	ipv6 = family{"[" + client6 + "]", "[" + vip6 + "]", "[" + real6 + "]", "[" + dip6 + "]"}
)

func (f family) name() string { return map[bool]string{true: "IPv4", false: "IPv6"}[f == ipv4] }

// bare returns the real server's address without brackets.
func (f family) bare() string { return map[bool]string{true: real4, false: real6}[f == ipv4] }

// exchange builds a TCP segment or a UDP datagram.
func exchange(p lvs.Protocol, src, dst string, flags header.TCPFlags) []byte {
	if p == lvs.UDP {
		return packettest.UDP(src, dst, "payload")
	}
	return packettest.TCP(src, dst, flags, "payload")
}

// left returns what frame is when the director has sent it: one hop further,
// between other stations.
func left(frame []byte, src, dst header.MAC) []byte {
	ip := packettest.Network(frame)
	ttl := ip[8]
	if ip[0]>>4 == 6 {
		ttl = ip[7]
	}
	return packettest.MACs(packettest.TTL(frame, ttl-1), src, dst)
}

func toReal(frame []byte) []byte   { return left(frame, directorMAC1, realMAC) }
func toClient(frame []byte) []byte { return left(frame, directorMAC0, routerMAC) }

// TestForwarding takes a conversation through every method, family and
// protocol. Each step is a frame in and the frame that must come out.
func TestForwarding(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		for _, p := range []lvs.Protocol{lvs.TCP, lvs.UDP} {
			for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
				t.Run(fmt.Sprintf("%s %v %v", f.name(), p, m), func(t *testing.T) {
					d := newTestDirector(t, testService(p, m, f.bare()))
					client, vip, real := f.client+":4242", f.vip+":80", f.real+":8080"
					if m == lvs.DirectRouting {
						real = vip
					}
					steps := []struct {
						flags  header.TCPFlags
						fromRS bool
					}{
						{header.FlagSYN, false}, {header.FlagSYN | header.FlagACK, true}, {header.FlagACK, false},
						{header.FlagACK, true}, {header.FlagFIN | header.FlagACK, false}, {header.FlagRST, true},
					}
					for i, s := range steps {
						in, want, port := exchange(p, client, vip, s.flags), toReal(exchange(p, client, real, s.flags)), uint16(1)
						if s.fromRS {
							in, want, port = exchange(p, real, client, s.flags), toClient(exchange(p, vip, client, s.flags)), 0
						}
						out, verdicts := d.push(t, in)
						if len(out) != 1 || verdicts[Forward] != 1 {
							t.Fatalf("step %d: %d frames, verdicts %v", i, len(out), verdicts)
						}
						if out[0].port != port || !bytes.Equal(out[0].frame, want) {
							t.Errorf("step %d: port %d\n% x, want port %d\n% x", i, out[0].port, out[0].frame, port, want)
						}
					}
					s := d.Services()[0]
					if c := s.Counters; c.Conns != 1 || c.InPkts != 3 || c.OutPkts != 3 || c.InBytes == 0 || c.OutBytes == 0 {
						t.Errorf("counters = %+v", c)
					}
					if d := s.Destinations[0]; d.Active != 0 || d.Inactive != 1 {
						t.Errorf("active %d, inactive %d, want 0 and 1", d.Active, d.Inactive)
					}
				})
			}
		}
	}
}

// TestVerdicts takes single packets, after a connection has been established,
// to their verdicts. What is answered is answered to its sender.
func TestVerdicts(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		client, vip, real := f.client+":4242", f.vip+":80", f.real+":8080"
		syn := packettest.TCP(client, vip, header.FlagSYN, "")
		ack := packettest.TCP(client, vip, header.FlagACK, "some payload")
		reply := packettest.TCP(real, client, header.FlagACK, "some payload")
		tests := map[string]struct {
			in       []byte
			want     Verdict
			answered bool
		}{
			"established":                {ack, Forward, false},
			"reply":                      {reply, Forward, false},
			"padded to 60 bytes":         {packettest.Padded(packettest.TCP(client, vip, header.FlagACK, ""), 90), Forward, false},
			"tagged":                     {packettest.VLAN(ack, 7), Forward, false},
			"unfinished checksum":        {packettest.Unfinished(ack), Forward, false},
			"ack without connection":     {packettest.TCP(f.client+":4243", vip, header.FlagACK, ""), NotOurs, false},
			"reset without connection":   {packettest.TCP(f.client+":4243", vip, header.FlagRST, ""), NotOurs, false},
			"syn from the ftp data port": {packettest.TCP(f.client+":20", vip, header.FlagSYN, ""), NotOurs, false},
			"another port of the VIP":    {packettest.TCP(client, f.vip+":81", header.FlagSYN, ""), NotOurs, false},
			"another protocol":           {packettest.UDP(client, vip, ""), NotOurs, false},
			"real server on its own":     {packettest.TCP(f.real+":9999", f.client+":4243", header.FlagSYN, ""), NotOurs, false},
			"neither end is known":       {packettest.TCP(client, f.client+":1", header.FlagSYN, ""), NotOurs, false},
			"arp":                        {packettest.ARP(header.ARPRequest, packettest.ClientMAC(), client4, header.MAC{}, vip4), NotOurs, false},
			"ttl of one":                 {packettest.TTL(ack, 1), TTLExceeded, true},
			"ttl of zero":                {packettest.TTL(ack, 0), TTLExceeded, true},
			"reply with a ttl of one":    {packettest.TTL(reply, 1), TTLExceeded, true},
			"nothing":                    {nil, Unreadable, false},
			"ethernet only":              {ack[:14], Unreadable, false},
			"truncated network header":   {ack[:30], Unreadable, false},
			"truncated transport header": {ack[:len(ack)-20], Unreadable, false},
			"longer than the next link":  {packettest.TCP(client, vip, header.FlagACK, string(make([]byte, 1480))), TooBig, true},
			"reply longer than the link": {packettest.TCP(real, client, header.FlagACK, string(make([]byte, 1480))), TooBig, true},
			"first fragment":             {packettest.Fragments(ack, 24, 1)[0], Forward, false},
			"three tags":                 {packettest.VLAN(packettest.VLAN(ack, 1, 2), 3), Unreadable, false},
			"protocol of no service":     {packettest.IP(f.bareOf(f.client), f.bareOf(f.vip), 47, []byte("....")), NotOurs, false},
			"echo request":               {packettest.ICMP(f.bareOf(f.client), f.bareOf(f.vip), 8, 0, 1, "x"), NotOurs, false},
		}
		for name, tt := range tests {
			t.Run(f.name()+" "+name, func(t *testing.T) {
				d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, f.bare()))
				d.push(t, syn)
				out, verdicts := d.push(t, tt.in)
				if verdicts[tt.want] != 1 || len(verdicts) != 1 {
					t.Fatalf("verdicts = %v, want one %q", verdicts, tt.want)
				}
				if sent := len(out) == 1; sent != (tt.want == Forward || tt.answered) {
					t.Fatalf("sent %d frames, verdict %q", len(out), tt.want)
				}
				if d.queue.given != len(d.queue.sent)+d.queue.dropped+1 {
					t.Errorf("given %d frames, got %d back", d.queue.given, len(d.queue.sent)+d.queue.dropped+1)
				}
				if tt.answered {
					checkAnswer(t, tt.in, out[0].frame)
				}
			})
		}
	}
	mapped := packettest.TCP("[2001:db8:c::7]:4242", "[2001:db8:1::1]:80", header.FlagSYN, "")
	copy(packettest.Network(mapped)[24:], netip.MustParseAddr("::ffff:"+vip4).AsSlice())
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	if _, v := d.push(t, mapped); v[Unreadable] != 1 {
		t.Errorf("IPv4-mapped destination: verdicts = %v, want unreadable", v)
	}
}

// bareOf strips the brackets of an IPv6 address.
func (f family) bareOf(s string) string {
	if f == ipv6 {
		return s[1 : len(s)-1]
	}
	return s
}

// checkAnswer checks that answer goes back to the station and the address that
// in came from, and quotes it as it was.
func checkAnswer(t *testing.T, in, answer []byte) {
	t.Helper()
	if !bytes.Equal(answer[:6], in[6:12]) || !bytes.Equal(answer[6:12], in[:6]) {
		t.Errorf("answer goes from station % x to % x", answer[6:12], answer[:6])
	}
	a, b := packettest.Network(answer), packettest.Network(in)
	srcOf, dstOf, size := 12, 16, 4
	if b[0]>>4 == 6 {
		srcOf, dstOf, size = 8, 24, 16
	}
	if !bytes.Equal(a[dstOf:dstOf+size], b[srcOf:srcOf+size]) {
		t.Errorf("answer goes to % x, want % x", a[dstOf:dstOf+size], b[srcOf:srcOf+size])
	}
	if !bytes.Contains(answer, b[srcOf:min(len(b), 500)]) { // the TTL is before that
		t.Error("answer does not quote the packet as it was")
	}
}

func TestNoDestinationIsAnswered(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		t.Run(f.name(), func(t *testing.T) {
			s := testService(lvs.TCP, lvs.NAT, f.bare())
			s.Reals[0].Weight = 0
			d := newTestDirector(t, s)
			in := packettest.TCP(f.client+":4242", f.vip+":80", header.FlagSYN, "")
			out, verdicts := d.push(t, in)
			if verdicts[NoDestination] != 1 || len(out) != 1 {
				t.Fatalf("verdicts = %v, %d frames", verdicts, len(out))
			}
			typ, code := out[0].frame[34], out[0].frame[35]
			if f == ipv6 {
				typ, code = out[0].frame[54], out[0].frame[55]
			}
			if want := map[bool][2]byte{true: {3, 3}, false: {1, 4}}[f == ipv4]; [2]byte{typ, code} != want {
				t.Errorf("answered with type %d code %d, want %v", typ, code, want)
			}
			checkAnswer(t, in, out[0].frame)
		})
	}
}

func TestQuiescedServerKeepsItsConnections(t *testing.T) {
	s := testService(lvs.TCP, lvs.NAT, real4)
	d := newTestDirector(t, s)
	d.push(t, packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, ""))
	s.Reals = append([]config.Real(nil), s.Reals...)
	s.Reals[0].Weight = 0
	d.apply(t, s)
	if _, v := d.push(t, packettest.TCP(client4+":4242", vip4+":80", header.FlagACK, "")); v[Forward] != 1 {
		t.Errorf("established: verdicts = %v", v)
	}
	if _, v := d.push(t, packettest.TCP(client4+":4243", vip4+":80", header.FlagSYN, "")); v[NoDestination] != 1 {
		t.Errorf("new: verdicts = %v", v)
	}
}

func TestClosedConnectionIsRescheduled(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	client, vip := client4+":4242", vip4+":80"
	d.push(t, packettest.TCP(client, vip, header.FlagSYN, ""))
	d.push(t, packettest.TCP(real4+":8080", client, header.FlagRST, ""))
	d.push(t, packettest.TCP(client, vip, header.FlagSYN, ""))
	if c := d.Services()[0].Counters.Conns; c != 2 {
		t.Errorf("%d connections were scheduled, want 2", c)
	}
	if d.table.Len() != 1 {
		t.Errorf("%d connections are there, want 1", d.table.Len())
	}
}

func TestPacketsWaitForTheirNextHop(t *testing.T) {
	syn := packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, "")
	pending := neigh.Hop{Port: 1, State: neigh.Pending, MTU: 1500}
	reachable := neigh.Hop{Port: 1, State: neigh.Reachable, Src: directorMAC1, Dst: realMAC, MTU: 1500}
	t.Run("which answers", func(t *testing.T) {
		d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
		d.router.set(real4, pending)
		if out, v := d.push(t, syn); len(out) != 0 || len(v) != 0 || len(d.router.resolved) == 0 {
			t.Fatalf("sent %d frames, verdicts %v, resolved %v", len(out), v, d.router.resolved)
		}
		d.router.set(real4, reachable)
		d.workers[0].handle(nil)
		want := toReal(packettest.TCP(client4+":4242", real4+":8080", header.FlagSYN, ""))
		if sent := d.queue.sent; len(sent) != 1 || !bytes.Equal(sent[0].frame, want) {
			t.Errorf("sent %x, want %x", sent, want)
		}
		if len(d.workers[0].held) != 0 {
			t.Error("the packet is still held")
		}
	})
	t.Run("which does not", func(t *testing.T) {
		d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
		d.router.set(real4, pending)
		d.push(t, syn)
		d.router.set(real4, neigh.Hop{Port: 1, State: neigh.Failed, MTU: 1500})
		d.workers[0].handle(nil)
		if n := d.Verdicts()[NoNeighbor]; n != 1 || len(d.queue.sent) != 1 {
			t.Fatalf("%d packets without neighbour, sent %d frames", n, len(d.queue.sent))
		}
		checkAnswer(t, syn, d.queue.sent[0].frame)
	})
	t.Run("until the end", func(t *testing.T) {
		d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
		d.router.set(real4, pending)
		d.queue.in = [][]byte{syn}
		if err := d.workers[0].run(); err != nil {
			t.Fatal(err)
		}
		if d.queue.dropped != 1 {
			t.Errorf("%d of 1 packets given back", d.queue.dropped)
		}
	})
	t.Run("too many", func(t *testing.T) {
		d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
		d.router.set(real4, pending)
		var frames [][]byte
		for port := range maxHeldPerHop + 3 {
			frames = append(frames, packettest.TCP(fmt.Sprint(client4, ":", port+1000), vip4+":80", header.FlagSYN, ""))
		}
		if _, v := d.push(t, frames...); v[HoldFull] != 3 {
			t.Errorf("verdicts = %v, want 3 with no room to wait", v)
		}
	})
}

func TestNoRouteIsAnswered(t *testing.T) {
	for _, state := range []neigh.HopState{neigh.Unroutable, neigh.Foreign, neigh.Local} {
		d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
		d.router.set(real4, neigh.Hop{State: state})
		syn := packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, "")
		out, v := d.push(t, syn)
		if v[NoRoute] != 1 || len(out) != 1 {
			t.Fatalf("%v: verdicts = %v, %d frames", state, v, len(out))
		}
		checkAnswer(t, syn, out[0].frame)
	}
}

func TestRoutesAreFollowed(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	syn := packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, "")
	reply := packettest.TCP(real4+":8080", client4+":4242", header.FlagSYN|header.FlagACK, "")
	d.push(t, syn, reply)
	// Both ways change: other numbers in another epoch.
	d.router.epoch++
	d.router.number = map[lvs.Addr]int{}
	d.router.set(real4, neigh.Hop{Port: 5, State: neigh.Reachable, MTU: 1500})
	d.router.set(client4, neigh.Hop{Port: 6, State: neigh.Reachable, MTU: 1500})
	out, _ := d.push(t, syn, reply)
	if len(out) != 2 || out[0].port != 5 || out[1].port != 6 {
		t.Errorf("sent %v, want a frame by port 5 and one by port 6", out)
	}
}

func TestErrorsAreRateLimited(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	var frames [][]byte
	for range 200 {
		frames = append(frames, packettest.TTL(packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, ""), 1))
	}
	out, v := d.push(t, frames...)
	if v[TTLExceeded] != 200 || len(out) == 0 || len(out) >= 100 {
		t.Errorf("%d errors for %v", len(out), v)
	}
	d.now += time.Second
	if again, _ := d.push(t, frames...); len(again) != len(out) {
		t.Errorf("%d errors a second later, want %d", len(again), len(out))
	}
}

// Errors of routers and hosts on either side reach the other side in its own
// terms.
func TestRelatedErrors(t *testing.T) {
	for _, f := range []family{ipv4, ipv6} {
		typ, code := uint8(3), uint8(1)
		routerAt := map[bool]string{true: "198.51.100.1", false: "2001:db8:c::1"}[f == ipv4]
		if f == ipv6 {
			typ, code = 1, 3
		}
		for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
			client, vip, real := f.client+":4242", f.vip+":80", f.real+":8080"
			if m == lvs.DirectRouting {
				real = vip
			}
			t.Run(fmt.Sprint(f.name(), " ", m, " about a reply"), func(t *testing.T) {
				d := newTestDirector(t, testService(lvs.TCP, m, f.bare()))
				d.push(t, packettest.TCP(client, vip, header.FlagSYN, ""))
				in := packettest.ICMPError(routerAt, typ, code, 0, packettest.TCP(vip, client, header.FlagACK, "data"))
				out, v := d.push(t, in)
				if v[Forward] != 1 || len(out) != 1 || out[0].port != 1 {
					t.Fatalf("verdicts = %v, sent %v", v, out)
				}
				want := packettest.ICMPError(routerAt, typ, code, 0, packettest.TCP(real, client, header.FlagACK, "data"))
				sameError(t, out[0].frame, toReal(want))
			})
			t.Run(fmt.Sprint(f.name(), " ", m, " about a request"), func(t *testing.T) {
				d := newTestDirector(t, testService(lvs.TCP, m, f.bare()))
				d.push(t, packettest.TCP(client, vip, header.FlagSYN, ""))
				in := packettest.ICMPError(routerAt, typ, code, 0, packettest.TCP(client, real, header.FlagACK, "data"))
				out, v := d.push(t, in)
				if v[Forward] != 1 || len(out) != 1 || out[0].port != 0 {
					t.Fatalf("verdicts = %v, sent %v", v, out)
				}
				from := routerAt
				if m == lvs.NAT {
					from = f.bareOf(f.vip) // IPVS hides who sent it
				}
				want := packettest.ICMPError(from, typ, code, 0, packettest.TCP(client, vip, header.FlagACK, "data"))
				sameError(t, out[0].frame, toClient(want))
			})
		}
	}
}

// sameError compares two frames but for the checksum of the quoted segment,
// which translation leaves alone, and what covers it.
func sameError(t *testing.T, got, want []byte) {
	t.Helper()
	got, want = bytes.Clone(got), bytes.Clone(want)
	quoted := 14 + 20 + 8 + 20 + header.TCPChecksumOffset
	icmp := 14 + 20 + header.ICMPChecksumOffset
	if want[14]>>4 == 6 {
		quoted, icmp = 14+40+8+40+header.TCPChecksumOffset, 14+40+header.ICMPChecksumOffset
	}
	for _, at := range []int{quoted, icmp} {
		copy(got[at:at+2], want[at:at+2])
	}
	if !bytes.Equal(got, want) {
		t.Errorf("sent\n% x, want\n% x", got, want)
	}
}

func TestHandleDoesNotAllocate(t *testing.T) {
	for _, c := range benchCases {
		t.Run(c.String(), func(t *testing.T) {
			d, r := newBench(t, c, 1000)
			before := d.Verdicts()[Forward]
			n := testing.AllocsPerRun(100, func() { d.workers[0].handle(r.fill()) })
			if n != 0 {
				t.Errorf("a batch allocates %v times, want 0", n)
			}
			if got := d.Verdicts()[Forward] - before; got != 101*batch {
				t.Errorf("forwarded %d packets, want %d", got, 101*batch)
			}
		})
	}
}

func TestTableFullRefusesNewConnections(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	small, err := New([]Queues{d.queue}, d.router, d.filter, Options{MaxConnections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer small.table.Close()
	d.Director = small
	d.apply(t, testService(lvs.TCP, lvs.NAT, real4))
	first := packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, "")
	second := packettest.TCP(client4+":4243", vip4+":80", header.FlagSYN, "")
	if _, v := d.push(t, first, second, first); v[Forward] != 2 || v[TableFull] != 1 {
		t.Errorf("verdicts = %v, want 2 forwarded and 1 refused", v)
	}
}
