package main

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"xlvs/dataplane"
	"xlvs/lvs"
)

// fakeCounts are counts that a test sets.
type fakeCounts struct {
	verdicts [dataplane.Verdicts]uint64
	samples  map[dataplane.Verdict]lvs.Tuple
	ports    []dataplane.PortStatus
	err      error
	used     int
}

func (c *fakeCounts) Verdicts() [dataplane.Verdicts]uint64         { return c.verdicts }
func (c *fakeCounts) TakeSamples() map[dataplane.Verdict]lvs.Tuple { return c.samples }
func (c *fakeCounts) Ports() ([]dataplane.PortStatus, error)       { return c.ports, c.err }
func (c *fakeCounts) ConnectionCount() (n, limit int)              { return c.used, 1000 }

// textLog returns a log without times.
func textLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// step is a change of the counts and the report that follows.
type step struct {
	change func(c *fakeCounts)
	want   string
}

var stray = lvs.Tuple{
	Src: lvs.Addr4(0xc6336407), Dst: lvs.Addr4(0xc0000201), SrcPort: 4242, DstPort: 80, Proto: lvs.TCP,
}

func TestDropLog(t *testing.T) {
	nothing := func(*fakeCounts) {}
	use := func(n int) func(c *fakeCounts) { return func(c *fakeCounts) { c.used = n } }
	const full = `level=WARN msg="connection table nearly full" connections=`
	tests := map[string][]step{
		"nothing dropped": {
			{func(c *fakeCounts) { c.verdicts[dataplane.Forward] = 7 }, ""},
		},
		"only what is new": {
			{func(c *fakeCounts) {
				c.verdicts[dataplane.NoRoute] = 12
				c.samples = map[dataplane.Verdict]lvs.Tuple{dataplane.NoRoute: stray}
			}, `level=WARN msg="dropped packets" verdict="no route" count=12 example="TCP 198.51.100.7:4242 -> 192.0.2.1:80"` + "\n"},
			{nothing, ""},
			{func(c *fakeCounts) { c.verdicts[dataplane.NoRoute]++ },
				`level=WARN msg="dropped packets" verdict="no route" count=1 example="TCP 198.51.100.7:4242 -> 192.0.2.1:80"` + "\n"},
		},
		"two verdicts without examples": {
			{func(c *fakeCounts) { c.verdicts[dataplane.TooBig], c.verdicts[dataplane.Unreadable] = 1, 2 },
				"level=WARN msg=\"dropped packets\" verdict=unreadable count=2\n" +
					"level=WARN msg=\"dropped packets\" verdict=\"larger than the MTU\" count=1\n"},
		},
		"frames at one of two interfaces": {
			{func(c *fakeCounts) {
				c.ports = []dataplane.PortStatus{{Name: "eth0"}, {Name: "eth1"}}
				c.ports[1].Rings.RingFull = 5
			}, `level=WARN msg="dropped frames" interface=eth1 reason="transmit ring full" count=5` + "\n"},
			{func(c *fakeCounts) { c.ports[1].Rings.Kernel.Rx_ring_full = 2; c.ports[1].Rings.Rx = 9 },
				`level=WARN msg="dropped frames" interface=eth1 reason="receive ring full" count=2` + "\n"},
			{nothing, ""},
		},
		"interface is gone": {
			{func(c *fakeCounts) { c.err = errors.New("interface eth0: no such device") },
				`level=ERROR msg="interface eth0: no such device"` + "\n"},
		},
		"table hovers about its mark": {
			{use(899), ""}, {use(900), full + "900 limit=1000\n"},
			{use(950), ""}, {use(850), ""}, {use(900), ""},
			{use(799), ""}, {use(1000), full + "1000 limit=1000\n"},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			c := &fakeCounts{}
			l := &dropLog{log: textLog(&out), counts: c}
			for i, s := range steps {
				out.Reset()
				s.change(c)
				if l.report(); out.String() != s.want {
					t.Errorf("report %d:\n%swant:\n%s", i, out.String(), s.want)
				}
			}
		})
	}
}
