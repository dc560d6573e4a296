package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// requestTime bounds a request with its answer: a lost SYN may be sent again
// twice.
const requestTime = 5 * time.Second

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 4096

// Errors of answers that are not those of a director at work.
var (
	errAnswer = errors.New("not the answer of a real server to this client")
	errTurns  = errors.New("the real servers do not take turns")
)

// A client asks for one service. Each request is a connection, so that each is
// scheduled.
type client struct {
	http    http.Client
	service service
}

// newClient returns a client that connects with dial.
func newClient(dial func(ctx context.Context, network, address string) (net.Conn, error), s service) *client {
	transport := &http.Transport{DialContext: dial, DisableKeepAlives: true}
	return &client{http.Client{Transport: transport, Timeout: requestTime}, s}
}

// get sends a request and returns the number of the real server that answered.
func (c *client) get(ctx context.Context) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.service.url(), nil)
	if err != nil {
		return 0, err
	}
	resp, err := c.http.Do(req)
	if err != nil && ctx.Err() != nil {
		return 0, context.Cause(ctx) // which tells why it was canceled
	}
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, fmt.Errorf("read the answer of %s: %w", c.service.url(), err)
	}
	return c.service.whose(string(body))
}

// whose returns the number of the real server whose right answer body is.
func (s service) whose(body string) (int, error) {
	for i := range s.rips {
		if body == s.greeting(i) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%s: %w %v: %q", s.url(), errAnswer, s.known(), body)
}

// checkTurns returns an error unless answers go round n real servers, whichever
// begins, and reach them all.
func checkTurns(answers []int, n int) error {
	if len(answers) < n {
		return fmt.Errorf("%w: %d answers of %d servers", errTurns, len(answers), n)
	}
	seen := make(map[int]bool)
	for i, a := range answers {
		if i < n && seen[a] || i >= n && a != answers[i-n] {
			return fmt.Errorf("%w: answer %d is of %s", errTurns, i+1, realName(a))
		}
		seen[a] = true
	}
	return nil
}
