package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"xlvs/bench/compare"
	"xlvs/bench/lab"
)

// streamModule is nginx's, from Debian's package libnginx-mod-stream.
const streamModule = "/usr/lib/nginx/modules/ngx_stream_module.so"

func startHAProxy(ctx context.Context, s *site, _ *director) error {
	return s.proxy(ctx, compare.Proxy.HAProxy, "haproxy", "-db", "-f")
}

func startNginx(ctx context.Context, s *site, _ *director) error {
	return s.proxy(ctx, compare.Proxy.Nginx, "nginx", "-c")
}

// proxy has a proxy run with the configuration that words returns, whose file is
// the last argument of command.
func (s *site) proxy(ctx context.Context, words func(compare.Proxy) string, command ...string) error {
	dir, err := s.work.folder()
	if err != nil {
		return err
	}
	p := compare.Proxy{Listen: fmt.Sprintf("%s:%d", vip, port), Dir: dir, Module: streamModule}
	for _, at := range s.ports() {
		p.Servers = append(p.Servers, fmt.Sprintf("%s:%d", rip, at))
	}
	file := filepath.Join(dir, "proxy.conf")
	if err := os.WriteFile(file, []byte(words(p)), 0o600); err != nil {
		return err
	}
	process, err := s.foreign(append(command, file))
	if err != nil {
		return err
	}
	return listens(ctx, process)
}

// listens waits until a process, or one that it started, listens at the service's
// port. It does not connect: a proxy would pass that on.
func listens(ctx context.Context, p *lab.Process) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	sockets := fmt.Sprintf("/proc/%d/net/tcp", p.PID())
	listening := fmt.Appendf(nil, ":%04X 00000000:0000 0A ", port) // in the namespace of the process
	for {
		b, err := os.ReadFile(sockets)
		if err == nil && bytes.Contains(b, listening) {
			return nil
		}
		select {
		case <-p.Done():
			return fmt.Errorf("%w: %w\n%s", errEnded, p.Wait(), p.Output())
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lookAt):
		}
	}
}
