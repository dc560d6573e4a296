package scenario

import (
	"context"
	"strings"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// persistent makes the services of c persistent, for all clients that have so
// many bits of their IPv4 or IPv6 addresses in common.
func persistent(c *config.Config, timeout time.Duration, bits4, bits6 int) *config.Config {
	for i := range c.Services {
		svc := &c.Services[i]
		svc.Persistence, svc.MaskBits = timeout, bits4
		if svc.VIP.Is6() {
			svc.MaskBits = bits6
		}
	}
	return c
}

// A client comes back to its real server, and with a netmask its neighbours do,
// also while the configuration changes. A real server that is quiesced keeps its
// clients and gets no others, until expire_quiescent_template takes them away.
func TestPersistence(t *testing.T) {
	for _, mode := range bothModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := simple.raise(t, lab.WireOptions{})
			serveAll(t, s)
			want := func(weights ...int) *config.Config {
				return persistent(s.config(mode, "rr", lvs.TCP, 80, weights...), time.Minute, 26, 64)
			}
			d := direct(t, s, want())
			networks := map[string]*neighbourhoods{}
			for _, f := range s.families() {
				n := settle(t, s, f)
				n.check(t, s, f, n.firstServer, n.secondServer)
				networks[f.name] = n
			}
			d.reload(want(0, 1))
			for _, f := range s.families() {
				n := networks[f.name]
				n.check(t, s, f, n.firstServer, n.secondServer)
				checkClient(t, s, f, n.third, "rs2")
			}
			impatient := want(0, 2)
			impatient.Sysctl.ExpireQuiescentTemplate = 1
			d.reload(impatient)
			for _, f := range s.families() {
				networks[f.name].check(t, s, f, "rs2", "rs2")
			}
		})
	}
}

// neighbourhoods are addresses of the client's host in three networks, and the
// names of the real servers that the first two were given.
type neighbourhoods struct {
	first, second             []string
	third                     string
	firstServer, secondServer string
}

// settle gives the client's host its addresses, and has the first client of two
// networks ask.
func settle(t *testing.T, s *site, f family) *neighbourhoods {
	t.Helper()
	n := &neighbourhoods{second: []string{"203.0.113.1", "203.0.113.60"}, third: "203.0.113.129"}
	network := "203.0.113.0/24"
	if f.vip.Is6() {
		n = &neighbourhoods{second: []string{"2001:db8:5:1::1", "2001:db8:5:1:ffff::1"}, third: "2001:db8:5:2::1"}
		network = "2001:db8:5::/48"
	}
	must(t, s.Director.Route(network, f.client))
	for _, addr := range append(n.second, n.third) {
		must(t, s.Client.AddAddr("eth0", whole(parse(addr))))
	}
	n.first = moreClients(t, s, f, 3)
	n.firstServer = askFrom(t, s, f, n.first[0])
	n.secondServer = askFrom(t, s, f, n.second[0])
	if n.firstServer == n.secondServer {
		t.Errorf("%s: both networks got %s", f.name, n.firstServer)
	}
	return n
}

// check checks that all clients of the first network get first, and all of the
// second get second.
func (n *neighbourhoods) check(t *testing.T, s *site, f family, first, second string) {
	t.Helper()
	for range 2 {
		for _, addr := range n.first {
			checkClient(t, s, f, addr, first)
		}
		for _, addr := range n.second {
			checkClient(t, s, f, addr, second)
		}
	}
}

func checkClient(t *testing.T, s *site, f family, addr, want string) {
	t.Helper()
	if got := askFrom(t, s, f, addr); got != want {
		t.Errorf("client %s got %s, want %s", addr, got, want)
	}
}

// askFrom has a client ask, and returns the name of the real server, which must
// know the client.
func askFrom(t *testing.T, s *site, f family, addr string) (name string) {
	t.Helper()
	name, seen, _ := strings.Cut(strings.TrimSpace(curl(t, s.Client, "--interface", addr, url(f.vip, 80))), " ")
	if seen != addr {
		t.Errorf("%s sees %q, want %s", name, seen, addr)
	}
	return name
}

// A client that has been away longer than it is remembered is scheduled anew.
func TestPersistenceEnds(t *testing.T) {
	t.Parallel()
	need(t, "dig")
	names := simple
	names.port = 53
	s := names.raise(t, lab.WireOptions{})
	for i := range s.Real {
		serveNames(t, s, i)
	}
	c := persistent(s.config(config.XDP, "rr", lvs.UDP, 53), 4*time.Second, 32, 128)
	c.Timeouts.UDP = time.Second // a client is not forgotten before its connections
	direct(t, s, c)
	last := map[string]string{}
	for round := range 2 {
		for _, f := range s.families() {
			name := askName(t, s, f)
			if name == last[f.name] {
				t.Errorf("%s: round %d went to %s again", f.name, round+1, name)
			}
			last[f.name] = name
			for range 5 {
				if got := askName(t, s, f); got != name {
					t.Errorf("%s: %s answers, want %s", f.name, got, name)
				}
			}
		}
		if round == 0 {
			time.Sleep(7 * time.Second)
		}
	}
}

// askName asks a name server behind the service, and returns its name.
func askName(t *testing.T, s *site, f family, args ...string) (name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	args = append([]string{"@" + f.vip.String(), "+short", "+tries=1", "+time=3", "+noedns", "who.example", "TXT"}, args...)
	out, err := s.Client.Run(ctx, "dig", args...)
	must(t, err)
	name, _, _ = strings.Cut(strings.Trim(strings.TrimSpace(string(out)), `"`), " ")
	return name
}
