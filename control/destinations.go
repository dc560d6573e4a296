package control

import (
	"fmt"
	"net/http"
	"net/url"

	"xlvs/config"
	"xlvs/control/desired"
)

// destinationsJSON is a list of real servers on the wire.
type destinationsJSON struct {
	Destinations []destinationStatusJSON `json:"destinations"`
}

func (s *Server) listDestinations(w http.ResponseWriter, r *http.Request) error {
	key, err := ParseServiceID(r.PathValue("id"))
	if err != nil {
		return err
	}
	s.tagged(w)
	service, ok := s.director.Service(key)
	if !ok {
		return fmt.Errorf("service %v: %w", key, desired.ErrNoService)
	}
	return write(w, http.StatusOK, destinationsJSON{newStatusJSON(&service).Destinations})
}

func (s *Server) getDestination(w http.ResponseWriter, r *http.Request) error {
	key, real, err := parseDestination(r)
	if err != nil {
		return err
	}
	return s.showDestination(w, http.StatusOK, key, real)
}

// parseDestination reads which real server r is about.
func parseDestination(r *http.Request) (key config.ServiceKey, real config.RealKey, err error) {
	if key, err = ParseServiceID(r.PathValue("id")); err == nil {
		real, err = parseRealID(r.PathValue("address"))
	}
	return key, real, err
}

// showDestination answers with a real server as it is now.
func (s *Server) showDestination(w http.ResponseWriter, status int, key config.ServiceKey, real config.RealKey) error {
	s.tagged(w)
	service, ok := s.director.Service(key)
	if !ok {
		return fmt.Errorf("service %v: %w", key, desired.ErrNoService)
	}
	for i := range service.Destinations {
		if d := &service.Destinations[i]; d.RealKey == real {
			return write(w, status, newDestinationStatusJSON(d))
		}
	}
	return fmt.Errorf("service %v: destination %v: %w", key, real, desired.ErrNoDestination)
}

func (s *Server) addDestination(w http.ResponseWriter, r *http.Request) error {
	key, err := ParseServiceID(r.PathValue("id"))
	if err != nil {
		return err
	}
	var j destinationJSON
	if err := read(r, &j); err != nil {
		return err
	}
	real, err := j.real(key.Port)
	if err != nil {
		return err
	}
	if err := s.do(r, desired.Operation{Kind: desired.AddDestination, Key: key, Real: real}); err != nil {
		return err
	}
	w.Header().Set("Location", prefix+"services/"+url.PathEscape(serviceID(key))+"/destinations/"+url.PathEscape(real.RealKey.String()))
	return s.showDestination(w, http.StatusCreated, key, real.RealKey)
}

// editDestination replaces all of a real server. The body may leave out which it
// is, since the path says so.
func (s *Server) editDestination(w http.ResponseWriter, r *http.Request) error {
	key, which, err := parseDestination(r)
	if err != nil {
		return err
	}
	port := which.Port
	j := destinationJSON{Address: which.Addr, Port: &port}
	if err := read(r, &j); err != nil {
		return err
	}
	real, err := j.real(key.Port)
	if err != nil {
		return err
	}
	if real.RealKey != which {
		return fmt.Errorf("edit destination %v: %w: the body is about %v", which, ErrBadRequest, real.RealKey)
	}
	if err := s.do(r, desired.Operation{Kind: desired.EditDestination, Key: key, Real: real}); err != nil {
		return err
	}
	return s.showDestination(w, http.StatusOK, key, real.RealKey)
}

func (s *Server) deleteDestination(w http.ResponseWriter, r *http.Request) error {
	key, real, err := parseDestination(r)
	if err != nil {
		return err
	}
	return s.doAndBeDone(w, r, desired.Operation{Kind: desired.DeleteDestination, Key: key, Real: config.Real{RealKey: real}})
}
