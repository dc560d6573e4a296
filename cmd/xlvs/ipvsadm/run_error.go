package ipvsadm

import (
	"errors"
	"slices"

	"xlvs/control"
	"xlvs/control/desired"
)

// sentences are what ipvsadm says of errors, for each kind of change.
var sentences = []struct {
	err   error
	kinds []desired.Kind
	text  string
}{
	{desired.ErrServiceExists, []desired.Kind{desired.AddService}, "Service already exists"},
	{desired.ErrNoScheduler, []desired.Kind{desired.AddService, desired.EditService}, "Scheduler or persistence engine not found"},
	{desired.ErrNoService, []desired.Kind{desired.AddDestination, desired.EditDestination, desired.DeleteDestination}, "Service not defined"},
	{desired.ErrNoService, nil, noService},
	{desired.ErrDestinationExists, nil, "Destination already exists"},
	{desired.ErrNoDestination, nil, "No such destination"},
	{desired.ErrThresholds, nil, "Numerical result out of range"},
	{control.ErrPermission, nil, "Permission denied (you must be root)"},
}

const (
	noService = "No such service"
	invalid   = "Invalid operation.  Possibly wrong module version, address not unicast, ..."
)

// refusal returns the failure of a change that came back with err.
func refusal(kind desired.Kind, err error) *failure {
	switch {
	case err == nil:
		return nil
	case isUnreachable(err):
		return unreachable(err)
	}
	return &failure{text: sentence(kind, err), code: exitRefused}
}

// unlisted returns the failure of a list, which ends -R.
func unlisted(err error) *failure {
	switch {
	case err == nil:
		return nil
	case isUnreachable(err):
		return unreachable(err)
	}
	return &failure{text: sentence(0, err), code: exitList, ends: true}
}

// sentence returns what ipvsadm says of err. Behind what it says of everything
// that is invalid stands what is.
func sentence(kind desired.Kind, err error) string {
	for _, s := range sentences {
		if errors.Is(err, s.err) && (len(s.kinds) == 0 || slices.Contains(s.kinds, kind)) {
			return s.text
		}
	}
	if errors.Is(err, desired.ErrInvalid) {
		return invalid + "\n" + err.Error()
	}
	return err.Error()
}

// isUnreachable reports whether err is that of a socket at which nobody listens, or
// not to us. What a director itself refuses is something else.
func isUnreachable(err error) bool {
	_, answered := errors.AsType[*control.Error](err)
	return errors.Is(err, control.ErrNoDirector) || errors.Is(err, control.ErrPermission) && !answered
}

// unreachable returns the failure for a director that cannot be asked. Where there
// is none, it reads as ipvsadm's for a kernel without IPVS.
func unreachable(err error) *failure {
	text := "Can't initialize ipvs: "
	switch {
	case errors.Is(err, control.ErrNoDirector):
		text += err.Error() + "\nAre you sure that `xlvs run' runs in this network namespace?"
	default:
		text += sentence(0, err)
	}
	return &failure{text: text, code: exitUsage, ends: true}
}
