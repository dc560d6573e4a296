package demo

import (
	"fmt"
	"io"
	"log"
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

// serve starts a web server called name on every address of h.
func (s *servers) serve(h *lab.Host, name string) error {
	l, err := h.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return fmt.Errorf("start web server: %w", err)
	}
	server := &http.Server{
		Handler:           greeter(name),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // the client sees what goes wrong
	}
	s.list = append(s.list, server)
	s.wg.Go(func() { _ = server.Serve(l) }) // until close
	return nil
}

// greeter answers every request with the greeting of the server called name.
func greeter(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, greeting(name, client.Addr().Unmap()))
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
