package control

import (
	"fmt"
	"net/http"

	"xlvs/control/desired"
)

// resultsJSON is what became of a batch of which each operation stands by itself.
type resultsJSON struct {
	Done   int         `json:"done"`   // operations without an error
	Failed []errorJSON `json:"failed"` // the others
}

// batch makes many changes at once.
func (s *Server) batch(w http.ResponseWriter, r *http.Request) error {
	var j batchJSON
	if err := read(r, &j); err != nil {
		return err
	}
	if j.Each {
		return s.batchEach(w, r, j.Operations)
	}
	ops := make([]desired.Operation, len(j.Operations))
	for i := range j.Operations {
		var err error
		if ops[i], err = j.Operations[i].operation(); err != nil {
			return &desired.OperationError{Index: i, Of: len(ops), Err: err}
		}
	}
	return s.doAndBeDone(w, r, ops...)
}

// batchEach makes those of many changes that can be made.
func (s *Server) batchEach(w http.ResponseWriter, r *http.Request, list []operationJSON) error {
	if _, named, err := ifMatch(r); named || err != nil {
		return fmt.Errorf("If-Match: %w: it goes with all or nothing", ErrBadRequest)
	}
	errs := make([]error, len(list))
	ops := make([]desired.Operation, 0, len(list))
	numbers := make([]int, 0, len(list)) // of ops in list
	for i := range list {
		op, err := list[i].operation()
		if errs[i] = err; err == nil {
			ops, numbers = append(ops, op), append(numbers, i)
		}
	}
	for i, err := range s.state.DoEach(ops) {
		errs[numbers[i]] = err
	}
	s.tagged(w)
	return write(w, http.StatusOK, newResultsJSON(errs))
}

// newResultsJSON returns for the wire what became of each operation; nil is well.
func newResultsJSON(errs []error) resultsJSON {
	j := resultsJSON{Failed: []errorJSON{}}
	for i, err := range errs {
		if err == nil {
			j.Done++
			continue
		}
		e, _ := describe(err)
		e.Operation = &i
		j.Failed = append(j.Failed, e)
	}
	return j
}
