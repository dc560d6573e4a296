package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"

	"golang.org/x/sys/unix"
)

// A Client speaks to the director that listens at a path. Its methods may be
// called by several goroutines at once, and end early when their context does.
// Beside the errors of package desired they wrap ErrNoDirector and
// ErrPermission; what the director itself refused is an *Error.
type Client struct {
	path string
	http http.Client
}

// NewClient returns a Client for the socket at path; see SocketPath.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: http.Client{Transport: &http.Transport{DialContext: dial, DisableCompression: true}}}
}

// Close closes connections that nothing uses. The Client can be used again.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// get reads the JSON of a resource into v.
func (c *Client) get(ctx context.Context, resource string, v any) error {
	return c.exchange(ctx, http.MethodGet, resource, nil, v)
}

// exchange sends in as JSON and reads the answer's into out; either may be nil.
func (c *Client) exchange(ctx context.Context, method, resource string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		body = bytes.NewReader(b)
	}
	resp, err := c.do(ctx, method, resource, nil, body)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return c.unreadable(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return c.unreadable(err)
	}
	return nil
}

// do makes one request and returns the answer, if it is no failure.
func (c *Client) do(ctx context.Context, method, resource string, query url.Values, body io.Reader) (*http.Response, error) {
	r, err := newRequest(ctx, method, resource, query, body)
	if err != nil {
		return nil, err
	}
	return c.send(r)
}

func newRequest(ctx context.Context, method, resource string, query url.Values, body io.Reader) (*http.Request, error) {
	u := url.URL{Scheme: "http", Host: "xlvs", Path: prefix + resource, RawQuery: query.Encode()}
	r, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", resource, err)
	}
	return r, nil
}

// send is do for a request that has more to it.
func (c *Client) send(r *http.Request) (*http.Response, error) {
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode < http.StatusBadRequest {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	var j failureJSON
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&j); err != nil || j.Error.Code == "" {
		return nil, fmt.Errorf("director at %s: %s %s: answers %s", c.path, r.Method, r.URL.Path, resp.Status)
	}
	return nil, j.Error.err()
}

// unreachable says why there is no answer.
func (c *Client) unreachable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.ENOTSOCK):
		return fmt.Errorf("%s: %w", c.path, ErrNoDirector)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %w", c.path, ErrPermission)
	}
	if u, ok := errors.AsType[*url.Error](err); ok { // its text has an address that there is not
		err = u.Err
	}
	return fmt.Errorf("director at %s: %w", c.path, err)
}

// unreadable says that an answer ends early, or is none that this Client knows.
func (c *Client) unreadable(err error) error {
	return fmt.Errorf("director at %s: read the answer: %w", c.path, err)
}
