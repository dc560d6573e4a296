package rawsock

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFailed(t *testing.T) {
	tests := map[string]struct {
		call  string
		errno unix.Errno
		says  string
	}{
		"no capability":        {"open socket", unix.EPERM, "CAP_NET_RAW"},
		"group of others":      {"join fanout", unix.EINVAL, "another program"},
		"one of no known kind": {"bind", unix.EIO, "bind"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := failed(tt.call, tt.errno)
			if !errors.Is(err, tt.errno) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("failed(%q, %v) = %q, want %q", tt.call, tt.errno, err, tt.says)
			}
		})
	}
	if err := failed("bind", nil); err != nil {
		t.Errorf("failed(bind, nil) = %v, want nil", err)
	}
}

func TestErrors(t *testing.T) {
	tests := map[error]struct {
		survives, stops bool
		want            Errors
	}{
		unix.EAGAIN:   {true, true, Errors{Again: 3}},
		unix.EINTR:    {true, true, Errors{Again: 3}},
		unix.ENOBUFS:  {true, false, Errors{NoBuffers: 3}},
		unix.ENOMEM:   {true, false, Errors{NoBuffers: 3}},
		unix.ENETDOWN: {true, true, Errors{NetDown: 3}},
		unix.ENXIO:    {true, true, Errors{NoDevice: 3}},
		unix.ENODEV:   {true, true, Errors{NoDevice: 3}},
		unix.EMSGSIZE: {true, false, Errors{TooLong: 3}},
		unix.EINVAL:   {true, false, Errors{Invalid: 3}},
		unix.EPERM:    {false, false, Errors{Other: 3}},
	}
	for err, tt := range tests {
		var c errorCounters
		if got := c.count(err, 3); got != tt.survives || c.load() != tt.want || stops(err) != tt.stops {
			t.Errorf("%v: survives %t, stops %t, %+v, want %+v", err, got, stops(err), c.load(), tt)
		}
		var sum Stats
		sum.Add(Stats{Rx: 1, Tx: 2, Unreadable: 3, Invalid: 4, Overflow: 5, Dropped: c.load(), Survived: c.load()})
		if want := (Stats{Rx: 1, Tx: 2, Unreadable: 3, Invalid: 4, Overflow: 5, Dropped: tt.want, Survived: tt.want}); sum != want {
			t.Errorf("Add gives %+v, want %+v", sum, want)
		}
	}
}
