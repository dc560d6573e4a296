package guest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
)

// connect returns a channel to a server of jobs in this process, and the host's
// end of the line. Both sides end with the test.
func connect(t *testing.T, jobs map[string]Job) (*channel, net.Conn) {
	t.Helper()
	host, guest := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		defer func() { _ = guest.Close() }()
		_ = serve(jobs, guest, welcome{Kernel: "6.1.0"})
	}()
	c, boot := newChannel(host)
	go c.listen(host)
	t.Cleanup(func() { _ = host.Close(); <-served; <-c.ended })
	var w welcome
	must(t, c.collect(t.Context(), boot, func(o json.RawMessage) error { return json.Unmarshal(o, &w) }))
	if w.Kernel != "6.1.0" {
		t.Errorf("welcomed by kernel %q, want 6.1.0", w.Kernel)
	}
	return c, host
}

// countJob emits the numbers below its input.
func countJob(_ context.Context, input json.RawMessage, emit func(any) error) error {
	var n int
	if err := json.Unmarshal(input, &n); err != nil {
		return err
	}
	for i := range n {
		if err := emit(i); err != nil {
			return err
		}
	}
	return nil
}

// into returns a function that appends outputs to list.
func into[T any](list *[]T) func(json.RawMessage) error {
	return func(output json.RawMessage) error {
		var v T
		err := json.Unmarshal(output, &v)
		*list = append(*list, v)
		return err
	}
}

func TestOutputsComeInOrder(t *testing.T) {
	c, _ := connect(t, map[string]Job{"count": countJob})
	var got []int
	must(t, c.do(t.Context(), "count", 100, into(&got)))
	if len(got) != 100 || !slices.IsSorted(got) {
		t.Errorf("outputs %v, want 0 to 99", got)
	}
	must(t, c.do(t.Context(), "count", 100, nil))
}

func TestCallsRunBesideOneAnother(t *testing.T) {
	c, _ := connect(t, map[string]Job{"count": countJob})
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			var got []int
			if err := c.do(t.Context(), "count", n, into(&got)); err != nil || len(got) != n {
				t.Errorf("count to %d: %v, %v", n, got, err)
			}
		})
	}
	wg.Wait()
}

// TestCallInsideCall makes a call while outputs of another are waiting.
func TestCallInsideCall(t *testing.T) {
	c, _ := connect(t, map[string]Job{"count": countJob})
	err := c.do(t.Context(), "count", 50, func(json.RawMessage) error {
		return c.do(t.Context(), "count", 3, nil)
	})
	must(t, err)
}

func TestJobFails(t *testing.T) {
	jobs := map[string]Job{
		"fail": func(context.Context, json.RawMessage, func(any) error) error { return fmt.Errorf("no such device") },
		"emit": func(_ context.Context, _ json.RawMessage, emit func(any) error) error { return emit(func() {}) },
	}
	tests := map[string]struct {
		job  string
		want string
	}{
		"by its own error":       {"fail", "job fail: no such device"},
		"unknown":                {"jump", `job jump: the guest has no job "jump"`},
		"output that no JSON is": {"emit", "job emit: emit: json: unsupported type: func()"},
	}
	c, _ := connect(t, jobs)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := c.do(t.Context(), tt.job, nil, nil)
			if _, ok := errors.AsType[*JobError](err); !ok || err.Error() != tt.want {
				t.Errorf("do(%s) = %v, want a JobError %q", tt.job, err, tt.want)
			}
		})
	}
	if err := c.do(t.Context(), "fail", func() {}, nil); err == nil {
		t.Error("input that no JSON is was sent")
	}
}

// TestCancel ends a call in each of the ways in which its caller can, and
// expects the job to notice.
func TestCancel(t *testing.T) {
	enough := errors.New("enough")
	tests := map[string]struct {
		each func(cancel func()) error
		want error
	}{
		"by context":   {func(cancel func()) error { cancel(); return nil }, context.Canceled},
		"by own error": {func(func()) error { return enough }, enough},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			noticed := make(chan struct{})
			c, _ := connect(t, map[string]Job{"wait": func(ctx context.Context, _ json.RawMessage, emit func(any) error) error {
				defer close(noticed)
				err := emit("begun")
				<-ctx.Done()
				return err
			}})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := c.do(ctx, "wait", nil, func(json.RawMessage) error { return tt.each(cancel) })
			if !errors.Is(err, tt.want) {
				t.Errorf("do = %v, want %v", err, tt.want)
			}
			<-noticed
		})
	}
}

// TestHostHangsUp expects jobs to end with the line, and calls too.
func TestHostHangsUp(t *testing.T) {
	noticed := make(chan struct{})
	c, host := connect(t, map[string]Job{"wait": func(ctx context.Context, _ json.RawMessage, emit func(any) error) error {
		defer close(noticed)
		err := emit("begun")
		<-ctx.Done()
		return err
	}})
	err := c.do(t.Context(), "wait", nil, func(json.RawMessage) error { return host.Close() })
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("do on a line that is closed = %v", err)
	}
	<-noticed
	if err := c.do(t.Context(), "wait", nil, nil); err == nil {
		t.Error("do succeeded after the end")
	}
}

func TestMalformedLinesEndTheLine(t *testing.T) {
	tests := map[string]string{
		"noise":        "\x00\xff\n",
		"wrong number": "{\"id\":-3,\"done\":true}\n",
	}
	for name, line := range tests {
		t.Run(name, func(t *testing.T) {
			host, guest := net.Pipe()
			c, boot := newChannel(host)
			go c.listen(host)
			_, err := io.WriteString(guest, line)
			must(t, err)
			if err := c.collect(t.Context(), boot, nil); !errors.Is(err, errMessage) {
				t.Errorf("boot after %q = %v, want %v", line, err, errMessage)
			}
			must(t, errors.Join(host.Close(), guest.Close()))
			host, guest = net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, host) }()
			go func() { _, _ = io.WriteString(host, line) }()
			if err := serve(nil, guest, welcome{}); !errors.Is(err, errMessage) {
				t.Errorf("serve after %q = %v, want %v", line, err, errMessage)
			}
			must(t, errors.Join(host.Close(), guest.Close()))
		})
	}
}

// TestRepliesOutliveTheLine expects what has come in before the end to be
// handed out after it.
func TestRepliesOutliveTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, ended := newCall(), make(chan struct{})
		q.push(reply{ID: 1})
		q.push(reply{ID: 2})
		close(ended)
		for want := uint64(1); want <= 2; want++ {
			if r, err := q.next(t.Context(), ended); err != nil || r.ID != want {
				t.Errorf("next = %+v, %v, want %d", r, err, want)
			}
		}
		if _, err := q.next(t.Context(), ended); !errors.Is(err, errNoMore) {
			t.Errorf("next of an empty queue = %v, want %v", err, errNoMore)
		}
	})
}
