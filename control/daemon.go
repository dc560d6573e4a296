package control

import (
	"bytes"
	"fmt"
	"net/http"
	"time"

	"xlvs/config"
	"xlvs/control/desired"
)

// daemonJSON is a Status on the wire.
type daemonJSON struct {
	Version   string   `json:"version"`
	PID       int      `json:"pid"`
	Uptime    int64    `json:"uptime"` // seconds
	Namespace uint64   `json:"namespace"`
	File      string   `json:"file,omitempty"`
	Revision  uint64   `json:"revision"`
	Sync      []string `json:"sync"` // the sync daemons: none
}

func (s *Server) getDaemon(w http.ResponseWriter, _ *http.Request) error {
	s.tagged(w)
	st := s.status()
	return write(w, http.StatusOK, daemonJSON{
		st.Version, st.PID, int64(st.Uptime / time.Second), st.Namespace, st.File, st.Revision, []string{},
	})
}

// status returns what j says.
func (j *daemonJSON) status() Status {
	return Status{
		Version: j.Version, PID: j.PID, Uptime: time.Duration(j.Uptime) * time.Second,
		Namespace: j.Namespace, File: j.File, Revision: j.Revision,
	}
}

// getConfig answers with the running state as a file has it.
func (s *Server) getConfig(w http.ResponseWriter, _ *http.Request) error {
	s.tagged(w)
	var b bytes.Buffer
	if err := s.state.ToSave().Write(&b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/toml")
	_, _ = b.WriteTo(w) // a peer that has gone needs no answer
	return nil
}

// reloadJSON is a desired.Reload on the wire, and what to load.
type reloadJSON struct {
	Config string `json:"config,omitempty"` // TOML; empty: the director's own file
	Prune  bool   `json:"prune,omitzero"`
	DryRun bool   `json:"dry_run,omitzero"`
	Saved  bool   `json:"saved,omitzero"`
}

// reportJSON is a desired.Report on the wire.
type reportJSON struct {
	Changes []changeJSON `json:"changes"`
	Kept    []string     `json:"kept"`
}

// changeJSON is a config.Change on the wire.
type changeJSON struct {
	ID          string `json:"id,omitempty"`          // of the service that it is about
	Destination string `json:"destination,omitempty"` // that it is about
	What        string `json:"what"`
	Restart     bool   `json:"restart,omitzero"`
}

// reload has the state follow a file.
func (s *Server) reload(w http.ResponseWriter, r *http.Request) error {
	var j reloadJSON
	if err := read(r, &j); err != nil {
		return err
	}
	if s.opts.Load == nil {
		return fmt.Errorf("reload: %w: there is nothing to reload", ErrNotSupported)
	}
	report, err := s.opts.Load([]byte(j.Config), desired.Reload{Prune: j.Prune, DryRun: j.DryRun, Saved: j.Saved})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotReloaded, err)
	}
	s.tagged(w)
	return write(w, http.StatusOK, newReportJSON(report))
}

func newReportJSON(r desired.Report) reportJSON {
	j := reportJSON{Changes: make([]changeJSON, len(r.Changes)), Kept: r.Kept}
	if j.Kept == nil {
		j.Kept = []string{}
	}
	for i, c := range r.Changes {
		j.Changes[i] = changeJSON{What: c.What, Restart: c.Restart}
		if c.Service != (config.ServiceKey{}) {
			j.Changes[i].ID = serviceID(c.Service)
		}
		if c.Real != (config.RealKey{}) {
			j.Changes[i].Destination = c.Real.String()
		}
	}
	return j
}

// report returns what j says.
func (j *reportJSON) report() (r desired.Report, err error) {
	r.Kept = append(r.Kept, j.Kept...)
	for _, c := range j.Changes {
		change := config.Change{What: c.What, Restart: c.Restart}
		if c.ID != "" {
			if change.Service, err = ParseServiceID(c.ID); err != nil {
				return r, err
			}
		}
		if c.Destination != "" {
			if change.Real, err = parseRealID(c.Destination); err != nil {
				return r, err
			}
		}
		r.Changes = append(r.Changes, change)
	}
	return r, nil
}
