package scenario

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// Connections that stand at once, shared equally, each get their own answer.
func TestTwoThousandConnections(t *testing.T) {
	const n = 2000
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{Queues: 2})
	accepted := serveStreams(t, s)
	d := direct(t, s, s.web(config.XDP))
	for _, f := range s.families() {
		t.Run(f.name, func(t *testing.T) {
			clients, servers := connectMany(t, s, f, accepted, n)
			checkShares(t, d, f, n/len(s.Real))
			checkAnswers(t, clients, servers)
		})
	}
}

// connectMany makes n connections, a few at a time.
func connectMany(t *testing.T, s *site, f family, accepted <-chan *net.TCPConn, n int) (clients []net.Conn, servers []*net.TCPConn) {
	t.Helper()
	clients = make([]net.Conn, n)
	t.Cleanup(func() { closeAll(clients) })
	var wg sync.WaitGroup
	const dialers = 16
	for i := range dialers {
		wg.Go(func() {
			for j := i; j < n; j += dialers {
				c, err := s.Client.Dial(t.Context(), "tcp", net.JoinHostPort(f.public.String(), "80"))
				if err != nil {
					t.Errorf("connection %d: %v", j, err)
					return
				}
				clients[j] = c
			}
		})
	}
	timeout := time.After(patience)
	for len(servers) < n {
		select {
		case c := <-accepted:
			t.Cleanup(func() { c.Close() })
			servers = append(servers, c)
		case <-timeout:
			t.Errorf("%d of %d connections accepted", len(servers), n)
			n = 0
		}
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return clients, servers
}

func closeAll(list []net.Conn) {
	for _, c := range list {
		if c != nil {
			c.Close()
		}
	}
}

// checkShares checks that each real server has n active connections.
func checkShares(t *testing.T, d *director, f family, n int) {
	t.Helper()
	list := d.table()
	for _, real := range f.reals {
		key := config.ServiceKey{Protocol: lvs.TCP, VIP: f.vip, Port: 80}.String() + " " + net.JoinHostPort(real, "80")
		if got := list[key].active; got != n {
			t.Errorf("%s: %d active connections, want %d", key, got, n)
		}
	}
}

// checkAnswers has every server tell its client's port, which only the right
// client has.
func checkAnswers(t *testing.T, clients []net.Conn, servers []*net.TCPConn) {
	t.Helper()
	for _, c := range servers {
		_, err := fmt.Fprintln(c, c.RemoteAddr().(*net.TCPAddr).Port)
		must(t, err)
	}
	for _, c := range clients {
		must(t, c.SetDeadline(time.Now().Add(patience)))
		var got int
		if _, err := fmt.Fscanln(c, &got); err != nil {
			t.Fatalf("read: %v", err)
		}
		if want := c.LocalAddr().(*net.TCPAddr).Port; got != want {
			t.Errorf("the client of port %d got the answer for %d", want, got)
		}
	}
}
