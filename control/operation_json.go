package control

import (
	"fmt"
	"time"

	"xlvs/config"
	"xlvs/control/desired"
)

// kindWords are what operations do.
var kindWords = dictionary[desired.Kind]{
	{"add-service", desired.AddService}, {"edit-service", desired.EditService}, {"delete-service", desired.DeleteService},
	{"add-destination", desired.AddDestination}, {"edit-destination", desired.EditDestination}, {"delete-destination", desired.DeleteDestination},
	{"flush", desired.Flush}, {"zero", desired.Zero}, {"set-timeouts", desired.SetTimeouts}, {"set-sysctl", desired.SetSysctl},
}

// operationJSON is a desired.Operation on the wire, with the fields that its
// kind goes by and no others.
type operationJSON struct {
	Op          string           `json:"op"`
	ID          string           `json:"id,omitempty"` // of a service that is there
	Service     *serviceJSON     `json:"service,omitempty"`
	Whole       bool             `json:"whole,omitzero"` // of edit-service, as desired.Operation has it
	Destination *destinationJSON `json:"destination,omitempty"`
	Timeouts    *timeoutsJSON    `json:"timeouts,omitempty"`
	Sysctl      string           `json:"sysctl,omitempty"`
	Value       *int             `json:"value,omitempty"`
}

// batchJSON is several operations: all or nothing, or each by itself.
type batchJSON struct {
	Operations []operationJSON `json:"operations"`
	Each       bool            `json:"each,omitzero"`
}

// timeoutsJSON are config.Timeouts on the wire, in seconds.
type timeoutsJSON struct {
	TCP    float64 `json:"tcp"`
	TCPFin float64 `json:"tcpfin"`
	UDP    float64 `json:"udp"`
}

func newTimeoutsJSON(t config.Timeouts) timeoutsJSON {
	return timeoutsJSON{t.TCP.Seconds(), t.TCPFin.Seconds(), t.UDP.Seconds()}
}

// timeouts returns what j says, to the microsecond.
func (j timeoutsJSON) timeouts() config.Timeouts {
	return config.Timeouts{TCP: fraction(j.TCP), TCPFin: fraction(j.TCPFin), UDP: fraction(j.UDP)}
}

// fraction returns s seconds, within what package config takes or just outside.
func fraction(s float64) time.Duration {
	most := 2 * config.MaxTimeout.Seconds()
	s = max(-most, min(s, most))
	return time.Duration(s * float64(time.Second)).Round(time.Microsecond)
}

// newOperationJSON returns op for the wire, which goes on referring to it.
func newOperationJSON(op *desired.Operation) operationJSON {
	j := operationJSON{Op: kindWords.name(op.Kind)}
	switch op.Kind {
	case desired.AddService, desired.EditService:
		s := newServiceJSON(&op.Service)
		for i := range op.Service.Reals {
			s.Destinations = append(s.Destinations, newDestinationJSON(&op.Service.Reals[i]))
		}
		j.Service, j.Whole = &s, op.Whole
		return j
	case desired.AddDestination, desired.EditDestination:
		d := newDestinationJSON(&op.Real)
		j.Destination = &d
	case desired.DeleteDestination:
		j.Destination = &destinationJSON{Address: op.Real.Addr, Port: &op.Real.Port}
	case desired.SetTimeouts:
		t := newTimeoutsJSON(op.Timeouts)
		j.Timeouts = &t
	case desired.SetSysctl:
		j.Sysctl, j.Value = op.Sysctl, &op.Value
	}
	if op.Key != (config.ServiceKey{}) {
		j.ID = serviceID(op.Key)
	}
	return j
}

// operation returns what j says. Fields that its kind does not go by are not
// looked at.
func (j *operationJSON) operation() (op desired.Operation, err error) {
	if op.Kind, err = kindWords.value("op", j.Op, 0); err != nil || op.Kind == 0 {
		return op, fmt.Errorf("operation %q: %w: README.md lists them", j.Op, ErrBadRequest)
	}
	switch op.Kind {
	case desired.AddService, desired.EditService:
		err = j.readService(&op)
	case desired.DeleteService:
		err = j.readKey(&op)
	case desired.AddDestination, desired.EditDestination, desired.DeleteDestination:
		if err = j.readKey(&op); err == nil {
			err = j.readDestination(&op)
		}
	case desired.Zero:
		if j.ID != "" {
			err = j.readKey(&op)
		}
	case desired.SetTimeouts:
		if j.Timeouts == nil {
			return op, j.lacks("timeouts")
		}
		op.Timeouts = j.Timeouts.timeouts()
	case desired.SetSysctl:
		if j.Value == nil {
			return op, j.lacks("value")
		}
		op.Sysctl, op.Value = j.Sysctl, *j.Value
	}
	return op, err
}

func (j *operationJSON) readKey(op *desired.Operation) (err error) {
	op.Key, err = ParseServiceID(j.ID)
	return err
}

func (j *operationJSON) readService(op *desired.Operation) (err error) {
	if j.Service == nil {
		return j.lacks("service")
	}
	op.Service, err = j.Service.service()
	op.Whole = j.Whole
	return err
}

// readDestination reads a real server of the service that op names already.
func (j *operationJSON) readDestination(op *desired.Operation) (err error) {
	if j.Destination == nil {
		return j.lacks("destination")
	}
	op.Real, err = j.Destination.real(op.Key.Port)
	if op.Kind == desired.DeleteDestination { // defaults say nothing about it
		op.Real = config.Real{RealKey: op.Real.RealKey}
	}
	return err
}

func (j *operationJSON) lacks(field string) error {
	return fmt.Errorf("%s: %w: it needs %s", j.Op, ErrBadRequest, field)
}
