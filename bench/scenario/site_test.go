package scenario

import (
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/bench/lab/labtest"
	"xlvs/config"
	"xlvs/lvs"
)

// modes are the ways a director gets at frames, of which each scenario is
// tried with all.
var modes = []config.Mode{config.XDP, config.XDPGeneric, config.Packet}

// A deployment is a topology of package lab and how its services are set up.
type deployment struct {
	build  func(*lab.Lab, lab.WireOptions) (*lab.Topology, error)
	method lvs.Method
	port   uint16 // of the real servers
	v4, v6 addressing
}

// An addressing is what a test needs to know of one address family.
type addressing struct {
	client string // as real servers see it
	reals  []string
}

var (
	simple = deployment{
		build: lab.Simple, method: lvs.NAT, port: 80,
		v4: addressing{"198.51.100.7", []string{"192.0.2.11", "192.0.2.12"}},
		v6: addressing{"2001:db8:1::7", []string{"2001:db8:2::11", "2001:db8:2::12"}},
	}
	s1 = deployment{
		build: lab.S1, method: lvs.NAT, port: 80,
		v4: addressing{"192.168.56.1", []string{"192.168.0.134", "192.168.0.140"}},
		v6: addressing{"2001:db8:1:56::1", []string{"2001:db8:1::134", "2001:db8:1::140"}},
	}
	s2 = deployment{
		build: lab.S2, method: lvs.NAT, port: 8080,
		v4: addressing{"1.0.0.1", []string{"192.168.80.11", "192.168.80.12", "192.168.80.13"}},
		v6: addressing{"2001:db8:2:10::7", []string{"2001:db8:2:80::11", "2001:db8:2:80::12", "2001:db8:2:80::13"}},
	}
	s3 = deployment{
		build: lab.S3, method: lvs.DirectRouting, port: 80,
		v4: addressing{"1.0.0.1", []string{"192.168.80.11", "192.168.80.12", "192.168.80.13"}},
		v6: addressing{"2001:db8:3:10::7", []string{"2001:db8:3:80::11", "2001:db8:3:80::12", "2001:db8:3:80::13"}},
	}
	s3b = deployment{
		build: lab.S3b, method: lvs.DirectRouting, port: 80,
		v4: addressing{"192.168.147.1", []string{"192.168.147.3", "192.168.147.4"}},
		v6: addressing{"2001:db8:3:147::1", []string{"2001:db8:3:147::3", "2001:db8:3:147::4"}},
	}
)

// A site is a deployment that stands.
type site struct {
	*lab.Topology
	deployment
}

// raise builds d, which ends with the test.
func (d deployment) raise(t *testing.T, opts lab.WireOptions) *site {
	t.Helper()
	top, err := d.build(labtest.New(t), opts)
	must(t, err)
	return &site{Topology: top, deployment: d}
}

// A family is a site as one address family has it.
type family struct {
	name string
	addressing
	vip    netip.Addr
	public netip.Addr // what the client dials
}

func (s *site) families() []family {
	return []family{
		{"IPv4", s.v4, s.VIP, s.Public},
		{"IPv6", s.v6, s.VIP6, s.VIP6},
	}
}

// config returns a configuration with a service on port of both VIPs. Its real
// servers get weights in turn, or 1 if there are none.
func (s *site) config(mode config.Mode, scheduler string, protocol lvs.Protocol, port uint16, weights ...int) *config.Config {
	c := config.Default()
	c.Dataplane.Mode = mode
	for _, f := range s.families() {
		key := config.ServiceKey{Protocol: protocol, VIP: f.vip, Port: port}
		svc := config.Service{ServiceKey: key, Scheduler: scheduler}
		for i, addr := range f.reals {
			real := config.Real{Method: s.method, Weight: 1}
			real.RealKey = config.RealKey{Addr: netip.MustParseAddr(addr), Port: s.port}
			if i < len(weights) {
				real.Weight = weights[i]
			}
			svc.Reals = append(svc.Reals, real)
		}
		c.Services = append(c.Services, svc)
	}
	return c
}

// web returns a configuration with a TCP service on port 80, scheduled in turn.
func (s *site) web(mode config.Mode) *config.Config { return s.config(mode, "rr", lvs.TCP, 80) }

// must ends the test if err is not nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// need skips the test if a program is missing, or fails it with
// XLVS_PRIVILEGED=1 in the environment, where nothing is.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		_, err := exec.LookPath(p)
		if err == nil {
			continue
		}
		if os.Getenv("XLVS_PRIVILEGED") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// patience is how long something may take that should happen soon.
const patience = 10 * time.Second

// eventually waits until ok, and ends the test if that does not come.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain: %s", patience, what)
		}
	}
}
