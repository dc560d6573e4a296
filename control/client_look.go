package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"xlvs/config"
	"xlvs/dataplane"
	"xlvs/dataplane/rate"
	"xlvs/lvs"
)

// Services returns the services and their real servers, as the director has them.
func (c *Client) Services(ctx context.Context) ([]dataplane.ServiceStatus, error) {
	resp, err := c.do(ctx, http.MethodGet, "services", nil, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, c.unreadable(err)
	}
	scan := scanner{b: text}
	services := scan.services()
	if scan.err != nil {
		return nil, c.unreadable(scan.err)
	}
	return services, nil
}

// Service returns one service and its real servers.
func (c *Client) Service(ctx context.Context, key config.ServiceKey) (dataplane.ServiceStatus, error) {
	var j statusJSON
	if err := c.get(ctx, "services/"+serviceID(key), &j); err != nil {
		return dataplane.ServiceStatus{}, err
	}
	s, err := j.status()
	if err != nil {
		return s, c.unreadable(err)
	}
	return s, nil
}

// Connections calls f for each connection and template, in no order, until it
// returns an error, which is returned.
func (c *Client) Connections(ctx context.Context, f func(Connection) error) error {
	resp, err := c.do(ctx, http.MethodGet, "connections", url.Values{"stream": {"true"}}, nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewReaderSize(resp.Body, 64<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		}
		if err != nil {
			return c.unreadable(err)
		}
		scan := scanner{b: line}
		j := scan.connection()
		connection, err := j.connection()
		if err = errors.Join(scan.err, err); err != nil {
			return c.unreadable(err)
		}
		if err := f(connection); err != nil {
			return err
		}
	}
}

// stats returns all that is counted in total.
func (c *Client) stats(ctx context.Context) (j statsJSON, err error) {
	err = c.get(ctx, "stats", &j)
	return j, err
}

// Total returns the sum of the services' counters, and how fast it grows.
func (c *Client) Total(ctx context.Context) (dataplane.Counters, rate.Rates, error) {
	j, err := c.stats(ctx)
	return dataplane.Counters(j.Total), rate.Rates(j.Rates), err
}

// WorkerTotals returns what each worker has counted.
func (c *Client) WorkerTotals(ctx context.Context) ([]dataplane.Counters, error) {
	j, err := c.stats(ctx)
	totals := make([]dataplane.Counters, len(j.Workers))
	for i, w := range j.Workers {
		totals[i] = dataplane.Counters(w)
	}
	return totals, err
}

// Verdicts returns how many packets have ended in each verdict, by its name.
func (c *Client) Verdicts(ctx context.Context) (map[string]uint64, error) {
	j, err := c.stats(ctx)
	return j.Verdicts, err
}

// ConnectionCount returns how many connections there are, and at how many new
// ones are refused.
func (c *Client) ConnectionCount(ctx context.Context) (n, limit int, err error) {
	j, err := c.stats(ctx)
	return j.Connections.Count, j.Connections.Limit, err
}

// Timeouts returns the timeouts of connections.
func (c *Client) Timeouts(ctx context.Context) (config.Timeouts, error) {
	var j timeoutsJSON
	err := c.get(ctx, "timeouts", &j)
	return j.timeouts(), err
}

// Sysctls returns all sysctls.
func (c *Client) Sysctls(ctx context.Context) (s lvs.Sysctls, err error) {
	var j map[string]json.RawMessage
	if err := c.get(ctx, "sysctls", &j); err != nil {
		return s, err
	}
	for _, k := range lvs.SysctlTable {
		if text, ok := j[k.Name]; ok {
			if err := json.Unmarshal(text, k.Field(&s)); err != nil {
				return s, c.unreadable(fmt.Errorf("sysctl %s: %w", k.Name, err))
			}
		}
	}
	return s, nil
}

// Status returns what the director's process says of itself.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var j daemonJSON
	err := c.get(ctx, "daemon", &j)
	return j.status(), err
}

// Interfaces returns the interfaces that the director drives.
func (c *Client) Interfaces(ctx context.Context) ([]dataplane.PortStatus, error) {
	var j interfacesJSON
	err := c.get(ctx, "interfaces", &j)
	ports := make([]dataplane.PortStatus, len(j.Interfaces))
	for i := range j.Interfaces {
		ports[i] = j.Interfaces[i].port()
	}
	return ports, err
}

// Config returns the running state as a file.
func (c *Client) Config(ctx context.Context) ([]byte, error) {
	resp, err := c.do(ctx, http.MethodGet, "config", nil, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, c.unreadable(err)
	}
	return text, nil
}

// Capture returns packets as pcapng, as they pass. It ends with ctx, with the
// limits in o, or when it is closed, which the caller must do.
func (c *Client) Capture(ctx context.Context, o CaptureOptions) (io.ReadCloser, error) {
	resp, err := c.do(ctx, http.MethodGet, "capture", o.query(), nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
