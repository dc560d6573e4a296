package main

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"

	"xlvs/config"
	"xlvs/lvs"
)

// A director is how to run one: the xlvs binary, and a place for its files.
type director struct {
	binary string
	dir    string // its own, removed by close
}

// newDirector builds xlvs, unless binary names one.
func newDirector(ctx context.Context, binary string) (*director, error) {
	dir, err := os.MkdirTemp("", "xlvs-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a place for the director's files: %w", err)
	}
	d := &director{binary: binary, dir: dir}
	if binary != "" {
		return d, nil
	}
	d.binary = filepath.Join(dir, "xlvs")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", d.binary, "xlvs/cmd/xlvs")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		_ = d.close()
		return nil, fmt.Errorf("build xlvs: %w\n%s", err, out)
	}
	return d, nil
}

func (d *director) close() error { return os.RemoveAll(d.dir) }

// guePort is where the last host would listen for GUE.
const guePort = 6080

// A service is what a director is run for: its only one, which has the last host
// of the network as its only real server.
type service struct {
	protocol lvs.Protocol
	method   lvs.Method
	tunnel   lvs.TunnelType // if that is Tunnel
	mode     config.Mode    // of the director
	workers  int            // of the director; 0: as many as it wants
	crowd
}

// A crowd is how much of everything a director has. The zero value is one service
// with one destination, and the room for connections that a director has by
// itself.
type crowd struct {
	services     int // the others have ports of their own, and nobody asks them
	destinations int // ports of the one real server; above 1 it has firstMany and so on
	connections  int // room for them
}

// firstMany is the first of many ports: of the other services, and of
// destinations if there is more than one.
const firstMany = 10_001

// ports returns the ports of the destinations.
func (c crowd) ports() []uint16 {
	if c.destinations <= 1 {
		return []uint16{port}
	}
	ports := make([]uint16, c.destinations)
	for i := range ports {
		ports[i] = firstMany + uint16(i)
	}
	return ports
}

// others returns the ports of the services that nobody asks.
func (c crowd) others() []uint16 {
	ports := make([]uint16, max(c.services, 1)-1)
	for i := range ports {
		ports[i] = firstMany + uint16(i)
	}
	return ports
}

// command returns the command that runs a director with s.
func (d *director) command(s service) ([]string, error) {
	var b bytes.Buffer
	if err := s.config().Write(&b); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	file := filepath.Join(d.dir, fmt.Sprintf("%v-%v-%v-%s-%d-%d-%d-%d.toml",
		s.protocol, s.method, s.tunnel, s.mode, s.workers, s.services, s.destinations, s.connections))
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return []string{d.binary, "run", "-c", file}, nil
}

// config returns the configuration for command: everything else in it has its
// default.
func (s service) config() *config.Config {
	c := config.Default()
	c.Dataplane.Interfaces = []string{inDev, outDev}
	c.Dataplane.Mode = s.mode
	c.Dataplane.Workers = s.workers
	c.Dataplane.MaxConnections = max(c.Dataplane.MaxConnections, s.connections)
	c.Services = []config.Service{s.at(port, s.ports())}
	for _, p := range s.others() {
		c.Services = append(c.Services, s.at(p, []uint16{p}))
	}
	if s.method == lvs.FullNAT { // by ports that the kernel gives to nobody
		c.LocalAddresses = []config.LocalRange{{Addr: netip.MustParseAddr(dip), First: 1024, Last: 32767}}
	}
	return c
}

// at returns the service at a port of the VIP, with destinations at ports of the
// real server.
func (s service) at(vipPort uint16, ports []uint16) config.Service {
	one := config.Service{
		ServiceKey: config.ServiceKey{Protocol: s.protocol, VIP: netip.MustParseAddr(vip), Port: vipPort},
		Scheduler:  "rr",
	}
	for _, p := range ports {
		real := config.Real{
			RealKey: config.RealKey{Addr: netip.MustParseAddr(rip), Port: p},
			Method:  s.method, Tunnel: s.tunnel, Weight: 1,
		}
		if s.tunnel == lvs.TunnelGUE {
			real.TunnelPort = guePort
		}
		one.Reals = append(one.Reals, real)
	}
	return one
}
