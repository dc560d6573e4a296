package control

import (
	"net/http"

	"xlvs/dataplane"
)

// statsJSON is what a director has counted in total.
type statsJSON struct {
	Total       countersJSON      `json:"total"`
	Rates       ratesJSON         `json:"rates"`
	Connections fillJSON          `json:"connections"`
	Verdicts    map[string]uint64 `json:"verdicts"` // packets
	Workers     []countersJSON    `json:"workers"`
}

// fillJSON is how full the connection table is.
type fillJSON struct {
	Count int `json:"count"`
	Limit int `json:"limit"`
}

func (s *Server) getStats(w http.ResponseWriter, _ *http.Request) error {
	total, rates := s.director.Total()
	j := statsJSON{Total: countersJSON(total), Rates: ratesJSON(rates), Verdicts: make(map[string]uint64)}
	j.Connections.Count, j.Connections.Limit = s.director.ConnectionCount()
	for v, n := range s.director.Verdicts() {
		if v := dataplane.Verdict(v); v >= dataplane.Forward {
			j.Verdicts[v.String()] = n
		}
	}
	for _, c := range s.director.WorkerTotals() {
		j.Workers = append(j.Workers, countersJSON(c))
	}
	return write(w, http.StatusOK, j)
}
