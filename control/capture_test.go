package control

import (
	"bytes"
	"context"
	"errors"
	"io"
	"reflect"
	"testing"
	"time"

	"xlvs/control/desired"
	"xlvs/dataplane"
	"xlvs/dataplane/capture"
)

// A capturer is a function that captures.
type capturer func(ctx context.Context, w io.Writer, c dataplane.Capture) error

func (f capturer) Capture(ctx context.Context, w io.Writer, c dataplane.Capture) error {
	return f(ctx, w, c)
}

// noPackets is a capturer that sees none, and noChange a Loader of a file that
// says what it said before.
func noPackets(_ context.Context, w io.Writer, _ dataplane.Capture) error {
	_, err := io.WriteString(w, "head")
	return err
}

func noChange([]byte, desired.Reload) (desired.Report, error) { return desired.Report{}, nil }

// dropAll is what `tcpdump -ddd` writes for a filter that nothing passes.
const dropAll = "1\n6 0 0 0\n"

func TestParsePoints(t *testing.T) {
	tests := map[string]struct {
		want capture.Points
		ok   bool
	}{
		"":                       {0, true},
		"dropped":                {capture.Dropped, true},
		"egress,ingress":         {capture.Ingress | capture.Egress, true},
		"ingress,egress,dropped": {capture.Everywhere, true},
		"here":                   {0, false},
		"ingress,":               {0, false},
		"ingress,,dropped":       {0, false},
		"ingress egress":         {0, false},
		",":                      {0, false},
	}
	for names, tt := range tests {
		got, err := ParsePoints(names)
		if got != tt.want || (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrBadRequest) {
			t.Errorf("ParsePoints(%q) = %d, %v, want %d", names, got, err, tt.want)
		}
		if again, err := ParsePoints(pointNames(got)); again != got || err != nil {
			t.Errorf("ParsePoints(%q) = %d, %v, want %d", pointNames(got), again, err, got)
		}
	}
}

func TestCaptureOptionsCross(t *testing.T) {
	filter, err := capture.ParseFilter(dropAll)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		in   CaptureOptions
		want dataplane.Capture
	}{
		"all": {CaptureOptions{}, dataplane.Capture{}},
		"some": {
			CaptureOptions{Filter: dropAll, Service: &dns, Where: capture.Ingress | capture.Dropped, Snap: 96, Bytes: 1 << 40, Frames: 7, Time: time.Hour},
			dataplane.Capture{
				Options: capture.Options{Filter: filter, Points: capture.Ingress | capture.Dropped, Snap: 96},
				Limit:   capture.Limit{Bytes: 1 << 40, Frames: 7}, Service: &dns,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got dataplane.Capture
			var limited bool
			c := capturer(func(ctx context.Context, w io.Writer, c dataplane.Capture) error {
				_, limited = ctx.Deadline()
				got = c
				_, err := io.WriteString(w, "packets")
				return err
			})
			s := open(t, twoServices(), Options{Capturer: c}, nil)
			r, err := s.Capture(t.Context(), tt.in)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			if b, err := io.ReadAll(r); string(b) != "packets" || err != nil {
				t.Errorf("read %q, %v, want packets", b, err)
			}
			if !reflect.DeepEqual(got, tt.want) || limited != (tt.in.Time > 0) {
				t.Errorf("asked for %+v, limited in time %t, want %+v", got, limited, tt.want)
			}
		})
	}
}

// Packets arrive as they pass, and the capture ends when nobody reads any more.
func TestCaptureStreams(t *testing.T) {
	frames, ended := make(chan string), make(chan struct{})
	s := open(t, twoServices(), Options{Capturer: capturer(func(ctx context.Context, w io.Writer, _ dataplane.Capture) error {
		defer close(ended)
		for {
			select {
			case <-ctx.Done():
				return nil
			case f := <-frames:
				if _, err := io.WriteString(w, f); err != nil {
					return err
				}
			}
		}
	})}, nil)
	go func() { frames <- "head" }()
	r, err := s.Capture(t.Context(), CaptureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"head", "one", "two"} {
		if want != "head" {
			frames <- want
		}
		b := make([]byte, len(want))
		if _, err := io.ReadFull(r, b); err != nil || string(b) != want {
			t.Fatalf("read %q, %v, want %q", b, err, want)
		}
	}
	_ = r.Close()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("the capture goes on for nobody")
	}
}

// A capture that fails says so: as a failure if nothing was written yet, and
// else by an end that is none.
func TestCaptureFails(t *testing.T) {
	for _, head := range []string{"", "head"} {
		s := open(t, twoServices(), Options{Capturer: capturer(func(_ context.Context, w io.Writer, _ dataplane.Capture) error {
			if head != "" {
				_, _ = io.WriteString(w, head)
			}
			return errors.New("out of luck")
		})}, nil)
		r, err := s.Capture(t.Context(), CaptureOptions{})
		if head == "" {
			if err == nil || err.Error() != "out of luck" {
				t.Errorf("Capture = %v, want the director's error", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if !bytes.Equal(b, []byte(head)) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("read %q, %v, want %q and no proper end", b, err, head)
		}
		_ = r.Close()
	}
}

// Shutdown does not wait for captures.
func TestShutdownEndsCaptures(t *testing.T) {
	s := open(t, twoServices(), Options{Capturer: capturer(func(ctx context.Context, w io.Writer, _ dataplane.Capture) error {
		_, _ = io.WriteString(w, "head")
		<-ctx.Done()
		return nil
	})}, nil)
	r, err := s.Capture(t.Context(), CaptureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if err := s.server.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if b, err := io.ReadAll(r); string(b) != "head" || err != nil {
		t.Errorf("read %q, %v, want a proper end", b, err)
	}
}

// A request may take no longer than a minute to arrive; a capture may go on.
func TestCaptureOutlastsTimeouts(t *testing.T) {
	const patience = 20 * time.Millisecond
	s := open(t, twoServices(), Options{Capturer: capturer(func(ctx context.Context, w io.Writer, _ dataplane.Capture) error {
		for range 2 {
			_, _ = io.WriteString(w, "packet")
			select {
			case <-ctx.Done():
			case <-time.After(4 * patience):
			}
		}
		return ctx.Err()
	})}, func(s *Server) { s.http.ReadTimeout, s.http.WriteTimeout = patience, patience })
	r, err := s.Capture(t.Context(), CaptureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if b, err := io.ReadAll(r); string(b) != "packetpacket" || err != nil {
		t.Errorf("read %q, %v, want two packets and a proper end", b, err)
	}
}
