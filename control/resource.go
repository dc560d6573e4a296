package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"xlvs/control/desired"
)

// An answer answers one request, or returns why it cannot.
type answer func(w http.ResponseWriter, r *http.Request) error

// A resource is what may be done with what a path names, by HTTP method.
type resource map[string]answer

// resources are all of them by their path.
func (s *Server) resources() map[string]resource {
	const get, post, put, patch, remove = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	return map[string]resource{
		"services":                             {get: s.listServices, post: s.addService, remove: s.flush},
		"services/{id}":                        {get: s.getService, put: s.editService, remove: s.deleteService},
		"services/{id}/zero":                   {post: s.zeroService},
		"services/{id}/destinations":           {get: s.listDestinations, post: s.addDestination},
		"services/{id}/destinations/{address}": {get: s.getDestination, put: s.editDestination, remove: s.deleteDestination},
		"zero":                                 {post: s.zeroAll},
		"batch":                                {post: s.batch},
		"connections":                          {get: s.listConnections},
		"stats":                                {get: s.getStats},
		"sysctls":                              {get: s.listSysctls, patch: s.editSysctls},
		"sysctls/{name}":                       {get: s.getSysctl, put: s.editSysctl},
		"timeouts":                             {get: s.getTimeouts, put: s.editTimeouts},
		"daemon":                               {get: s.getDaemon},
		"interfaces":                           {get: s.listInterfaces},
		"config":                               {get: s.getConfig},
		"reload":                               {post: s.reload},
		"capture":                              {get: s.capture},
	}
}

// prefix is in front of all paths.
const prefix = "/v1/"

// mux returns what finds the resource of a request.
func (s *Server) mux() *http.ServeMux {
	mux := http.NewServeMux()
	for path, res := range s.resources() {
		mux.Handle(prefix+path, s.handler(res))
	}
	mux.Handle("/", s.handler(nil))
	return mux
}

// handler answers requests for res; nil is no resource.
func (s *Server) handler(res resource) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := res.answer(w, r); err != nil {
			s.fail(w, err)
		}
	})
}

func (res resource) answer(w http.ResponseWriter, r *http.Request) error {
	method := r.Method
	if method == http.MethodHead { // net/http leaves the body out
		method = http.MethodGet
	}
	if f, ok := res[method]; ok {
		return f(w, r)
	}
	if res == nil {
		return fmt.Errorf("%s: %w", r.URL.Path, ErrNoResource)
	}
	methods := make([]string, 0, len(res))
	for m := range res {
		methods = append(methods, m)
	}
	slices.Sort(methods)
	w.Header().Set("Allow", strings.Join(methods, ", "))
	return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, ErrMethod)
}

// read reads the body of r, which must be one JSON value of v's fields and no
// others. An empty body leaves v as it is.
func read(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == io.EOF {
		return nil
	}
	if err == nil {
		if _, more := d.Token(); more == io.EOF {
			return nil
		}
		err = errors.New("more follows the value")
	}
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fmt.Errorf("%w: at most %d bytes", ErrTooLarge, e.Limit)
	}
	return fmt.Errorf("%w: read JSON: %w", ErrBadRequest, err)
}

// write answers with v as JSON.
func write(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // a peer that has gone needs no answer
	return nil
}

// tagged notes in w the revision of what is going to be read. Taken first, it is
// at worst too old: then a change that goes by it is refused without need, and
// never made in ignorance.
func (s *Server) tagged(w http.ResponseWriter) { w.Header().Set("ETag", tag(s.state.Revision())) }

// do makes changes, all or nothing: those who named a revision know its state.
func (s *Server) do(r *http.Request, ops ...desired.Operation) error {
	revision, named, err := ifMatch(r)
	switch {
	case err != nil:
		return err
	case named:
		return s.state.DoIf(revision, ops)
	}
	return s.state.Do(ops)
}

// ifMatch returns the revision that r's change is for; false if it is for any.
func ifMatch(r *http.Request) (revision uint64, named bool, err error) {
	text := r.Header.Get("If-Match")
	if text == "" || text == "*" {
		return 0, false, nil
	}
	number, err := strconv.Unquote(text)
	if err == nil {
		revision, err = strconv.ParseUint(number, 10, 64)
	}
	if err != nil {
		return 0, false, fmt.Errorf("If-Match %s: %w: must be an ETag of an answer, or *", text, ErrBadRequest)
	}
	return revision, true, nil
}
