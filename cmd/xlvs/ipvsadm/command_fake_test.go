package ipvsadm

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/control"
	"xlvs/control/desired"
	"xlvs/dataplane"
)

// A fakeDirector remembers what it is told. It has the services that a test gives
// it, and refuses what the test says.
type fakeDirector struct {
	services []dataplane.ServiceStatus
	err      error // of all that is asked or told
	refuse   func(desired.Operation) error
	ops      []desired.Operation // what was done
	calls    int                 // of Do and DoEach
	stale    int                 // so often somebody else is faster
}

func (d *fakeDirector) Services(context.Context) ([]dataplane.ServiceStatus, error) {
	return d.services, d.err
}

func (d *fakeDirector) Service(_ context.Context, key config.ServiceKey) (s dataplane.ServiceStatus, err error) {
	for _, s := range d.services {
		if s.ServiceKey == key {
			return s, d.err
		}
	}
	if d.err != nil {
		return s, d.err
	}
	return s, desired.ErrNoService
}

func (d *fakeDirector) Connections(context.Context, func(control.Connection) error) error {
	return d.err
}

func (d *fakeDirector) Timeouts(context.Context) (config.Timeouts, error) {
	return config.Timeouts{TCP: 15 * time.Minute, TCPFin: 2 * time.Minute, UDP: 5 * time.Minute}, d.err
}

func (d *fakeDirector) Do(ctx context.Context, ops []desired.Operation) error {
	errs, err := d.DoEach(ctx, ops)
	return errors.Join(append(errs, err)...)
}

// Status tells a revision that is the number of changes.
func (d *fakeDirector) Status(context.Context) (control.Status, error) {
	return control.Status{Revision: uint64(d.calls)}, d.err
}

func (d *fakeDirector) DoIf(ctx context.Context, revision uint64, ops []desired.Operation) error {
	if d.stale > 0 {
		d.stale--
		d.calls++
	}
	if revision != uint64(d.calls) {
		return desired.ErrStale
	}
	return d.Do(ctx, ops)
}

func (d *fakeDirector) DoEach(_ context.Context, ops []desired.Operation) ([]error, error) {
	d.calls++
	errs := make([]error, len(ops))
	for i, op := range ops {
		if d.refuse != nil {
			errs[i] = d.refuse(op)
		}
		if errs[i] == nil {
			d.ops = append(d.ops, op)
		}
	}
	return errs, d.err
}

// A result is what came of a command line.
type result struct {
	Code           int
	Stdout, Stderr string
}

// run runs a program with a director, or with none if d is nil.
func run(t *testing.T, d *fakeDirector, program string, args []string, stdin string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := Program{Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr, Hosts: noHosts{}, Names: known(t)}
	p.Dial = func() (Director, error) {
		if d == nil {
			return nil, control.ErrNoDirector
		}
		return d, nil
	}
	code := p.Run(t.Context(), program, args)
	return result{code, stdout.String(), stderr.String()}
}

// split returns the words of a command line of a test: "" is an empty one, and a
// blank in one is written \s.
func split(line string) []string {
	words := strings.Fields(line)
	for i, w := range words {
		words[i] = strings.ReplaceAll(strings.ReplaceAll(w, `""`, ""), `\s`, " ")
	}
	return words
}

// noHosts knows localhost alone.
type noHosts struct{}

func (noHosts) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if host == "localhost" {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	return nil, errNoHost
}
