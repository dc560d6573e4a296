package dataplane

import (
	"fmt"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// A turn is a segment that the client sends, or the real server.
type turn struct {
	flags    header.TCPFlags
	fromReal bool
}

// The ways to the states in which a connection may end, from the client's SYN on.
var (
	established = []turn{{header.FlagSYN, false}, {header.FlagSYN | header.FlagACK, true}, {header.FlagACK, false}}
	closed      = append(established[:3:3], turn{header.FlagRST, true})
	timeWait    = append(established[:3:3], turn{header.FlagFIN | header.FlagACK, false}, turn{header.FlagFIN | header.FlagACK, true})
	closeWait   = append(established[:3:3], turn{header.FlagFIN | header.FlagACK, false})
	finWait     = append(established[:3:3], turn{header.FlagFIN | header.FlagACK, true})

	// What the director sees of it where replies pass it by.
	oneSided = []turn{{header.FlagSYN, false}, {header.FlagACK, false}, {header.FlagFIN | header.FlagACK, false}}
)

// converse takes a conversation through d, as nat or dr has it.
func (d *testDirector) converse(t *testing.T, f family, m lvs.Method, turns []turn) {
	t.Helper()
	client, vip, real := f.client+":4242", f.vip+":80", f.real+":8080"
	if m == lvs.DirectRouting {
		real = vip
	}
	for _, s := range turns {
		if s.fromReal {
			d.forwarded(t, packettest.TCP(real, client, s.flags, ""))
		} else {
			d.forwarded(t, packettest.TCP(client, vip, s.flags, ""))
		}
	}
}

// state returns the state of the only connection.
func (d *testDirector) state() string {
	for c := range d.Connections() {
		if !c.Template {
			return lvs.StateName(c.Proto, c.State)
		}
	}
	return "none"
}

// A client that uses a port again gets a new connection where conn_reuse_mode
// has the old one for over.
func TestConnReuseMode(t *testing.T) {
	tests := map[string]struct {
		method   lvs.Method
		turns    []turn
		state    string
		replaced [4]bool // by mode
	}{
		"established":             {lvs.NAT, established, "ESTABLISHED", [4]bool{}},
		"reset":                   {lvs.NAT, closed, "CLOSE", [4]bool{false, true, true, true}},
		"closed by both":          {lvs.NAT, timeWait, "TIME_WAIT", [4]bool{false, true, true, true}},
		"closed by the client":    {lvs.NAT, closeWait, "CLOSE_WAIT", [4]bool{}},
		"closed by the server":    {lvs.NAT, finWait, "FIN_WAIT", [4]bool{}},
		"closed, replies unseen":  {lvs.DirectRouting, oneSided, "FIN_WAIT", [4]bool{false, false, true, true}},
		"closed, replies seen":    {lvs.DirectRouting, finWait, "FIN_WAIT", [4]bool{}},
		"half open":               {lvs.NAT, established[:1], "SYN_RECV", [4]bool{}},
		"reset, replies seen, dr": {lvs.DirectRouting, closed, "CLOSE", [4]bool{false, true, true, true}},
	}
	for _, f := range []family{ipv4, ipv6} {
		for name, tt := range tests {
			for mode, replaced := range tt.replaced {
				t.Run(fmt.Sprint(f.name(), " ", name, ", mode ", mode), func(t *testing.T) {
					d := newPair(t)
					c := testConfig(testService(lvs.TCP, tt.method, f.bare()))
					c.Sysctl.ConnReuseMode = mode
					d.configure(t, c)
					d.converse(t, f, tt.method, tt.turns)
					if got := d.state(); got != tt.state {
						t.Fatalf("state = %s, want %s", got, tt.state)
					}
					d.forwarded(t, packettest.TCP(f.client+":4242", f.vip+":80", header.FlagSYN, ""))
					want := map[bool]uint64{false: 1, true: 2}[replaced]
					if n := d.Services()[0].Counters.Conns; n != want || d.table.Len() != 1 {
						t.Errorf("%d connections were scheduled, %d are left, want %d and 1", n, d.table.Len(), want)
					}
				})
			}
		}
	}
}

// A new connection to a port in use leaves a quiesced real server only if
// expire_nodest_conn says so, whatever conn_reuse_mode is.
func TestReuseWhileQuiesced(t *testing.T) {
	tests := map[string]struct {
		expire int
		flags  header.TCPFlags
		leaves bool
	}{
		"a new connection":             {1, header.FlagSYN, true},
		"a new connection, not expire": {0, header.FlagSYN, false},
		"data of the old one":          {1, header.FlagACK, false},
	}
	for name, tt := range tests {
		for mode := range 4 {
			t.Run(fmt.Sprint(name, ", mode ", mode), func(t *testing.T) {
				d := newPair(t)
				s := testService(lvs.TCP, lvs.NAT, real4, second4)
				d.configure(t, testConfig(s))
				first := d.stopOf(t, syn4(1))
				d.forwarded(t, packettest.TCP(client4+":1", vip4+":80", header.FlagACK, ""))
				c := changed(s, first, func(r *config.Real) { r.Weight = 0 }, nil)
				c.Sysctl.ExpireNodestConn, c.Sysctl.ConnReuseMode = tt.expire, mode
				d.configure(t, c)
				got := d.stopOf(t, packettest.TCP(client4+":1", vip4+":80", tt.flags, ""))
				if leaves := got != first; leaves != tt.leaves {
					t.Errorf("went to %s, before to %s", got, first)
				}
			})
		}
	}
}

// A connection that is replaced still counts for its real server when the scheduler
// looks at the loads, and when the thresholds are looked at.
func TestReplacedStillCounts(t *testing.T) {
	d := newPair(t)
	s := testService(lvs.TCP, lvs.NAT, real4, second4)
	s.Scheduler = "lc"
	d.configure(t, testConfig(s))
	syn := packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, "")
	first := d.stopOf(t, syn)
	d.forwarded(t, packettest.TCP(client4+":4242", vip4+":80", 0, "")) // ends in CLOSE
	if second := d.stopOf(t, syn); second == first {
		t.Errorf("both connections went to %s, which had one more", first)
	}
	if load := d.Services()[0].Destinations; d.table.Len() != 1 || load[0].Active+load[0].Inactive+load[1].Active+load[1].Inactive != 1 {
		t.Errorf("%d connections are left, counted by %+v", d.table.Len(), load)
	}
}
