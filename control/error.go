package control

import (
	"errors"
	"net/http"

	"xlvs/control/desired"
	"xlvs/dataplane"
)

// Errors of requests, beside those of package desired.
var (
	ErrNoDirector   = errors.New("no director is running") // Client: nobody listens
	ErrPermission   = errors.New("permission denied")
	ErrBadRequest   = errors.New("bad request")
	ErrTooLarge     = errors.New("request too large")
	ErrNoResource   = errors.New("no such resource")
	ErrMethod       = errors.New("method not allowed")
	ErrNoSysctl     = errors.New("no such sysctl")
	ErrNotReloaded  = errors.New("configuration not reloaded")
	ErrNotSupported = errors.New("not supported by this director")
)

// internal is the code of an error that no client could avoid.
const internal = "internal"

// codes are what errors are called on the wire. An error that is two of them,
// as what is unknown is also invalid, goes by the first.
var codes = []struct {
	code   string
	status int
	is     error
}{
	{"service-exists", http.StatusConflict, desired.ErrServiceExists},
	{"destination-exists", http.StatusConflict, desired.ErrDestinationExists},
	{"no-service", http.StatusNotFound, desired.ErrNoService},
	{"no-destination", http.StatusNotFound, desired.ErrNoDestination},
	{"no-scheduler", http.StatusUnprocessableEntity, desired.ErrNoScheduler},
	{"thresholds", http.StatusUnprocessableEntity, desired.ErrThresholds},
	{"no-sysctl", http.StatusNotFound, ErrNoSysctl},
	{"invalid", http.StatusUnprocessableEntity, desired.ErrInvalid},
	{"stale", http.StatusPreconditionFailed, desired.ErrStale},
	{"host-ports", http.StatusConflict, dataplane.ErrHostPorts},
	{"permission-denied", http.StatusForbidden, ErrPermission},
	{"too-large", http.StatusRequestEntityTooLarge, ErrTooLarge},
	{"bad-request", http.StatusBadRequest, ErrBadRequest},
	{"no-resource", http.StatusNotFound, ErrNoResource},
	{"method-not-allowed", http.StatusMethodNotAllowed, ErrMethod},
	{"not-supported", http.StatusNotImplemented, ErrNotSupported},
	{"not-reloaded", http.StatusUnprocessableEntity, ErrNotReloaded},
}

// An Error is what a director answered in the place of a result. It wraps the
// sentinel that its Code stands for.
type Error struct {
	Code      string // as README.md lists them
	Message   string
	Operation int // of several, the number of the one that it is about, from 0
}

// Error returns the director's words.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the sentinel that e.Code stands for, nil if it is none.
func (e *Error) Unwrap() error {
	for _, c := range codes {
		if c.code == e.Code {
			return c.is
		}
	}
	return nil
}

// errorJSON is an Error on the wire.
type errorJSON struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Operation *int   `json:"operation,omitempty"` // nil: it is about no operation of several
}

// failureJSON is the whole answer to a request that failed.
type failureJSON struct {
	Error errorJSON `json:"error"`
}

// describe returns what a client is told of err, and with which HTTP status.
func describe(err error) (errorJSON, int) {
	e := errorJSON{Code: internal, Message: err.Error()}
	status := http.StatusInternalServerError
	for _, c := range codes {
		if errors.Is(err, c.is) {
			e.Code, status = c.code, c.status
			break
		}
	}
	if op, ok := errors.AsType[*desired.OperationError](err); ok {
		e.Operation = &op.Index
	}
	return e, status
}

// err returns the error that e tells of.
func (e errorJSON) err() error {
	err := &Error{Code: e.Code, Message: e.Message}
	if e.Operation != nil {
		err.Operation = *e.Operation
	}
	return err
}
