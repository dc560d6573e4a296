package dataplane

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/host"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/steer"
	"xlvs/lvs"
)

// newLocal returns a director whose one port is the door, and the warnings that
// it gives.
func newLocal(t *testing.T, services ...config.Service) (*testDirector, *[]error) {
	t.Helper()
	d := newTestDirector(t, services...)
	var warnings []error
	d.door, d.warn = new(host.Door), func(err error) { warnings = append(warnings, err) }
	return d, &warnings
}

// replyTo is what the real server of testService sends to client.
func replyTo(client string) []byte {
	return packettest.TCP(real4+":8080", client, header.FlagACK, "")
}

// The addresses of clients on the host are the host's own, whose packets pass
// by the director otherwise.
func TestRepliesToLocalClientsAreTaken(t *testing.T) {
	const first, second = dip4 + ":1001", dip4 + ":1002"
	d, warnings := newLocal(t, testService(lvs.TCP, lvs.NAT, real4))
	d.router.locals = append(d.router.locals, addr(dip4))
	d.followLocals()
	if d.filter.rules.Take(replyTo(first)) {
		t.Fatal("a reply to the host is taken before there is a connection")
	}
	d.push(t, packettest.TCP(first, vip4+":80", header.FlagSYN, ""), packettest.TCP(second, vip4+":80", header.FlagSYN, ""))
	if !d.filter.rules.Take(replyTo(first)) || !d.filter.rules.Take(replyTo(second)) {
		t.Error("replies to local clients are not taken")
	}
	if d.filter.rules.Take(replyTo(dip4 + ":1003")) {
		t.Error("a reply to another client is taken")
	}
	d.followLocals()
	d.apply(t, testService(lvs.TCP, lvs.NAT, real4, secondReal))
	if !d.filter.rules.Take(replyTo(first)) {
		t.Error("other rules have made it forget local clients")
	}
	if len(*warnings) != 0 {
		t.Errorf("warnings: %v", *warnings)
	}
}

func TestForgetClients(t *testing.T) {
	const first, second = dip4 + ":1001", dip4 + ":1002"
	d, _ := newLocal(t, testService(lvs.TCP, lvs.NAT, real4))
	d.router.locals = append(d.router.locals, addr(dip4))
	d.followLocals()
	steps := []struct {
		at      time.Duration
		in      []byte
		clients int
	}{
		{0, packettest.TCP(first, vip4+":80", header.FlagSYN, ""), 1},
		{50 * time.Second, packettest.TCP(second, vip4+":80", header.FlagSYN, ""), 2},
		{70 * time.Second, nil, 1}, // SYN_RECV lasts 60 s
		{120 * time.Second, nil, 0},
	}
	for _, s := range steps {
		d.now = s.at
		if s.in != nil {
			d.push(t, s.in)
		}
		d.table.Sweep(d.Now())
		d.forgetClients()
		if len(d.clients) != s.clients {
			t.Errorf("at %v: %d clients, want %d", s.at, len(d.clients), s.clients)
		}
		if got, want := d.filter.rules.Take(replyTo(second)), s.at == 50*time.Second || s.clients == 1 && s.at > 0; got != want {
			t.Errorf("at %v: reply to the second client is taken: %t", s.at, got)
		}
	}
}

// Replies by direct routing do not come back through the director.
func TestDirectRoutingHasNoLocalClients(t *testing.T) {
	d, _ := newLocal(t, testService(lvs.TCP, lvs.DirectRouting, real4))
	if _, v := d.push(t, syn4(1)); v[Forward] != 1 || len(d.clients) != 0 {
		t.Errorf("verdicts = %v, %d clients", v, len(d.clients))
	}
}

func TestFilterWithoutRoomForClients(t *testing.T) {
	d, warnings := newLocal(t, testService(lvs.TCP, lvs.NAT, real4))
	before := maps.Clone(d.filter.rules)
	d.filter.err = steer.ErrTooManyEndpoints
	d.push(t, syn4(1))
	if len(d.clients) != 0 || len(*warnings) != 1 || !errors.Is((*warnings)[0], steer.ErrTooManyEndpoints) {
		t.Errorf("%d clients, warnings %v", len(d.clients), *warnings)
	}
	d.filter.err = nil
	d.push(t, syn4(2))
	if len(d.clients) != 1 || maps.Equal(d.filter.rules, before) {
		t.Errorf("with room again: %d clients, rules %v", len(d.clients), d.filter.rules)
	}
	d.filter.err = steer.ErrTooManyEndpoints
	d.now = time.Hour
	d.table.Sweep(d.Now())
	d.forgetClients()
	if len(d.clients) != 0 || len(*warnings) != 2 {
		t.Errorf("%d clients, warnings %v", len(d.clients), *warnings)
	}
}

// A clumsyFilter does half of what it is told and fails, as often as fails says.
type clumsyFilter struct {
	fails int
	rules steer.Rules
}

var errClumsy = errors.New("half is done")

func (f *clumsyFilter) Update(change steer.Rules) error {
	if f.fails == 0 {
		f.rules = followed(f.rules, change)
		return nil
	}
	f.fails--
	half := steer.Rules{}
	for e, rule := range change {
		if half[e] = rule; 2*len(half) >= len(change) {
			break
		}
	}
	f.rules = followed(f.rules, half)
	return errClumsy
}

func TestFailedUpdateIsTakenBack(t *testing.T) {
	old, next := steer.Rules{}, steer.Rules{}
	old.AddService(lvs.TCP, addr(vip4), 80)
	next.AddService(lvs.UDP, addr(vip6), 53)
	first, exchange := steer.Claims{}, steer.Claims{}
	first.Add(old, 1)
	exchange.Add(old, -1)
	exchange.Add(next, 1)
	for fails, also := range map[int]string{1: "", 2: "restoring"} {
		d, _ := newLocal(t)
		f := &clumsyFilter{rules: d.filter.rules}
		d.Director.filter = f
		if err := d.updateFilter(first); err != nil {
			t.Fatal(err)
		}
		before := maps.Clone(f.rules)
		d.addClient(lvs.Tuple{Proto: lvs.TCP, Src: addr(dip4), SrcPort: 1})
		want := maps.Clone(f.rules)
		if maps.Equal(want, before) {
			t.Fatal("the client is not in the rules")
		}
		f.fails = fails
		err := d.updateFilter(exchange)
		if !errors.Is(err, errClumsy) || !strings.Contains(err.Error(), also) {
			t.Errorf("%d failures: updateFilter() = %v", fails, err)
		}
		if fails == 1 && !maps.Equal(f.rules, want) {
			t.Errorf("%d failures: rules are %v, were %v", fails, f.rules, want)
		}
		if err := d.overrule(nil); err != nil || !maps.Equal(f.rules, want) {
			t.Errorf("%d failures, and told again: rules are %v, want %v", fails, f.rules, want)
		}
		if d.forgetClients(); !maps.Equal(f.rules, before) {
			t.Errorf("%d failures: rules are %v, want %v", fails, f.rules, before)
		}
	}
}

// A change of many endpoints that fails late is taken back as a whole.
func TestLateFailureIsTakenBack(t *testing.T) {
	d, _ := newLocal(t)
	change, r := steer.Claims{}, steer.Rules{}
	for port := range uint16(3 * filterBatch) {
		r.AddService(lvs.TCP, addr(vip4), port+1)
	}
	change.Add(r, 1)
	before := maps.Clone(d.filter.rules)
	d.Director.filter = &fullFilter{fakeFilter: d.filter, room: 2 * filterBatch}
	if err := d.updateFilter(change); !errors.Is(err, steer.ErrTooManyEndpoints) {
		t.Errorf("updateFilter() = %v, want %v", err, steer.ErrTooManyEndpoints)
	}
	if !maps.Equal(d.filter.rules, before) || len(d.owed) != 0 || !maps.Equal(d.claims.Rules(), before) {
		t.Errorf("rules are %v, were %v", d.filter.rules, before)
	}
}

// A fullFilter has room for so many endpoints.
type fullFilter struct {
	*fakeFilter
	room int
}

func (f *fullFilter) Update(change steer.Rules) error {
	if len(followed(f.rules, change)) > f.room {
		return steer.ErrTooManyEndpoints
	}
	return f.fakeFilter.Update(change)
}

// A client that opens its connection anew is counted once.
func TestClientComesBack(t *testing.T) {
	d, _ := newLocal(t)
	client := lvs.Tuple{Proto: lvs.TCP, Src: addr(dip4), SrcPort: 1}
	before, touched := maps.Clone(d.filter.rules), d.filter.touched
	d.addClient(client)
	d.addClient(client)
	if touched = d.filter.touched - touched; touched != 2 {
		t.Errorf("%d endpoints were touched, want 2", touched)
	}
	if d.forgetClients(); !maps.Equal(d.filter.rules, before) {
		t.Errorf("rules are %v, were %v", d.filter.rules, before)
	}
}
