package xsk

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
		is    error
		says  string
	}{
		"no capability":        {"open socket", unix.EPERM, unix.EPERM, "CAP_NET_RAW"},
		"kernel without it":    {"open socket", unix.EAFNOSUPPORT, ErrUnsupported, "CONFIG_XDP_SOCKETS"},
		"locked memory":        {"register umem", unix.ENOBUFS, unix.ENOBUFS, "LimitMEMLOCK"},
		"queue taken":          {"bind", unix.EBUSY, ErrBusy, "ss --xdp"},
		"no such queue":        {"bind", unix.EINVAL, unix.EINVAL, "ethtool -l"},
		"driver without XDP":   {"attach", unix.EOPNOTSUPP, ErrUnsupported, "native XDP"},
		"one of no known kind": {"bind", unix.EIO, unix.EIO, "bind"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := failed(tt.call, tt.errno)
			if !errors.Is(err, tt.is) || !errors.Is(err, tt.errno) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("failed(%q, %v) = %q, want %v and %q", tt.call, tt.errno, err, tt.is, tt.says)
			}
		})
	}
	if err := failed("bind", nil); err != nil {
		t.Errorf("failed(bind, nil) = %v, want nil", err)
	}
}

func TestSurvive(t *testing.T) {
	var c counters
	for _, err := range []error{
		nil, unix.EAGAIN, unix.EINTR, unix.EBUSY, unix.ENOBUFS, unix.ENOMEM, unix.ENETDOWN, unix.ENXIO, unix.ENODEV,
	} {
		if !c.survive(err) {
			t.Errorf("survive(%v) = false, want true", err)
		}
	}
	if c.survive(unix.EINVAL) {
		t.Error("survive(EINVAL) = true, want false")
	}
	got := [...]uint64{c.again.Load(), c.busy.Load(), c.noBuffers.Load(), c.netDown.Load(), c.noDevice.Load()}
	if want := [...]uint64{2, 1, 2, 1, 2}; got != want {
		t.Errorf("counted %v, want %v", got, want)
	}
}

func TestOptions(t *testing.T) {
	tests := map[string]struct {
		in Options
		ok bool
	}{
		"zero value":              {Options{}, true},
		"large frames":            {Options{FrameSize: 4096, Ring: 64, Ports: 1}, true},
		"frame of another size":   {Options{FrameSize: 3000}, false},
		"frame over a page":       {Options{FrameSize: 8192}, false},
		"ring no power of two":    {Options{Ring: 100}, false},
		"ring negative":           {Options{Ring: -1}, false},
		"ring too large":          {Options{Ring: 1 << 21}, false},
		"ports negative":          {Options{Ports: -1}, false},
		"negative budget":         {Options{TxBudget: -1}, false},
		"busy polling backwards":  {Options{BusyPoll: -1}, false},
		"long frames":             {Options{Frags: true, Ring: 32}, true},
		"ring shorter than those": {Options{Frags: true, Ring: 16}, false},
		"every field of its kind": {Options{Ports: 4, FrameSize: 2048, Ring: 1, TxBudget: 1, Copy: true, BusyPoll: 1}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := tt.in.withDefaults(); (err == nil) != tt.ok {
				t.Errorf("withDefaults(%+v) error = %v, want ok %t", tt.in, err, tt.ok)
			}
		})
	}
}
