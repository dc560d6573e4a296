package ipvsadm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane"
	"xlvs/lvs"
)

// checkGolden checks what write writes against a file of testdata.
func checkGolden(t *testing.T, name string, write func(io.Writer) error) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	checkWritten(t, string(want), write)
}

// checkWritten checks what write writes.
func checkWritten(t *testing.T, want string, write func(io.Writer) error) {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil || b.String() != want {
		t.Errorf("wrote, error %v:\n%s\nwant:\n%s", err, b.String(), want)
	}
}

func TestListIsIpvsadms(t *testing.T) {
	tests := map[string]ListOptions{
		"list":                 {Numeric: true},
		"list-stats":           {Numeric: true, Stats: true},
		"list-stats-exact":     {Numeric: true, Stats: true, Exact: true},
		"list-rate":            {Numeric: true, Rate: true},
		"list-rate-exact":      {Numeric: true, Rate: true, Exact: true},
		"list-thresholds":      {Numeric: true, Thresholds: true},
		"list-persistent-conn": {Numeric: true, Persistent: true},
		"list-tun-info":        {Numeric: true, TunInfo: true},
		"list-names":           {Names: known(t)},
		"list-names-stats":     {Names: known(t), Stats: true},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			checkGolden(t, name, func(w io.Writer) error { return List(t.Context(), w, everything(), o) })
		})
	}
}

// Of several forms one goes before the others, in this order.
func TestListChoosesOneForm(t *testing.T) {
	o := ListOptions{Numeric: true, Stats: true, Rate: true, Thresholds: true, Persistent: true, TunInfo: true}
	for _, tt := range []struct {
		golden string
		drop   *bool
	}{
		{"list-stats", &o.Stats}, {"list-rate", &o.Rate}, {"list-thresholds", &o.Thresholds},
		{"list-persistent-conn", &o.Persistent}, {"list-tun-info", &o.TunInfo}, {"list", new(bool)},
	} {
		checkGolden(t, tt.golden, func(w io.Writer) error { return List(t.Context(), w, everything(), o) })
		*tt.drop = false
	}
}

// Where ipvsadm shows what is not so, or cannot know what this director does.
func TestListTellsMore(t *testing.T) {
	many := dest("192.0.2.11:80", lvs.NAT, 1, 0, 0)
	many.Counters.Conns, many.Rates.Conns = 5_000_000_000, 5_000_000_000
	tests := map[string]struct {
		service dataplane.ServiceStatus
		options ListOptions
		want    string
	}{
		"fullnat": {
			service(lvs.TCP, "198.51.100.1:80", "rr", dest("192.0.2.11:80", lvs.FullNAT, 1, 2, 3)), ListOptions{},
			"TCP  198.51.100.1:80 rr\n  -> 192.0.2.11:80                FullNat 1      2          3         \n",
		},
		"a mark beyond 31 bits": {marked(1<<32-1, netip.IPv4Unspecified(), "rr"), ListOptions{}, "FWM  4294967295 rr\n"},
		"more connections than 32 bits hold": {
			service(lvs.TCP, "198.51.100.1:80", "rr", many), ListOptions{Stats: true},
			"TCP  198.51.100.1:80                     0        0        0        0        0\n" +
				"  -> 192.0.2.11:80                   5000M        0        0        0        0\n",
		},
		"rates are not cut": {
			service(lvs.TCP, "198.51.100.1:80", "rr", many), ListOptions{Rate: true},
			"TCP  198.51.100.1:80                     0        0        0        0        0\n" +
				"  -> 192.0.2.11:80                5000000000        0        0        0        0\n",
		},
		"a protocol that ipvsadm does not know": {service(lvs.ESP, "198.51.100.1:500", "rr"), ListOptions{}, "?    198.51.100.1:500 rr\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.options.Numeric = true
			checkWritten(t, titles[tt.options.form()]+tt.want, func(w io.Writer) error {
				return ListService(t.Context(), w, tt.service, tt.options)
			})
		})
	}
}

func TestListWithoutServices(t *testing.T) {
	checkWritten(t, version+titles[plain], func(w io.Writer) error { return List(t.Context(), w, nil, ListOptions{}) })
}

func TestListNoSort(t *testing.T) {
	services := []dataplane.ServiceStatus{
		service(lvs.UDP, "192.0.2.1:53", "rr", dest("192.0.2.12:53", lvs.NAT, 1, 0, 0), dest("192.0.2.11:53", lvs.NAT, 1, 0, 0)),
		service(lvs.TCP, "192.0.2.1:80", "rr"),
	}
	want := version + titles[plain] + `UDP  192.0.2.1:53 rr
  -> 192.0.2.12:53                Masq    1      0          0         ` + `
  -> 192.0.2.11:53                Masq    1      0          0         ` + `
TCP  192.0.2.1:80 rr
`
	checkWritten(t, want, func(w io.Writer) error {
		return List(t.Context(), w, services, ListOptions{Numeric: true, NoSort: true})
	})
}

func TestListLeavesItsArgumentAlone(t *testing.T) {
	services := []dataplane.ServiceStatus{
		service(lvs.UDP, "192.0.2.1:53", "rr"),
		service(lvs.TCP, "192.0.2.1:80", "rr", dest("192.0.2.12:80", lvs.NAT, 1, 0, 0), dest("192.0.2.11:80", lvs.NAT, 1, 0, 0)),
	}
	dests := slices.Clone(services[1].Destinations)
	if err := List(t.Context(), io.Discard, services, ListOptions{Numeric: true}); err != nil {
		t.Fatal(err)
	}
	if services[0].Protocol != lvs.UDP || !slices.Equal(services[1].Destinations, dests) {
		t.Errorf("List sorted its argument: %v", services)
	}
}

func TestListTimeouts(t *testing.T) {
	timeouts := config.Timeouts{TCP: 900 * time.Second, TCPFin: 120 * time.Second, UDP: 300 * time.Second}
	checkWritten(t, "Timeout (tcp tcpfin udp): 900 120 300\n", func(w io.Writer) error { return ListTimeouts(w, timeouts) })
}

// A fullDisk is a writer that takes nothing.
type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestListsReportTheirWriter(t *testing.T) {
	ctx := context.Background()
	for name, err := range map[string]error{
		"List":            List(ctx, fullDisk{}, everything(), ListOptions{Numeric: true}),
		"ListService":     ListService(ctx, fullDisk{}, everything()[0], ListOptions{Numeric: true}),
		"ListConnections": ListConnections(ctx, fullDisk{}, each(allConnections()), ListOptions{Numeric: true}),
		"ListTimeouts":    ListTimeouts(fullDisk{}, config.Timeouts{}),
		"Save":            Save(ctx, fullDisk{}, everything(), SaveOptions{Numeric: true}),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s to a full disk = %v, want %v", name, err, errFull)
		}
	}
}

// large returns n services of m destinations each.
func large(n, m int) []dataplane.ServiceStatus {
	services := make([]dataplane.ServiceStatus, n)
	for i := range services {
		services[i] = service(lvs.TCP, fmt.Sprintf("198.51.%d.%d:80", i>>8&255, i&255), "wlc")
		for j := range m {
			services[i].Destinations = append(services[i].Destinations, dest(fmt.Sprintf("192.0.2.%d:%d", j, 1+i), lvs.NAT, 1, i, j))
		}
	}
	return services
}

func BenchmarkList(b *testing.B) {
	services := large(10_000, 10)
	for name, o := range map[string]ListOptions{"plain": {}, "stats": {Stats: true}} {
		b.Run(name, func(b *testing.B) {
			o.Numeric = true
			b.ReportAllocs()
			for b.Loop() {
				if err := List(b.Context(), io.Discard, services, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
