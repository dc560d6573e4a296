package control

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"xlvs/config"
	"xlvs/control/desired"
	"xlvs/dataplane"
)

// listServices answers with all services, each on a line of its own. They are
// written one by one, since there may be tens of megabytes of them.
func (s *Server) listServices(w http.ResponseWriter, _ *http.Request) error {
	s.tagged(w)
	services := s.director.Services()
	w.Header().Set("Content-Type", "application/json")
	b := bufio.NewWriterSize(w, 64<<10)
	_, _ = b.WriteString(`{"services":[`)
	for i := range services {
		line, err := json.Marshal(s.statusJSON(&services[i]))
		if err != nil {
			panic(http.ErrAbortHandler) // half of the answer is on its way
		}
		if i > 0 {
			_ = b.WriteByte(',')
		}
		_ = b.WriteByte('\n')
		if _, err := b.Write(line); err != nil {
			return nil // the peer has gone
		}
	}
	_, _ = b.WriteString("\n]}\n")
	_ = b.Flush()
	return nil
}

// statusJSON returns what the wire has of a service.
func (s *Server) statusJSON(status *dataplane.ServiceStatus) *statusJSON {
	j := newStatusJSON(status)
	j.Origin = s.state.Origin(status.ServiceKey).String()
	return &j
}

func (s *Server) getService(w http.ResponseWriter, r *http.Request) error {
	key, err := ParseServiceID(r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.show(w, http.StatusOK, key)
}

// show answers with a service as it is now.
func (s *Server) show(w http.ResponseWriter, status int, key config.ServiceKey) error {
	s.tagged(w)
	service, ok := s.director.Service(key)
	if !ok {
		return fmt.Errorf("service %v: %w", key, desired.ErrNoService)
	}
	return write(w, status, s.statusJSON(&service))
}

func (s *Server) addService(w http.ResponseWriter, r *http.Request) error {
	var j serviceJSON
	if err := read(r, &j); err != nil {
		return err
	}
	service, err := j.service()
	if err != nil {
		return err
	}
	if err := s.do(r, desired.Operation{Kind: desired.AddService, Service: service}); err != nil {
		return err
	}
	w.Header().Set("Location", prefix+"services/"+url.PathEscape(serviceID(service.ServiceKey)))
	return s.show(w, http.StatusCreated, service.ServiceKey)
}

// editService changes a service but for its real servers. The body may leave out
// which service it is, since the path says so.
func (s *Server) editService(w http.ResponseWriter, r *http.Request) error {
	key, err := ParseServiceID(r.PathValue("id"))
	if err != nil {
		return err
	}
	var j serviceJSON
	j.setKey(key)
	if err := read(r, &j); err != nil {
		return err
	}
	service, err := j.service()
	switch {
	case err != nil:
		return err
	case service.ServiceKey != key:
		return fmt.Errorf("edit service %v: %w: the body is about %v", key, ErrBadRequest, service.ServiceKey)
	case j.Destinations != nil:
		return fmt.Errorf("edit service %v: %w: destinations are resources of their own", key, ErrBadRequest)
	}
	if err := s.do(r, desired.Operation{Kind: desired.EditService, Service: service, Whole: true}); err != nil {
		return err
	}
	return s.show(w, http.StatusOK, key)
}

func (s *Server) deleteService(w http.ResponseWriter, r *http.Request) error {
	return s.doToService(w, r, desired.DeleteService)
}

func (s *Server) zeroService(w http.ResponseWriter, r *http.Request) error {
	return s.doToService(w, r, desired.Zero)
}

// doToService makes a change for which the name of a service is enough.
func (s *Server) doToService(w http.ResponseWriter, r *http.Request, kind desired.Kind) error {
	key, err := ParseServiceID(r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.doAndBeDone(w, r, desired.Operation{Kind: kind, Key: key})
}

func (s *Server) flush(w http.ResponseWriter, r *http.Request) error {
	return s.doAndBeDone(w, r, desired.Operation{Kind: desired.Flush})
}

func (s *Server) zeroAll(w http.ResponseWriter, r *http.Request) error {
	return s.doAndBeDone(w, r, desired.Operation{Kind: desired.Zero})
}

// doAndBeDone makes changes after which there is nothing to show.
func (s *Server) doAndBeDone(w http.ResponseWriter, r *http.Request, ops ...desired.Operation) error {
	if err := s.do(r, ops...); err != nil {
		return err
	}
	s.tagged(w)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
