package guest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// A Job is a function of the guest that the host calls by name. It passes each
// of its outputs to emit, which fails when one cannot be sent: then the job
// should return that error. The context ends when the host is no longer
// interested. Jobs run beside one another; emit may be called from several
// goroutines, but not once the job has returned.
type Job func(ctx context.Context, input json.RawMessage, emit func(v any) error) error

// A server runs the jobs that the host asks for.
type server struct {
	jobs map[string]Job
	w    io.Writer

	writing sync.Mutex // one reply at a time

	mu      sync.Mutex
	running map[uint64]context.CancelFunc

	ended sync.WaitGroup // the jobs
}

// serve answers the requests that come in at rw until there are no more. It
// then ends the jobs that still run, and waits for them.
func serve(jobs map[string]Job, rw io.ReadWriter, w welcome) error {
	s := &server{jobs: jobs, w: rw, running: make(map[uint64]context.CancelFunc)}
	ctx, cancel := context.WithCancel(context.Background())
	defer s.ended.Wait()
	defer cancel()
	if err := s.emit(bootID, w); err != nil {
		return fmt.Errorf("welcome the host: %w", err)
	}
	if err := s.reply(reply{ID: bootID, Done: true}); err != nil {
		return fmt.Errorf("welcome the host: %w", err)
	}
	err := eachLine(rw, func(line []byte) error {
		r, err := parseRequest(line)
		if err != nil {
			return err
		}
		s.handle(ctx, r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read from the host: %w", err)
	}
	return nil
}

// handle starts or cancels a job.
func (s *server) handle(ctx context.Context, r request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Cancel {
		// What has ended in the meantime is not there any more.
		if cancel, ok := s.running[r.ID]; ok {
			cancel()
		}
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	s.running[r.ID] = cancel
	s.ended.Go(func() {
		defer s.forget(r.ID)
		defer cancel()
		s.run(ctx, r)
	})
}

// run runs one job and tells the host how it ended.
func (s *server) run(ctx context.Context, r request) {
	err := fmt.Errorf("the guest has no job %q", r.Job)
	if job := s.jobs[r.Job]; job != nil {
		err = job(ctx, r.Input, func(v any) error { return s.emit(r.ID, v) })
	}
	last := reply{ID: r.ID, Done: true}
	if err != nil {
		last.Error = err.Error()
	}
	_ = s.reply(last) // fails when the host is gone, who then does not care
}

// forget drops the job that has ended.
func (s *server) forget(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, id)
}

// emit sends one output.
func (s *server) emit(id uint64, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("emit: %w", err)
	}
	return s.reply(reply{ID: id, Output: b})
}

// reply sends r.
func (s *server) reply(r reply) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return writeLine(s.w, r)
}
