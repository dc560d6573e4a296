package demo

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"xlvs/bench/lab"
)

// servers are the web servers of the real servers. The zero value has none.
type servers struct {
	list []*http.Server
	wg   sync.WaitGroup
}

// realName returns what real server i is called.
func realName(i int) string { return fmt.Sprintf("rs%d", i+1) }

// greeting is all that a server says: its name and whom it sees.
func greeting(server string, client netip.Addr) string {
	return fmt.Sprintf("I am %s, and you are %s.\n", server, client)
}

// introduced is the greeting of a server that sees by, but hears of the client.
func introduced(server string, client, by netip.Addr) string {
	return fmt.Sprintf("I am %s, and %s says that you are %s.\n", server, by, client)
}

// serve starts the web servers of h, which is called name, on every address: one
// for clients as they come, and one for those behind a PROXY header.
func (s *servers) serve(h *lab.Host, name string) error {
	for _, p := range []uint16{port, headerPort} {
		l, err := h.Listen("tcp", fmt.Sprintf(":%d", p))
		if err != nil {
			return fmt.Errorf("start web server: %w", err)
		}
		if p == headerPort {
			l = proxyListener{l}
		}
		server := newServer(name)
		s.list = append(s.list, server)
		s.wg.Go(func() { _ = server.Serve(l) }) // until close
	}
	return nil
}

// newServer returns a web server that says what greeter does.
func newServer(name string) *http.Server {
	return &http.Server{
		Handler:           greeter(name),
		ConnContext:       withConn,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // the client sees what goes wrong
	}
}

// connKey is where a request's context has its connection.
type connKey struct{}

// withConn has the requests of c know it.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// greeter answers every request with the greeting of the server called name.
func greeter(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		seen := peer.Addr().Unmap()
		if c, ok := r.Context().Value(connKey{}).(*proxyConn); ok {
			_, _ = io.WriteString(w, introduced(name, c.client, seen))
			return
		}
		_, _ = io.WriteString(w, greeting(name, seen))
	})
}

// close ends all servers and waits for them. That a listener may have been
// closed before is no matter.
func (s *servers) close() error {
	for _, server := range s.list {
		_ = server.Close()
	}
	s.wg.Wait()
	return nil
}
