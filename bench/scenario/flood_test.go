package scenario

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"xlvs/bench/lab"
)

// A flood of segments of no connection is kept from the host beyond what it can
// bear, and counted. Service goes on meanwhile, and so does what is the host's.
func TestFloodOfStrays(t *testing.T) {
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			need(t, "socat")
			s := simple.raise(t, lab.WireOptions{})
			serveAll(t, s)
			serveEcho(t, s.Director, 22)
			d := direct(t, s, s.web(mode))
			for _, f := range s.families() {
				session := login(t, s.Client, netip.AddrPortFrom(f.vip, 22))
				stop := flood(t, forge(t, s, f))
				before := d.verdict("too many for the host")
				eventually(t, "frames are kept from the host", func() bool {
					return d.verdict("too many for the host") > before
				})
				checkTurns(t, s, f, 20)
				session.checkAlive(t)
				stop()
			}
			if n := d.verdict("given to the host"); n == 0 {
				t.Error("nothing was given to the host")
			}
		})
	}
}

// flood sends strays, more in a moment than the host is given in one, until stop
// is called.
func flood(t *testing.T, g *forger) (stop func()) {
	t.Helper()
	const burst = 1500
	b := g.segment(40000, 2000)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			for range burst {
				if err := g.send(b); err != nil {
					t.Error(fmt.Errorf("flood: %w", err))
					return
				}
			}
			time.Sleep(20 * time.Millisecond) // leaves the machine to others
		}
	})
	wait := sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(wait)
	return wait
}
