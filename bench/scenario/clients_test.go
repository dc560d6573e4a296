package scenario

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/control"
	"xlvs/control/desired"
	"xlvs/lvs"
)

// Fifty clients change services while connections go on and begin. No change is
// lost, no list is torn, no connection is dropped.
func TestFiftyClients(t *testing.T) {
	const clients, rounds = 50, 20
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{})
	accepted := serveStreams(t, s)
	direct(t, s, s.web(config.XDP))
	client, server := connect(t, s, s.families()[0], accepted)
	path := socketOf(t, s.Director)

	var changing sync.WaitGroup
	failures := make(chan error, clients)
	for i := range clients {
		changing.Go(func() { failures <- change(t.Context(), path, uint32(i+1), rounds) })
	}
	done := make(chan struct{})
	go func() { changing.Wait(); close(failures); close(done) }()
	for open := true; open; {
		checkEcho(t, client, server)
		another, end := connect(t, s, s.families()[0], accepted)
		checkEcho(t, another, end)
		select {
		case <-done:
			open = false
		default:
		}
	}
	for err := range failures {
		if err != nil {
			t.Error(err)
		}
	}
	services, err := control.NewClient(path).Services(t.Context())
	must(t, err)
	marks := 0
	for _, v := range services {
		if v.Mark != 0 {
			marks++
			if len(v.Destinations) != rounds {
				t.Errorf("service %v has %d real servers, want %d", v.ServiceKey, len(v.Destinations), rounds)
			}
		}
	}
	if marks != clients {
		t.Errorf("%d services, want %d", marks, clients)
	}
}

// socketOf returns the path of the socket of h's director.
func socketOf(t *testing.T, h *lab.Host) (path string) {
	t.Helper()
	must(t, h.Do(func() (err error) {
		path, err = control.SocketPath()
		return err
	}))
	return path
}

// change makes the service of a mark, and adds real servers to it one by one. After
// each it looks whether all of them are there.
func change(ctx context.Context, path string, mark uint32, n int) error {
	c := control.NewClient(path)
	defer c.Close()
	key := config.ServiceKey{VIP: netip.IPv4Unspecified(), Mark: mark}
	add := desired.Operation{Kind: desired.AddService, Service: config.Service{ServiceKey: key, Scheduler: "rr"}}
	if err := c.Do(ctx, []desired.Operation{add}); err != nil {
		return err
	}
	if err := c.Do(ctx, []desired.Operation{add}); !errors.Is(err, desired.ErrServiceExists) {
		return fmt.Errorf("mark %d: added twice: %w", mark, err)
	}
	for i := range n {
		real := config.Real{RealKey: config.RealKey{Addr: netip.AddrFrom4([4]byte{10, byte(mark), 0, byte(i + 1)})}, Method: lvs.DirectRouting, Weight: 1}
		if err := c.Do(ctx, []desired.Operation{{Kind: desired.AddDestination, Key: key, Real: real}}); err != nil {
			return err
		}
		got, err := c.Service(ctx, key)
		if err != nil || len(got.Destinations) != i+1 {
			return fmt.Errorf("mark %d: %d real servers, %w; want %d", mark, len(got.Destinations), err, i+1)
		}
	}
	return nil
}
