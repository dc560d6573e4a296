package scenario

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// No request is lost while the configuration changes: weights, real servers that
// are drained, taken away and come back, and a service that comes and goes.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{Queues: 2})
	serveAll(t, s)
	d := direct(t, s, s.web(config.XDP))
	stop := load(t, s)
	for i := range 20 {
		d.reload(s.variant(i))
	}
	asked := stop()
	t.Logf("%d requests", asked)
	if asked < 20 {
		t.Errorf("only %d requests during 20 reloads", asked)
	}
}

// variant is step i of an operator's busy day.
func (s *site) variant(i int) *config.Config {
	steps := [][]int{{3, 1}, {1, 0}, {1}, {1, 2}, {2, 2}}
	w := steps[i%len(steps)]
	c := s.config(config.XDP, "wrr", lvs.TCP, 80, w...)
	for j := range c.Services {
		c.Services[j].Reals = c.Services[j].Reals[:len(w)]
	}
	if i%2 == 1 {
		more := s.config(config.XDP, "wlc", lvs.TCP, 8000)
		c.Services = append(c.Services, more.Services...)
	}
	return c
}

// load has the client ask both services, one request after the other, until stop
// is called. stop returns how many requests were answered; one that is not fails
// the test.
func load(t *testing.T, s *site) (stop func() (asked int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	counts := make([]int, 2)
	var wg sync.WaitGroup
	for i, f := range s.families() {
		wg.Go(func() { counts[i] = keepAsking(ctx, t, s.Client, f.public) })
	}
	wait := sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(wait)
	return func() int {
		wait()
		return counts[0] + counts[1]
	}
}

// keepAsking asks until ctx ends, and returns how often it was answered.
func keepAsking(ctx context.Context, t *testing.T, h *lab.Host, addr netip.Addr) (n int) {
	for ctx.Err() == nil {
		if _, err := tryCurl(context.WithoutCancel(ctx), h, "--max-time", "5", url(addr, 80)+"[1-20]"); err != nil {
			t.Errorf("after %d requests, at %v: %v", n, time.Now().Format(time.StampMicro), err)
			return n
		}
		n += 20
	}
	return n
}
