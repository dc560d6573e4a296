package guest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// A JobError is what a job in the guest returned.
type JobError struct {
	Job  string
	Text string // of the error; its type stays in the guest
}

// Error returns the text of the error and the job that it comes from.
func (e *JobError) Error() string { return "job " + e.Job + ": " + e.Text }

// A channel is the host's end of the line to a guest. Several calls may be
// under way at a time.
type channel struct {
	w io.Writer

	writing sync.Mutex // one request at a time

	mu    sync.Mutex
	last  uint64
	calls map[uint64]*call

	ended chan struct{} // closed when nothing more comes in
	err   error         // why, written before ended is closed
}

// newChannel returns a channel that waits for the boot call, which is returned
// too. It is served by listen.
func newChannel(w io.Writer) (*channel, *call) {
	boot := newCall()
	return &channel{w: w, calls: map[uint64]*call{bootID: boot}, ended: make(chan struct{})}, boot
}

// listen hands each reply to its call until r ends. No reply is handed out by
// more than one goroutine.
func (c *channel) listen(r io.Reader) {
	defer close(c.ended)
	c.err = eachLine(r, func(line []byte) error {
		r, err := parseReply(line)
		if err != nil {
			return err
		}
		c.mu.Lock()
		to := c.calls[r.ID]
		c.mu.Unlock()
		if to != nil { // else the caller has gone
			to.push(r)
		}
		return nil
	})
	if c.err == nil {
		c.err = io.EOF
	}
}

// do runs a job of the guest and calls each with its outputs, in order.
func (c *channel) do(ctx context.Context, job string, input any, each func(json.RawMessage) error) error {
	raw, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("job %s: input: %w", job, err)
	}
	id, made := c.register()
	defer c.unregister(id)
	if err := c.send(request{ID: id, Job: job, Input: raw}); err != nil {
		if !errors.Is(err, errMessage) {
			<-c.ended // what cannot be written to will not be read from
		}
		return fmt.Errorf("job %s: send: %w", job, err)
	}
	err = c.collect(ctx, made, each)
	if err == nil {
		return nil
	}
	if text, ok := errors.AsType[jobText](err); ok {
		return &JobError{job, string(text)}
	}
	_ = c.send(request{ID: id, Cancel: true}) // fails when there is no guest any more
	return fmt.Errorf("job %s: %w", job, err)
}

// A jobText is the text of the error with which a job ended. It tells the job's
// own failure from an error that the caller's function returns, which may well
// be the JobError of another.
type jobText string

// Error returns the text.
func (t jobText) Error() string { return string(t) }

// collect passes the outputs of a call to each until the call is done. The
// error is a jobText if it comes from the guest.
func (c *channel) collect(ctx context.Context, from *call, each func(json.RawMessage) error) error {
	for {
		r, err := from.next(ctx, c.ended)
		switch {
		case errors.Is(err, errNoMore):
			return c.err
		case err != nil:
			return err
		case r.Done && r.Error != "":
			return jobText(r.Error)
		case r.Done:
			return nil
		case each == nil:
			continue
		}
		if err := each(r.Output); err != nil {
			return err
		}
	}
}

// register returns a new call and its number.
func (c *channel) register() (uint64, *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	made := newCall()
	c.calls[c.last] = made
	return c.last, made
}

// unregister has later replies to a call dropped.
func (c *channel) unregister(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, id)
}

// send sends r.
func (c *channel) send(r request) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return writeLine(c.w, r)
}
