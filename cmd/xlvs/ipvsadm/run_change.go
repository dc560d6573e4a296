package ipvsadm

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"xlvs/config"
	"xlvs/control/desired"
	"xlvs/dataplane"
)

// kinds are the operations of commands that are one.
var kinds = map[command]desired.Kind{
	cmdAddService: desired.AddService, cmdEditService: desired.EditService, cmdDeleteService: desired.DeleteService,
	cmdAddServer: desired.AddDestination, cmdEditServer: desired.EditDestination, cmdDeleteServer: desired.DeleteDestination,
	cmdFlush: desired.Flush, cmdZero: desired.Zero, cmdSetTimeouts: desired.SetTimeouts,
}

// operation returns what r changes, false if that is not one change or takes a
// look at the service.
func (r *request) operation() (op desired.Operation, ok bool) {
	kind, ok := kinds[r.command]
	ok = ok && !r.edits()
	op = desired.Operation{Kind: kind, Key: r.key}
	switch r.command {
	case cmdAddService, cmdEditService:
		op.Service = r.service
	case cmdAddServer, cmdEditServer:
		op.Real = r.real
	case cmdDeleteServer:
		op.Real.RealKey = r.real.RealKey
	case cmdSetTimeouts:
		op.Timeouts = r.timeouts
	}
	return op, ok
}

// edits reports whether r changes what ipvsadm does not know of a service: that
// takes a look at what it has.
func (r *request) edits() bool {
	switch r.command {
	case cmdAddLocal, cmdDeleteLocal:
		return true
	case cmdEditService:
		return r.given&setOf(optLocal, optClient, optClamp) != 0
	}
	return false
}

// edit makes a change that edits reports. If somebody has changed something since
// the look, it looks again: no one's change is undone, and each time somebody's
// has been made.
func (e *execution) edit(ctx context.Context, r *request) *failure {
	for {
		st, err := e.director.Status(ctx)
		if err != nil {
			return refusal(desired.EditService, err)
		}
		is, err := e.director.Service(ctx, r.key)
		if err != nil {
			return refusal(desired.EditService, err)
		}
		next, f := r.edited(serviceOf(&is))
		if f != nil {
			return f
		}
		op := desired.Operation{Kind: desired.EditService, Key: r.key, Service: next, Whole: true}
		if err = e.director.DoIf(ctx, st.Revision, []desired.Operation{op}); !errors.Is(err, desired.ErrStale) {
			return refusal(op.Kind, err)
		}
	}
}

// edited returns what r makes of a service. That of -E keeps what ipvsadm does not
// know and r does not give.
func (r *request) edited(is config.Service) (next config.Service, f *failure) {
	switch r.command {
	case cmdAddLocal:
		is.LocalAddresses = append(is.LocalAddresses, withPorts(r.locals)...)
		return is, nil
	case cmdDeleteLocal:
		is.LocalAddresses, f = without(is.LocalAddresses, r.locals)
		return is, f
	}
	next = r.service
	if !r.given.has(optLocal) {
		next.LocalAddresses = is.LocalAddresses
	}
	if !r.given.has(optClient) {
		next.ClientAddress = is.ClientAddress
	}
	if !r.given.has(optClamp) {
		next.MSSClamp = is.MSSClamp
	}
	return next, nil
}

// serviceOf returns how a service is configured, but for its real servers.
func serviceOf(s *dataplane.ServiceStatus) config.Service {
	return config.Service{
		ServiceKey: s.ServiceKey, Scheduler: s.Scheduler, Flags: s.Flags, Persistence: s.Persistence, MaskBits: s.MaskBits,
		Engine: s.Engine, OnePacket: s.OnePacket, LocalAddresses: slices.Clone(s.LocalAddresses),
		ClientAddress: s.ClientAddress, MSSClamp: s.MSSClamp,
	}
}

// withPorts returns ranges of which those without ports have the usual ones.
func withPorts(ranges []config.LocalRange) []config.LocalRange {
	ranges = slices.Clone(ranges)
	for i := range ranges {
		if ranges[i].First == 0 {
			ranges[i].First, ranges[i].Last = config.FirstLocalPort, config.LastLocalPort
		}
	}
	return ranges
}

// without returns ranges without those that gone names, each of which must be
// there.
func without(ranges, gone []config.LocalRange) ([]config.LocalRange, *failure) {
	for _, g := range gone {
		n := len(ranges)
		ranges = slices.DeleteFunc(ranges, func(l config.LocalRange) bool {
			return l == g || g.First == 0 && l.Addr == g.Addr
		})
		if len(ranges) == n {
			return nil, &failure{text: fmt.Sprintf("No such local address: %v", g.Addr), code: exitRefused}
		}
	}
	return ranges, nil
}
