package importer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"xlvs/cmd/xlvs/ipvsadm"
	"xlvs/config"
	"xlvs/control"
	"xlvs/control/desired"
	"xlvs/dataplane"
)

// readIPVSAdm reads what ipvsadm -S prints, or a script of such lines: each is
// taken as ipvsadm -R takes it, by a director that does nothing.
func readIPVSAdm(name string, src io.Reader, _ *options) (*config.Config, []config.Note, error) {
	d := idle{State: desired.New(nothing{}, nil)}
	lines := bufio.NewScanner(src)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var complaint bytes.Buffer
		p := ipvsadm.Program{
			Stdin: strings.NewReader(line + "\n"), Stdout: io.Discard, Stderr: &complaint,
			Dial: func() (ipvsadm.Director, error) { return d, nil },
		}
		if p.Run(context.Background(), "ipvsadm", []string{"-R"}) != 0 {
			return nil, nil, fmt.Errorf("%s:%d: %s", name, number, strings.TrimSpace(complaint.String()))
		}
	}
	if err := lines.Err(); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return d.Config(), nil, nil
}

// nothing is a director that agrees with everything.
type nothing struct{}

func (nothing) Apply(*config.Config) error    { return nil }
func (nothing) Patch(config.Patch) error      { return nil }
func (nothing) Zero(*config.ServiceKey) error { return nil }

// idle is what ipvsadm works on here: a desired state that nobody follows. Only
// what ipvsadm reads in order to change it can be asked for.
type idle struct{ *desired.State }

var errIdle = errors.New("rules that are imported list nothing")

// Do does all of ops or nothing.
func (d idle) Do(_ context.Context, ops []desired.Operation) error { return d.State.Do(ops) }

// DoIf is Do, if nothing has changed since revision.
func (d idle) DoIf(_ context.Context, revision uint64, ops []desired.Operation) error {
	return d.State.DoIf(revision, ops)
}

// Status returns the revision, which is all there is to know.
func (d idle) Status(context.Context) (control.Status, error) {
	return control.Status{Revision: d.Revision()}, nil
}

// DoEach does each of ops that can be done.
func (d idle) DoEach(_ context.Context, ops []desired.Operation) ([]error, error) {
	return d.State.DoEach(ops), nil
}

// Service returns what is known of a service before it runs.
func (d idle) Service(_ context.Context, key config.ServiceKey) (s dataplane.ServiceStatus, err error) {
	v, ok := d.State.Service(key)
	if !ok {
		return s, desired.ErrNoService
	}
	s.ServiceKey = v.ServiceKey
	s.LocalAddresses, s.ClientAddress, s.MSSClamp = v.LocalAddresses, v.ClientAddress, v.MSSClamp
	s.Scheduler, s.Flags, s.Persistence, s.MaskBits, s.Engine, s.OnePacket = v.Scheduler, v.Flags, v.Persistence, v.MaskBits, v.Engine, v.OnePacket
	return s, nil
}

// Services fails: there are none to be listed.
func (idle) Services(context.Context) ([]dataplane.ServiceStatus, error) { return nil, errIdle }

// Connections fails: there are none to be listed.
func (idle) Connections(context.Context, func(control.Connection) error) error { return errIdle }

// Timeouts returns those that the rules have set so far.
func (d idle) Timeouts(context.Context) (config.Timeouts, error) { return d.Config().Timeouts, nil }
