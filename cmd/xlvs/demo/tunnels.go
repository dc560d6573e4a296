package demo

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"

	"xlvs/bench/lab"
	"xlvs/lvs"
)

// ready is what `xlvs realserver` says when packets come out of tunnels.
const ready = "real server is ready"

// openTunnels has the real servers take packets out of tunnels, if the method
// has any, with command.
func (s *stage) openTunnels(ctx context.Context, command []string) error {
	if s.method.real.Method != lvs.Tunnel {
		return nil
	}
	for i, h := range s.network.Real {
		if err := s.openTunnel(ctx, h, realName(i), command); err != nil {
			return err
		}
	}
	return nil
}

// openTunnel is openTunnels for one of them. The program itself is to do it: if
// the kernel is asked, it may load a module, which gives the machine devices
// that stay. But where the program cannot, as the module is there already, the
// kernel can.
func (s *stage) openTunnel(ctx context.Context, h *lab.Host, name string, command []string) error {
	err := s.unwrap(ctx, h, name, slices.Concat(command, s.tunnelArgs(name, "always")))
	if errors.Is(err, errEnded) {
		err = s.unwrap(ctx, h, name, slices.Concat(command, s.tunnelArgs(name, "auto")))
	}
	if err != nil {
		return fmt.Errorf("open tunnel of %s: %w", name, err)
	}
	return nil
}

// tunnelArgs returns the arguments of `xlvs realserver` for the real server
// called name, in which who takes packets out of tunnels.
func (s *stage) tunnelArgs(name, who string) []string {
	args := []string{
		"--state", filepath.Join(s.dir, name+".json"),
		"--method", "tun", "--tun-type", s.method.real.Tunnel.String(), "--user-space", who,
	}
	if s.method.real.TunnelPort != 0 {
		args = append(args, "--tun-port", fmt.Sprint(s.method.real.TunnelPort))
	}
	for _, f := range s.method.families {
		args = append(args, "--vip", f.vip.String())
	}
	return args
}

// unwrap starts a program that takes packets out of tunnels, and waits until it
// does. One that has ended instead has nothing left to be stopped.
func (s *stage) unwrap(ctx context.Context, h *lab.Host, name string, args []string) error {
	p, err := startProgram(h, name, exec.Command(args[0], args[1:]...))
	if err != nil {
		return err
	}
	s.latest = p
	err = p.awaitWords(ctx, ready)
	if !errors.Is(err, errEnded) {
		s.closers = append(s.closers, p.stop)
	}
	return err
}
