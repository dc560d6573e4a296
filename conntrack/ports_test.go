package conntrack

import (
	"errors"
	"testing"

	"xlvs/lvs"
)

// A localUse is what no two connections may have in common.
type localUse struct {
	local, real         lvs.Addr
	localPort, realPort uint16
	proto               lvs.Protocol
}

// checkLocals reports two connections with one local endpoint and real server,
// and one whose reply leads to another shard than its client.
func checkLocals(t testing.TB, table *Table) (n int) {
	t.Helper()
	seen := map[localUse]bool{}
	for l := range table.All() {
		if l.Method != lvs.FullNAT || l.Template {
			continue
		}
		n++
		use := localUse{l.Local, l.Real, l.LocalPort, l.RealPort, l.Proto}
		if seen[use] {
			t.Errorf("two connections have %+v", use)
		}
		seen[use] = true
		var request, reply Key
		table.Key(&request, &lvs.Tuple{Src: l.Client, SrcPort: l.ClientPort, Proto: l.Proto}, In)
		table.KeyLocal(&reply, &lvs.Tuple{Src: l.Real, SrcPort: l.RealPort, Dst: l.Local, DstPort: l.LocalPort, Proto: l.Proto})
		if request.hash.shard() != reply.hash.shard() {
			t.Errorf("request in shard %d, reply in %d", request.hash.shard(), reply.hash.shard())
		}
	}
	return n
}

// portsOf returns how many of a range's ports client n can have.
func portsOf(table *Table, r LocalRange, n *Connection) (count int) {
	var k, reply Key
	table.Key(&k, &n.Tuple, In)
	for port := int(r.First); port <= int(r.Last); port++ {
		table.KeyLocal(&reply, &lvs.Tuple{Src: n.Real, SrcPort: n.Port, Dst: r.Addr, DstPort: uint16(port), Proto: n.Tuple.Proto})
		if reply.hash.shard() == k.hash.shard() {
			count++
		}
	}
	return count
}

// Connections of one client to many services use up its shard's ports, to the
// last one, and a refusal harms nobody.
func TestExhaustion(t *testing.T) {
	table, loads := newTable(t, 5000)
	ranges := []LocalRange{{addr("192.0.2.9"), 1, 20000}, {addr("192.0.2.10"), 1024, 1024}, {addr("192.0.2.11"), 30000, 65535}}
	l := newLocals(t, table, ranges...)
	n := fullNAT(7, false, false, lvs.UDP, l)
	want := 0
	for _, r := range ranges {
		want += portsOf(table, r, &n)
	}
	conns, c := []Conn{}, Conn{}
	for table.Insert(&c, &n, 0) == Entered {
		conns = append(conns, c)
		n.Tuple.DstPort++
	}
	if o := table.Insert(&c, &n, 0); o != NoLocalPort || o.OK() {
		t.Errorf("Insert() = %d, want NoLocalPort", o)
	}
	if len(conns) != want || checkLocals(t, table) != want || table.Len() != want || loads.At(n.Dest).Total.Load() != int32(want) {
		t.Errorf("%d connections, Len() = %d, total %d, want %d", len(conns), table.Len(), loads.At(n.Dest).Total.Load(), want)
	}
	if u := l.Usage(); u.Used != want || u.Percent != 100 || u.Real != n.Real || u.Port != n.Port || u.Proto != lvs.UDP {
		t.Errorf("Usage() = %+v, want %d used, 100 percent", u, want)
	}
	for i := range conns {
		if _, ok := findReply(table, &n, &conns[i]); !ok {
			t.Errorf("connection %d is gone", i)
		}
	}
	other := n
	if other.Real.Lo++; table.Insert(&c, &other, 0) != Entered {
		t.Error("another real server has no port")
	}
	n.Tuple.DstPort++
	gone := &conns[len(conns)/2]
	table.Expire(gone)
	if o := table.Insert(&c, &n, 0); o != Entered || c.Peer != gone.Peer || c.PeerPort != gone.PeerPort {
		t.Errorf("Insert() = %d with port %d, want the port that has become free, %d", o, c.PeerPort, gone.PeerPort)
	}
}

func TestNoLocalsOfTheFamily(t *testing.T) {
	table, _ := newTable(t, 10)
	l := newLocals(t, table, everyPort("192.0.2.9"))
	var c Conn
	n := fullNAT(1, false, true, lvs.TCP, l)
	if o := table.Insert(&c, &n, 0); o != NoLocalPort || table.Len() != 0 {
		t.Errorf("IPv6 real server: Insert() = %d, want NoLocalPort", o)
	}
	n = fullNAT(1, false, false, lvs.TCP, nil)
	if o := table.Insert(&c, &n, 0); o != NoLocalPort || table.Len() != 0 {
		t.Errorf("no Locals: Insert() = %d, want NoLocalPort", o)
	}
	if u := l.Usage(); u != (Usage{}) {
		t.Errorf("Usage() of nothing = %+v", u)
	}
}

func TestFullTableTakesNoPort(t *testing.T) {
	table, _ := newTable(t, 1)
	l := newLocals(t, table, everyPort("192.0.2.9"))
	var c Conn
	for i := range 5 {
		n := fullNAT(i, false, false, lvs.TCP, l)
		if o := table.Insert(&c, &n, 0); (o == Entered) != (i == 0) || i > 0 && o != TableFull {
			t.Errorf("Insert() of connection %d = %d", i, o)
		}
	}
	if u := l.Usage(); u.Used != 1 {
		t.Errorf("%d ports used, want 1", u.Used)
	}
}

// A table full of FULLNAT needs two slots for each connection.
func TestTableFullOfFullNAT(t *testing.T) {
	for _, pair := range familyPairs {
		const limit = 6000
		table, _ := newTable(t, limit)
		l := newLocals(t, table, everyPort("192.0.2.9"), everyPort("2001:db8::9"))
		var c Conn
		for i := range limit {
			n := fullNAT(i, pair.client6, pair.real6, lvs.TCP, l)
			if o := table.Insert(&c, &n, 0); o != Entered {
				t.Fatalf("%+v: Insert() of connection %d = %d", pair, i, o)
			}
		}
		if n := checkLocals(t, table); n != limit {
			t.Errorf("%+v: %d connections, want %d", pair, n, limit)
		}
		if n := table.Sweep(1000); n != limit || table.mixed.Load() != 0 || l.Usage().Used != 0 {
			t.Errorf("%+v: Sweep() = %d, then %d ports used", pair, n, l.Usage().Used)
		}
	}
}

func TestAddressesTakeTurns(t *testing.T) {
	table, _ := newTable(t, 10_000)
	l := newLocals(t, table, everyPort("192.0.2.9"), everyPort("192.0.2.10"), everyPort("2001:db8::9"), everyPort("192.0.2.11"))
	count := map[lvs.Addr]int{}
	var c Conn
	for i := range 3000 {
		n := fullNAT(i, false, false, lvs.TCP, l)
		table.Insert(&c, &n, 0)
		count[c.Peer]++
	}
	for _, r := range l.v4 {
		if n := count[r.Addr]; n < 1000-shards || n > 1000+shards {
			t.Errorf("%v has %d of 3000 connections, want a third", r.Addr, n)
		}
	}
}

func TestNewLocalsRefuses(t *testing.T) {
	tests := map[string]struct {
		ranges []LocalRange
		ok     bool
	}{
		"none":                      {nil, true},
		"one port":                  {[]LocalRange{{addr("192.0.2.9"), 1, 1}}, true},
		"every port":                {[]LocalRange{{addr("192.0.2.9"), 1, 65535}}, true},
		"two parts of an address":   {[]LocalRange{{addr("192.0.2.9"), 1, 10}, {addr("192.0.2.9"), 11, 20}}, true},
		"no address":                {[]LocalRange{{First: 1, Last: 2}}, false},
		"port zero":                 {[]LocalRange{{addr("192.0.2.9"), 0, 10}}, false},
		"out of order":              {[]LocalRange{{addr("192.0.2.9"), 11, 10}}, false},
		"twice":                     {[]LocalRange{everyPort("2001:db8::9"), everyPort("2001:db8::9")}, false},
		"overlapping by one":        {[]LocalRange{{addr("192.0.2.9"), 1, 10}, {addr("192.0.2.9"), 10, 20}}, false},
		"one within the other":      {[]LocalRange{{addr("192.0.2.9"), 5, 6}, {addr("192.0.2.9"), 1, 10}}, false},
		"the same on two addresses": {[]LocalRange{everyPort("192.0.2.9"), everyPort("192.0.2.10")}, true},
	}
	for name, tt := range tests {
		table, _ := newTable(t, 10)
		if _, err := table.NewLocals(tt.ranges); (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrLocalRange) {
			t.Errorf("%s: NewLocals(%v) = %v", name, tt.ranges, err)
		}
	}
}

// Whatever the real server, any 64 ports have one for every shard, and the lines
// of the index that a range's ports lead to are many.
func TestPortsSpreadOverShardsAndLines(t *testing.T) {
	table, _ := newTable(t, 10)
	extent := extentOf(256)
	for i := range uint16(50) {
		base, lines := table.portBase(addr("192.0.2.9"), &target{addr("203.0.113.11"), i, lvs.TCP}), map[[3]uint32]int{}
		for first := uint16(1024); first < 60000; first += shards {
			seen := map[uint32]bool{}
			for port := first; port < first+shards; port++ {
				h := table.portHash(base, port)
				seen[h.shard()] = true
				lines[[3]uint32{h.shard(), extent.run(h), uint32(h) % runLines}]++
			}
			if len(seen) != shards {
				t.Fatalf("server port %d: ports from %d on lead to %d shards", i, first, len(seen))
			}
		}
		for _, n := range lines {
			if n > 2*lineSlots {
				t.Errorf("server port %d: %d of 59,000 ports lead to one of %d lines", i, n, shards*runLines*extent.runs())
			}
		}
	}
}

func TestShardsPartOfARange(t *testing.T) {
	for _, r := range []LocalRange{{First: 1, Last: 65535}, {First: 1024, Last: 65535}, {First: 65535, Last: 65535}, {First: 1, Last: 63}, {First: 7, Last: 70}, {First: 100, Last: 1000}} {
		total := 0
		for shard := range uint32(shards) {
			first, count := r.inShard(5, shard)
			total += count
			for i := range count {
				if port := first + i*shards; !r.has(uint16(port)) || portShard(5, uint16(port)) != shard {
					t.Errorf("%v: shard %d is said to have port %d", r, shard, port)
				}
			}
		}
		if total != r.size() {
			t.Errorf("%v: shards have %d ports together, want %d", r, total, r.size())
		}
	}
}
