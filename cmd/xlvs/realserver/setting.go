package realserver

import "errors"

// errTaken is returned by unmake for what is no longer as it was made.
var errTaken = errors.New("somebody has changed it since")

// A setting is one thing that the host is to have.
type setting interface {
	// missing reports whether the host lacks the setting. What it has in its
	// place is remembered for unmake.
	missing() (bool, error)
	// make makes the setting, which is missing.
	make() error
	// unmake puts back what was there before. That it has gone is no error.
	unmake() error
	// adopt takes over what an earlier process remembered of the same setting.
	adopt(earlier setting)
	// id is what two settings have in common that cannot both be.
	id() string
	// command is what an administrator would type to make it.
	command() string
	// String describes the setting to the administrator.
	String() string
}

// A record is a setting in the state file: the field that is not nil.
type record struct {
	Sysctl  *sysctl  `json:"sysctl,omitempty"`
	Address *address `json:"address,omitempty"`
	Device  *device  `json:"device,omitempty"`
	Raised  *raised  `json:"raised,omitempty"`
	Port    *fouPort `json:"port,omitempty"`

	wanted bool // by this process
}

// newRecord returns the record of s.
func newRecord(s setting) *record {
	r := new(record)
	switch s := s.(type) {
	case *sysctl:
		r.Sysctl = s
	case *address:
		r.Address = s
	case *device:
		r.Device = s
	case *raised:
		r.Raised = s
	case *fouPort:
		r.Port = s
	}
	return r
}

// setting returns what is recorded, or nil for a record of nothing we know.
func (r *record) setting() setting {
	switch {
	case r.Sysctl != nil:
		return r.Sysctl
	case r.Address != nil:
		return r.Address
	case r.Device != nil:
		return r.Device
	case r.Raised != nil:
		return r.Raised
	case r.Port != nil:
		return r.Port
	}
	return nil
}
