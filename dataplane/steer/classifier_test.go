package steer

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"xlvs/lvs"
)

// replace makes r all that c holds.
func (c *Classifier) replace(r Rules) error {
	change := Rules{}
	for e := range c.rules {
		change[e] = Rule{}
	}
	maps.Copy(change, r)
	return c.Update(change)
}

func TestDiff(t *testing.T) {
	a, b, c := Endpoint{Port: 1}, Endpoint{Port: 2}, Endpoint{Port: 3}
	service, reply, both, local := Rule{Flags: Service}, Rule{Flags: Reply}, Rule{Flags: Service | Reply}, Rule{Flags: Local}
	narrow, wide, none := Rule{Pool, 1, 2}, Rule{Pool, 1, 3}, Rule{}
	tests := map[string]struct {
		have, change Rules
		set          Rules
		remove       []Endpoint
	}{
		"nothing to nothing":         {nil, nil, Rules{}, nil},
		"nothing to some":            {nil, Rules{a: service}, Rules{a: service}, nil},
		"some to nothing":            {Rules{a: service}, Rules{a: none}, Rules{}, []Endpoint{a}},
		"nothing from nothing":       {Rules{a: service}, Rules{b: none}, Rules{}, nil},
		"the same":                   {Rules{a: service, b: reply}, Rules{a: service, b: reply}, Rules{}, nil},
		"other flags":                {Rules{a: service}, Rules{a: both}, Rules{a: both}, nil},
		"other ports":                {Rules{a: narrow}, Rules{a: wide}, Rules{a: wide}, nil},
		"one of each, and one stays": {Rules{a: service, b: reply}, Rules{a: none, c: local}, Rules{c: local}, []Endpoint{a}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			entries, remove, _ := (&Classifier{rules: tt.have}).diff(tt.change)
			set := Rules{}
			for _, e := range entries {
				set[e.Endpoint] = e.rule
			}
			if !maps.Equal(set, tt.set) {
				t.Errorf("set %v, want %v", set, tt.set)
			}
			if !slices.Equal(remove, tt.remove) {
				t.Errorf("remove %v, want %v", remove, tt.remove)
			}
		})
	}
}

// contents returns the keys and values in a map where they are like k and v.
func contents[K comparable, V any](t *testing.T, m *ebpf.Map, k K, v V) map[K]V {
	t.Helper()
	out := map[K]V{}
	it := m.Iterate()
	for it.Next(&k, &v) {
		out[k] = v
	}
	if err := it.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// holds fails the test unless the maps hold r and nothing else.
func holds(t *testing.T, c *Classifier, r Rules) {
	t.Helper()
	endpoints, networks := map[[keySize]byte][valueSize]byte{}, map[[networkKeySize]byte]Flags{}
	for e, rule := range r {
		if e.HostBits > 0 {
			networks[e.networkKey()] = rule.Flags
		} else {
			endpoints[e.key()] = rule.value()
		}
	}
	if got := contents(t, c.tables.endpoints, [keySize]byte{}, [valueSize]byte{}); !maps.Equal(got, endpoints) {
		t.Errorf("map of endpoints holds %x, want %x", got, endpoints)
	}
	if got := contents(t, c.tables.networks, [networkKeySize]byte{}, Flags(0)); !maps.Equal(got, networks) {
		t.Errorf("map of networks holds %x, want %x", got, networks)
	}
}

func TestUpdate(t *testing.T) {
	c := newClassifier(t)
	holds(t, c, testRules())

	next := testRules()
	delete(next, Endpoint{Addr: addr("192.0.2.1"), Port: 80, Proto: lvs.TCP})
	next.AddService(lvs.TCP, addr("192.0.2.3"), 8080)
	next.AddReply(lvs.TCP, addr("192.0.2.2"), 0)
	next.AddPool(lvs.UDP, addr(lip4), 1, 65535)
	if err := c.replace(next); err != nil {
		t.Fatal(err)
	}
	holds(t, c, next)
	p := newShells(t, c)["xdp"]
	if p.takes(t, frame(tcp(client4+":4242", "192.0.2.1:80"))) {
		t.Error("a removed service is taken")
	}
	if !p.takes(t, frame(tcp(client4+":4242", "192.0.2.3:8080"))) {
		t.Error("an added service is passed")
	}

	if err := c.replace(nil); err != nil {
		t.Fatal(err)
	}
	holds(t, c, nil)
}

// TestUpdateReplacesAll needs room for the old and the new rules at once.
func TestUpdateReplacesAll(t *testing.T) {
	c, err := New(3)
	if err != nil {
		skip(t, err)
	}
	defer c.Close()
	for _, vip := range []string{"192.0.2.1", "192.0.2.2", "2001:db8::1"} {
		r := Rules{}
		r.AddService(lvs.TCP, addr(vip), 80)
		if err := c.replace(r); err != nil {
			t.Fatal(err)
		}
		holds(t, c, r)
	}
}

func TestUpdateTooManyEndpoints(t *testing.T) {
	c, err := New(3)
	if err != nil {
		skip(t, err)
	}
	defer c.Close()
	r := Rules{}
	r.AddService(lvs.TCP, addr("192.0.2.1"), 80)
	if err := c.Update(r); err != nil {
		t.Fatal(err)
	}
	more := Rules{}
	for _, a := range []string{"198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"} {
		more.AddLocal(addr(a))
	}
	if err := c.Update(more); !errors.Is(err, ErrTooManyEndpoints) {
		t.Errorf("Update of 3 endpoints to 7 with room for twice 3: %v, want %v", err, ErrTooManyEndpoints)
	}
	holds(t, c, r)
}

// TestUpdateGoesOnAfterFailure fills the map behind the Classifier's back.
func TestUpdateGoesOnAfterFailure(t *testing.T) {
	c, err := New(1)
	if err != nil {
		skip(t, err)
	}
	defer c.Close()
	for port := range uint16(2) {
		if err := c.tables.endpoints.Put(Endpoint{Port: port}.key(), Rule{}.value()); err != nil {
			t.Fatal(err)
		}
	}
	r := Rules{{Addr: addr("192.0.2.1"), Port: 80, Proto: lvs.TCP}: {Flags: Service}}
	err = c.Update(r)
	if err == nil || !strings.Contains(err.Error(), "TCP 192.0.2.1:80") {
		t.Errorf("Update of a full map: %v, want an error that names TCP 192.0.2.1:80", err)
	}
	for port := range uint16(2) {
		if err := c.tables.endpoints.Delete(Endpoint{Port: port}.key()); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Update(r); err != nil {
		t.Fatal(err)
	}
	holds(t, c, r)
}

func TestNewWithoutRoom(t *testing.T) {
	if _, err := New(0); err == nil {
		t.Error("New(0) succeeds")
	}
}
