package ipvsadm

import (
	"context"
	"fmt"
	"io"

	"xlvs/config"
	"xlvs/control/desired"
	"xlvs/dataplane"
)

// An execution is a Program at work.
type execution struct {
	Program
	director Director // nil: not asked for yet
	lookup   *lookup
}

// commandLine does what one command line says.
func (e *execution) commandLine(ctx context.Context, args []string) *failure {
	if len(args) == 0 {
		args = []string{"-L"}
	}
	r, f := parse(ctx, args, e.lookup)
	if f != nil {
		return f
	}
	return e.request(ctx, r)
}

// request does what r asks for.
func (e *execution) request(ctx context.Context, r *request) *failure {
	switch r.command {
	case cmdHelp:
		return e.print(versionLine + helpText)
	case cmdVersion:
		return e.print(versionLine)
	}
	if f := e.dial(); f != nil {
		return f
	}
	if op, ok := r.operation(); ok {
		return refusal(op.Kind, e.director.Do(ctx, []desired.Operation{op}))
	}
	if r.edits() {
		return e.edit(ctx, r)
	}
	switch r.command {
	case cmdRestore:
		r := restoration{execution: e}
		return r.run(ctx)
	case cmdSave:
		return e.save(ctx, r)
	case cmdGetLocal:
		return e.listLocals(ctx, r)
	case cmdStartDaemon, cmdStopDaemon:
		return &failure{text: "connection synchronisation is not supported yet", code: exitRefused}
	}
	return e.list(ctx, r)
}

// print writes what needs no director, behind which ipvsadm always ends.
func (e *execution) print(text string) *failure {
	if _, err := io.WriteString(e.Stdout, text); err != nil {
		return &failure{text: err.Error(), code: exitList, ends: true}
	}
	return &failure{code: exitDone, ends: true}
}

// dial finds the director, once.
func (e *execution) dial() *failure {
	if e.director != nil {
		return nil
	}
	d, err := e.Dial()
	if err != nil {
		return unreachable(err)
	}
	e.director = d
	return nil
}

// list does -L in all its forms. None of them is what there is to say of daemons.
func (e *execution) list(ctx context.Context, r *request) *failure {
	o := e.listOptions(r)
	var err error
	switch {
	case r.given.has(optConnection):
		err = ListConnections(ctx, e.Stdout, e.director.Connections, o)
	case r.given.has(optTimeout):
		var t config.Timeouts
		if t, err = e.director.Timeouts(ctx); err == nil {
			err = ListTimeouts(e.Stdout, t)
		}
	case r.given.has(optDaemon):
	case r.given.has(optService):
		var s dataplane.ServiceStatus
		if s, err = e.director.Service(ctx, r.key); err == nil {
			err = ListService(ctx, e.Stdout, s, o)
		}
	default:
		var all []dataplane.ServiceStatus
		if all, err = e.director.Services(ctx); err == nil {
			err = List(ctx, e.Stdout, all, o)
		}
	}
	return unlisted(err)
}

func (e *execution) listOptions(r *request) ListOptions {
	return ListOptions{
		Numeric: r.given.has(optNumeric), Stats: r.given.has(optStats), Rate: r.given.has(optRate),
		Thresholds: r.given.has(optThresholds), Persistent: r.given.has(optPersistentConn), TunInfo: r.given.has(optTunInfo),
		Exact: r.given.has(optExact), NoSort: r.given.has(optNoSort), Names: e.Names,
	}
}

// save does -S.
func (e *execution) save(ctx context.Context, r *request) *failure {
	all, err := e.director.Services(ctx)
	if err == nil {
		err = Save(ctx, e.Stdout, all, SaveOptions{Numeric: r.given.has(optNumeric), Names: e.Names})
	}
	return unlisted(err)
}

// listLocals does --get-laddr: a line for a service as in a list, one below it for
// each local address that is its own.
func (e *execution) listLocals(ctx context.Context, r *request) *failure {
	var all []dataplane.ServiceStatus
	var err error
	if r.given.has(optService) {
		all = make([]dataplane.ServiceStatus, 1)
		all[0], err = e.director.Service(ctx, r.key)
	} else {
		all, err = e.director.Services(ctx)
	}
	if err != nil {
		return unlisted(err)
	}
	l := e.listOptions(r).lister(ctx, e.Stdout, all)
	for _, s := range sortedServices(all) {
		l.out.Write(append(l.appendServiceName(l.out.AvailableBuffer(), s), '\n'))
		for _, local := range s.LocalAddresses {
			fmt.Fprintf(l.out, "  -> %v\n", local)
		}
	}
	return unlisted(l.out.Flush())
}
