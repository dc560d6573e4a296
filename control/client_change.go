package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"xlvs/control/desired"
)

// Do does all of ops, one after the other, or nothing; see desired.State.
func (c *Client) Do(ctx context.Context, ops []desired.Operation) error {
	return c.exchange(ctx, http.MethodPost, "batch", newBatchJSON(ops, false), nil)
}

// DoIf is Do for a caller who has seen the state at a revision that Status told
// before: it fails with desired.ErrStale if there was a change since.
func (c *Client) DoIf(ctx context.Context, revision uint64, ops []desired.Operation) error {
	body, err := json.Marshal(newBatchJSON(ops, false))
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	r, err := newRequest(ctx, http.MethodPost, "batch", nil, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("If-Match", tag(revision))
	resp, err := c.send(r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// DoEach does each of ops that can be done and returns why each of the others
// was not: an error or nil for each. The second result is why there are no
// others: then it is not known what was done.
func (c *Client) DoEach(ctx context.Context, ops []desired.Operation) ([]error, error) {
	var j resultsJSON
	if err := c.exchange(ctx, http.MethodPost, "batch", newBatchJSON(ops, true), &j); err != nil {
		return nil, err
	}
	errs := make([]error, len(ops))
	for _, e := range j.Failed {
		if e.Operation == nil || *e.Operation < 0 || *e.Operation >= len(ops) {
			return nil, c.unreadable(fmt.Errorf("%s: of no operation", e.Message))
		}
		errs[*e.Operation] = e.err()
	}
	return errs, nil
}

// newBatchJSON returns ops for the wire, which goes on referring to them.
func newBatchJSON(ops []desired.Operation, each bool) *batchJSON {
	j := &batchJSON{Operations: make([]operationJSON, len(ops)), Each: each}
	for i := range ops {
		j.Operations[i] = newOperationJSON(&ops[i])
	}
	return j
}

// Reload has the director follow file, the text of a configuration; without one,
// its own, which it reads again. See desired.State.
func (c *Client) Reload(ctx context.Context, file []byte, r desired.Reload) (desired.Report, error) {
	var j reportJSON
	if err := c.exchange(ctx, http.MethodPost, "reload", reloadJSON{string(file), r.Prune, r.DryRun, r.Saved}, &j); err != nil {
		return desired.Report{}, err
	}
	report, err := j.report()
	if err != nil {
		return report, c.unreadable(err)
	}
	return report, nil
}
