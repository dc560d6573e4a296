package control

import (
	"fmt"
	"net/http"
	"slices"

	"xlvs/control/desired"
	"xlvs/lvs"
)

func (s *Server) getTimeouts(w http.ResponseWriter, _ *http.Request) error {
	s.tagged(w)
	return write(w, http.StatusOK, newTimeoutsJSON(s.state.Settings().Timeouts))
}

// editTimeouts sets the timeouts that the body names.
func (s *Server) editTimeouts(w http.ResponseWriter, r *http.Request) error {
	var j timeoutsJSON
	if err := read(r, &j); err != nil {
		return err
	}
	if err := s.do(r, desired.Operation{Kind: desired.SetTimeouts, Timeouts: j.timeouts()}); err != nil {
		return err
	}
	return s.getTimeouts(w, r)
}

// sysctlsJSON are sysctls by name: numbers, but for the one that is two of them
// and the one that is a text.
type sysctlsJSON map[string]any

func (s *Server) listSysctls(w http.ResponseWriter, _ *http.Request) error {
	s.tagged(w)
	c := s.state.Settings()
	j := make(sysctlsJSON, len(lvs.SysctlTable))
	for i := range lvs.SysctlTable {
		j[lvs.SysctlTable[i].Name] = lvs.SysctlTable[i].Field(&c.Sysctl)
	}
	return write(w, http.StatusOK, j)
}

// editSysctls sets several sysctls, all or none.
func (s *Server) editSysctls(w http.ResponseWriter, r *http.Request) error {
	var j map[string]int
	if err := read(r, &j); err != nil {
		return err
	}
	ops := make([]desired.Operation, 0, len(j))
	for name, value := range j {
		if _, err := sysctl(name); err != nil {
			return err
		}
		ops = append(ops, desired.Operation{Kind: desired.SetSysctl, Sysctl: name, Value: value})
	}
	if err := s.do(r, ops...); err != nil {
		return err
	}
	return s.listSysctls(w, r)
}

// sysctlJSON is one sysctl and what is known of it.
type sysctlJSON struct {
	Name    string `json:"name"`
	Value   any    `json:"value"`
	Default any    `json:"default"`
	Min     int    `json:"min"`
	Max     int    `json:"max"`
	Unused  string `json:"unused,omitempty"` // why it has no effect
}

// sysctl returns what is known of the sysctl called name.
func sysctl(name string) (*lvs.Sysctl, error) {
	i := slices.IndexFunc(lvs.SysctlTable[:], func(k lvs.Sysctl) bool { return k.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("sysctl %q: %w", name, ErrNoSysctl)
	}
	return &lvs.SysctlTable[i], nil
}

func (s *Server) getSysctl(w http.ResponseWriter, r *http.Request) error {
	k, err := sysctl(r.PathValue("name"))
	if err != nil {
		return err
	}
	s.tagged(w)
	c, defaults := s.state.Settings(), lvs.DefaultSysctls()
	return write(w, http.StatusOK, sysctlJSON{k.Name, k.Field(&c.Sysctl), k.Field(&defaults), k.Min, k.Max, k.Unused})
}

// editSysctl sets one sysctl, which is a number.
func (s *Server) editSysctl(w http.ResponseWriter, r *http.Request) error {
	k, err := sysctl(r.PathValue("name"))
	if err != nil {
		return err
	}
	var j struct {
		Value *int `json:"value"`
	}
	if err := read(r, &j); err != nil {
		return err
	}
	if j.Value == nil {
		return fmt.Errorf("sysctl %s: %w: it needs a value", k.Name, ErrBadRequest)
	}
	if err := s.do(r, desired.Operation{Kind: desired.SetSysctl, Sysctl: k.Name, Value: *j.Value}); err != nil {
		return err
	}
	return s.getSysctl(w, r)
}
