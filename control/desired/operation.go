package desired

import (
	"errors"
	"fmt"

	"xlvs/config"
)

// Errors of operations, as the kernel has them. They are wrapped with what was
// being done and to what.
var (
	ErrServiceExists     = errors.New("service already exists")     // EEXIST
	ErrNoService         = errors.New("no such service")            // ESRCH
	ErrDestinationExists = errors.New("destination already exists") // EEXIST
	ErrNoDestination     = errors.New("no such destination")        // ENOENT
	ErrNoScheduler       = errors.New("no such scheduler or persistence engine")
	ErrThresholds        = errors.New("thresholds in the wrong order") // ERANGE
	ErrInvalid           = errors.New("invalid")                       // EINVAL: what config.Validate says against it
)

// ErrStale is the error of DoIf where the state has moved on.
var ErrStale = errors.New("the configuration has changed meanwhile")

// A Kind is what an Operation does.
type Kind uint8

// The kinds, each with the fields of an Operation that it goes by.
const (
	AddService        Kind = iota + 1 // Service, with the real servers that it has already
	EditService                       // Service but for its Reals, which stay; Whole
	DeleteService                     // Key
	AddDestination                    // Key, Real
	EditDestination                   // Key, Real
	DeleteDestination                 // Key, Real.RealKey
	Flush                             // nothing: every service is deleted
	Zero                              // Key, whose counters start from zero; of all services and in total, if it is zero
	SetTimeouts                       // Timeouts; those that are 0 stay
	SetSysctl                         // Sysctl, Value
)

// An Operation is one change, as one ipvsadm command makes it.
type Operation struct {
	Kind     Kind
	Key      config.ServiceKey
	Service  config.Service
	Real     config.Real
	Timeouts config.Timeouts
	Sysctl   string
	Value    int

	// Whole says that EditService gives LocalAddresses, ClientAddress and MSSClamp
	// too. Without it those that are zero in Service stay: ipvsadm knows none of
	// them.
	Whole bool
}

// String returns what is done, and to what, for an error:
// "add destination 192.0.2.11:80 to service TCP 192.0.2.1:80".
func (o *Operation) String() string {
	switch o.Kind {
	case AddService:
		return fmt.Sprintf("add service %v", o.Service.ServiceKey)
	case EditService:
		return fmt.Sprintf("edit service %v", o.Service.ServiceKey)
	case DeleteService:
		return fmt.Sprintf("delete service %v", o.Key)
	case AddDestination:
		return fmt.Sprintf("add destination %v to service %v", o.Real.RealKey, o.Key)
	case EditDestination:
		return fmt.Sprintf("edit destination %v of service %v", o.Real.RealKey, o.Key)
	case DeleteDestination:
		return fmt.Sprintf("delete destination %v of service %v", o.Real.RealKey, o.Key)
	case Flush:
		return "flush"
	case Zero:
		if o.Key == (config.ServiceKey{}) {
			return "zero all counters"
		}
		return fmt.Sprintf("zero the counters of service %v", o.Key)
	case SetTimeouts:
		return "set timeouts"
	case SetSysctl:
		return "set sysctl " + o.Sysctl
	}
	return fmt.Sprintf("operation of kind %d", o.Kind)
}

// An OperationError is why one of several operations cannot be done.
type OperationError struct {
	Index int // which, from 0
	Of    int // how many there are
	Err   error
}

// Error returns the error, and the number of the operation if there are others.
func (e *OperationError) Error() string {
	if e.Of == 1 {
		return e.Err.Error()
	}
	return fmt.Sprintf("operation %d of %d: %v", e.Index+1, e.Of, e.Err)
}

// Unwrap returns the error.
func (e *OperationError) Unwrap() error { return e.Err }
