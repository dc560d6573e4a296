package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"xlvs/control/desired"
)

// What a client may ask of the director's memory and time.
const (
	maxHeader = 64 << 10
	maxBody   = 64 << 20         // a batch of 110,000 operations has 20 MB
	patience  = 60 * time.Second // with a peer that neither reads nor writes
	idle      = 5 * time.Minute
)

// A Server is the admin interface of one director.
type Server struct {
	director Director
	state    *desired.State
	opts     Options
	started  time.Time
	routes   *http.ServeMux
	http     http.Server

	// Of the Listener, set before the first connection.
	group     int
	namespace uint64

	// What a test has otherwise.
	peerOf  func(net.Conn) (peer, error)
	maxBody int64
}

// New returns a Server for d, which does what s desires.
func New(d Director, s *desired.State, opts Options) *Server {
	ctx, cancel := context.WithCancel(context.Background())
	srv := &Server{director: d, state: s, opts: opts, started: time.Now(), group: -1, peerOf: peerOf, maxBody: maxBody}
	srv.routes = srv.mux()
	srv.http = http.Server{
		Handler:           srv,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       srv.withRole,
		ReadHeaderTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, IdleTimeout: idle,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       log.New(io.Discard, "", 0), // of mistakes that clients make
	}
	srv.http.RegisterOnShutdown(cancel) // ends what streams
	return srv
}

// Serve answers requests on l until Shutdown, and closes l. It may be called
// once.
func (s *Server) Serve(l *Listener) error {
	s.group, s.namespace = l.group, l.namespace
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", l.path, err)
	}
	return nil
}

// Shutdown ends Serve: what streams is cut short, other requests are answered
// first, for as long as ctx allows.
func (s *Server) Shutdown(ctx context.Context) error {
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("shut down the control socket: %w", err), s.http.Close())
	}
	return nil
}

// ServeHTTP answers one request, if its peer may make it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.survive()
	needs := master
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		needs = reader
	}
	if roleOf(r.Context()) < needs {
		s.fail(w, fmt.Errorf("%s %s: %w: changes are for root, looking is for root and the socket's group", r.Method, r.URL.Path, ErrPermission))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, s.maxBody)
	s.routes.ServeHTTP(w, r)
}

// survive cuts a request short in which the director has made a mistake. The
// data path must not fall with it.
func (s *Server) survive() {
	cause := recover()
	if cause == nil {
		return
	}
	if cause != http.ErrAbortHandler { // which is on purpose
		s.warn(fmt.Errorf("control: panic: %v", cause))
	}
	panic(http.ErrAbortHandler) // net/http closes the connection, and no more
}

func (s *Server) warn(err error) {
	if s.opts.Warn != nil {
		s.opts.Warn(err)
	}
}

// fail answers that a request has failed with err.
func (s *Server) fail(w http.ResponseWriter, err error) {
	e, status := describe(err)
	_ = write(w, status, failureJSON{e}) // a peer that has gone needs no answer
}

// status returns what GET /v1/daemon tells.
func (s *Server) status() Status {
	return Status{
		Version: s.opts.Version, PID: os.Getpid(), Uptime: time.Since(s.started).Truncate(time.Second),
		Namespace: s.namespace, File: s.opts.File, Revision: s.state.Revision(),
	}
}

// tag returns the ETag of a revision of the desired state.
func tag(revision uint64) string { return strconv.Quote(strconv.FormatUint(revision, 10)) }
