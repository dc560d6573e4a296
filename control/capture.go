package control

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"xlvs/config"
	"xlvs/dataplane"
	"xlvs/dataplane/capture"
)

// CaptureOptions say what to capture and for how long. The zero value is all
// packets, whole, for as long as somebody reads.
type CaptureOptions struct {
	Filter  string             // a program as `tcpdump -ddd` writes it; empty: all
	Service *config.ServiceKey // only what is for it, or of its connections; nil: all
	Where   capture.Points     // 0: everywhere
	Snap    int                // bytes to keep of a frame; 0: all
	Time    time.Duration      // in whole seconds; 0: no limit
	Bytes   int64              // of the file, about; 0: no limit
	Frames  int                // 0: no limit
}

// query returns the parameters that ask for o.
func (o *CaptureOptions) query() url.Values {
	q := make(url.Values)
	set := func(key, text string) {
		if text != "" && text != "0" {
			q.Set(key, text)
		}
	}
	set("filter", o.Filter)
	if o.Service != nil {
		set("service", serviceID(*o.Service))
	}
	set("where", pointNames(o.Where))
	set("snaplen", strconv.Itoa(o.Snap))
	set("seconds", strconv.FormatInt(int64((o.Time+time.Second-1)/time.Second), 10))
	set("bytes", strconv.FormatInt(o.Bytes, 10))
	set("frames", strconv.Itoa(o.Frames))
	return q
}

// pointNames returns the words for the points in ps.
func pointNames(ps capture.Points) string {
	var names []string
	for _, w := range whereWords {
		if ps&w.value != 0 {
			names = append(names, w.name)
		}
	}
	return strings.Join(names, ",")
}

// ParsePoints reads where frames are captured, as the parameter where says it:
// "ingress,dropped". Nothing is 0.
func ParsePoints(names string) (points capture.Points, err error) {
	if names == "" {
		return 0, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		point, err := whereWords.value("where", name, 0)
		if points |= point; point == 0 || err != nil {
			return 0, fmt.Errorf("where %q: %w: must be some of %s", names, ErrBadRequest, pointNames(capture.Everywhere))
		}
	}
	return points, nil
}

// capture reads the parameters of a capture, and for how long it is to go on.
func (q *query) capture() (c dataplane.Capture, limit time.Duration) {
	var err error
	if c.Filter, err = capture.ParseFilter(q.text("filter")); err != nil {
		q.refuse("filter", err.Error())
	}
	if id := q.text("service"); id != "" {
		key, err := ParseServiceID(id)
		if c.Service = &key; err != nil {
			q.errs = append(q.errs, err)
		}
	}
	if c.Points, err = ParsePoints(q.text("where")); err != nil {
		q.errs = append(q.errs, err)
	}
	c.Snap = int(q.number("snaplen", 0, 0, math.MaxInt32))
	c.Bytes = q.number("bytes", 0, 0, math.MaxInt64)
	c.Frames = int(q.number("frames", 0, 0, math.MaxInt32))
	return c, time.Duration(q.number("seconds", 0, 0, 1<<30)) * time.Second
}

// capture streams packets, which are nobody's to see who may not change things.
func (s *Server) capture(w http.ResponseWriter, r *http.Request) error {
	if roleOf(r.Context()) < master {
		return fmt.Errorf("capture: %w: packets are for root alone", ErrPermission)
	}
	q := newQuery(r)
	c, limit := q.capture()
	if err := q.done(); err != nil {
		return err
	}
	if s.opts.Capturer == nil {
		return fmt.Errorf("capture: %w", ErrNotSupported)
	}
	ctx := r.Context()
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	w.Header().Set("Content-Type", "application/x-pcapng")
	out := stream(w)
	defer out.end()
	err := s.opts.Capturer.Capture(ctx, out, c)
	if err != nil && out.started {
		panic(http.ErrAbortHandler) // so that nobody takes this for all
	}
	return err
}
