package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"slices"
	"testing"
	"time"

	"xlvs/conntrack"
	"xlvs/lvs"
)

// flow returns an established connection of the n-th client to web.
func flow(n int) conntrack.Listing {
	return conntrack.Listing{
		Proto: lvs.TCP, State: lvs.TCPEstablished, Method: lvs.NAT, Expires: 9000, Dest: 3,
		Client: lvs.Addr4(0xcb007100 + uint32(n>>16)), ClientPort: uint16(n),
		Virtual: lvs.AddrFrom(web.VIP), VirtualPort: web.Port,
		Real: lvs.AddrFrom(netip.MustParseAddr("198.51.100.11")), RealPort: 8080,
	}
}

// template returns a template of a Call-ID.
func template() conntrack.Listing {
	return conntrack.Listing{
		Proto: lvs.UDP, Method: lvs.Tunnel, Expires: 50, Template: true, Assured: true, Data: "id\xff\"@203.0.113.9",
		Client:  lvs.AddrFrom(netip.MustParseAddr("2001:db8:1::")),
		Virtual: lvs.AddrFrom(dns.VIP), VirtualPort: dns.Port,
		Real: lvs.AddrFrom(netip.MustParseAddr("2001:db8::11")), RealPort: 53,
	}
}

func TestConnectionsStream(t *testing.T) {
	d := twoServices()
	d.now = 100
	late := flow(2)
	late.Expires = 99
	d.connections = []conntrack.Listing{flow(1), late, template()}
	s := open(t, d, Options{}, nil)
	var got []Connection
	if err := s.Client.Connections(t.Context(), func(c Connection) error { got = append(got, c); return nil }); err != nil {
		t.Fatal(err)
	}
	want := []Connection{
		{Listing: flow(1), Left: 890 * time.Second},
		{Listing: flow(2)},
		{Listing: template(), Left: 0, Engine: "sip"},
	}
	for i := range want {
		want[i].Expires, want[i].Dest = 0, 0
	}
	if !slices.Equal(got, want) {
		t.Errorf("connections %+v, want %+v", got, want)
	}
	enough := errors.New("enough")
	if err := s.Client.Connections(t.Context(), func(Connection) error { return enough }); err != enough {
		t.Errorf("Connections = %v, want the caller's error", err)
	}
}

// A page is what pageConnections answers.
type page struct {
	Connections []connectionJSON `json:"connections"`
	Next        string           `json:"next"`
}

func (s *site) page(t *testing.T, q url.Values) page {
	t.Helper()
	r := s.ask(t, "GET", "/v1/connections?"+q.Encode(), "")
	var p page
	if err := json.Unmarshal([]byte(r.body), &p); err != nil || r.status != 200 {
		t.Fatalf("connections?%s: status %d, %s: %v", q.Encode(), r.status, r.body, err)
	}
	return p
}

func TestConnectionFilters(t *testing.T) {
	d := twoServices()
	waiting := flow(2)
	waiting.State = lvs.TCPTimeWait
	d.connections = []conntrack.Listing{flow(1), waiting, template()}
	s := open(t, d, Options{}, nil)
	tests := map[string]int{
		"":                                3,
		"protocol=tcp":                    2,
		"protocol=sctp":                   0,
		"template=true":                   1,
		"template=false":                  2,
		"state=established":               1,
		"state=TIME_WAIT,ASSURED":         2,
		"client=203.0.113.0":              2,
		"client=203.0.113.0:2":            1,
		"client=203.0.113.0/24":           2,
		"client=2001:db8:1::/48":          1,
		"virtual=192.0.2.1:80":            2,
		"virtual=[2001:db8::1]:53":        1,
		"virtual=192.0.2.1:81":            0,
		"destination=198.51.100.11":       2,
		"destination=198.51.100.0/24":     2,
		"client=0.0.0.0/0&template=true":  0,
		"state=ESTABLISHED&protocol=tcp":  1,
		"state=ESTABLISHED&protocol=udp":  0,
		"destination=198.51.100.11:8080":  2,
		"destination=[2001:db8::11]:5353": 0,
	}
	for query, want := range tests {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.page(t, q); len(got.Connections) != want || got.Next != "" {
			t.Errorf("connections?%s: %+v, want %d of them and no next", query, got, want)
		}
	}
}

// Whatever comes and goes meanwhile, what stays is on one page exactly.
func TestPagesSurviveChanges(t *testing.T) {
	d := twoServices()
	for i := range 1000 {
		d.connections = append(d.connections, flow(i))
	}
	s := open(t, d, Options{}, nil)
	seen := make(map[uint16]int)
	q := url.Values{"limit": {"64"}}
	for n := 0; ; n++ {
		p := s.page(t, q)
		for _, c := range p.Connections {
			seen[c.Client.Port()]++
		}
		if p.Next == "" {
			break
		}
		if len(p.Connections) != 64 {
			t.Fatalf("page %d has %d connections, want 64", n, len(p.Connections))
		}
		q.Set("cursor", p.Next)
		d.mu.Lock()
		rand.Shuffle(len(d.connections), func(i, j int) {
			d.connections[i], d.connections[j] = d.connections[j], d.connections[i]
		})
		d.connections = slices.DeleteFunc(d.connections, func(l conntrack.Listing) bool {
			return int(l.ClientPort) < 1000 && rand.IntN(100) == 0
		})
		d.connections = append(d.connections, flow(5000+n))
		d.mu.Unlock()
	}
	for _, l := range d.connections {
		if n := seen[l.ClientPort]; n != 1 && l.ClientPort < 1000 {
			t.Errorf("connection %d was on %d pages, want 1", l.ClientPort, n)
		}
	}
	for port, n := range seen {
		if n > 1 {
			t.Errorf("connection %d was on %d pages", port, n)
		}
	}
}

// The last page is full, and nobody is sent to an empty one.
func TestPagesEndEven(t *testing.T) {
	d := twoServices()
	d.connections = []conntrack.Listing{flow(1), flow(2), flow(3), flow(4)}
	s := open(t, d, Options{}, nil)
	first := s.page(t, url.Values{"limit": {"2"}})
	second := s.page(t, url.Values{"limit": {"2"}, "cursor": {first.Next}})
	if len(first.Connections) != 2 || len(second.Connections) != 2 || second.Next != "" {
		t.Errorf("pages %+v and %+v, want two and two, then no next", first, second)
	}
	if got, want := fmt.Sprint(second.Connections[1].Client), "203.0.113.0:4"; got != want {
		t.Errorf("the last client is %s, want %s", got, want)
	}
}
