// Package desired keeps what a director is to do, which several masters say: a
// file, and people and programs who change single things while it runs.
package desired

import (
	"errors"

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
	ErrInvalid           = errors.New("invalid") // EINVAL: what config.Validate says against it
)

// A Kind is what an Operation does.
type Kind uint8

// The kinds, each with the fields of an Operation that it goes by.
const (
	AddService        Kind = iota + 1 // Service, with the real servers that it has already
	EditService                       // Service but for its Reals, which stay
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
}
