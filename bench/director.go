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
}

// command returns the command that runs a director with s.
func (d *director) command(s service) ([]string, error) {
	var b bytes.Buffer
	if err := s.config().Write(&b); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	file := filepath.Join(d.dir, fmt.Sprintf("%v-%v-%v-%s-%d.toml", s.protocol, s.method, s.tunnel, s.mode, s.workers))
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
	c.Services = []config.Service{{
		ServiceKey: config.ServiceKey{Protocol: s.protocol, VIP: netip.MustParseAddr(vip), Port: port},
		Scheduler:  "rr",
		Reals: []config.Real{{
			RealKey: config.RealKey{Addr: netip.MustParseAddr(rip), Port: port},
			Method:  s.method,
			Tunnel:  s.tunnel,
			Weight:  1,
		}},
	}}
	if s.tunnel == lvs.TunnelGUE {
		c.Services[0].Reals[0].TunnelPort = guePort
	}
	if s.method == lvs.FullNAT { // by ports that the kernel gives to nobody
		c.LocalAddresses = []config.LocalRange{{Addr: netip.MustParseAddr(dip), First: 1024, Last: 32767}}
	}
	return c
}
