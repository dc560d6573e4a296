package scenario

import (
	"bytes"
	"maps"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"xlvs/config"
)

// A row is a real server in the form of `ipvsadm -Ln`.
type row struct {
	method                   string
	weight, active, inactive int
}

// A listing is what `ipvsadm -Ln` lists. A key is a service and a real server of
// it, as in "TCP 192.0.2.1:80 192.0.2.11:8080".
type listing map[string]row

// table asks the director for its table.
func (d *director) table() listing {
	d.t.Helper()
	const title = "IP Virtual Server version"
	from := d.prints.len()
	d.signal(syscall.SIGUSR1)
	var first []byte
	eventually(d.t, "the director prints its table", func() bool {
		// The listing with statistics, which follows, has the same title.
		_, after, ok := bytes.Cut(d.prints.since(from), []byte(title))
		if ok {
			first, _, ok = bytes.Cut(after, []byte(title))
		}
		return ok
	})
	return parseListing(string(first))
}

// verdict asks the director how many packets have ended in a verdict.
func (d *director) verdict(name string) (n int) {
	d.t.Helper()
	const title = "Verdict "
	from := d.prints.len()
	d.table() // is printed in one piece with what follows it
	_, list, ok := strings.Cut(string(d.prints.since(from)), title)
	if !ok {
		d.t.Fatalf("no verdicts in %q", d.prints.since(from))
	}
	for line := range strings.Lines(list) {
		if count, ok := strings.CutPrefix(line, name+"  "); ok {
			n, err := strconv.Atoi(strings.TrimSpace(count))
			must(d.t, err)
			return n
		}
	}
	d.t.Fatalf("no verdict %q in %q", name, list)
	return 0
}

// parseListing reads the form of `ipvsadm -Ln`.
func parseListing(text string) listing {
	l := listing{}
	service := ""
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) > 3 && f[0] == "FWM" && f[2] == "IPv6":
			service = f[0] + " " + f[1] + " " + f[2]
		case len(f) >= 3 && f[0] != "Prot" && f[0] != "->":
			service = f[0] + " " + f[1]
		case len(f) == 6 && f[0] == "->" && service != "":
			n := func(i int) int {
				v, _ := strconv.Atoi(f[i])
				return v
			}
			l[service+" "+f[1]] = row{f[2], n(3), n(4), n(5)}
		}
	}
	return l
}

// weights returns the weight of each real server of c, under the keys of a
// listing.
func weights(c *config.Config) map[string]int {
	w := map[string]int{}
	for _, s := range c.Services {
		for _, r := range s.Reals {
			w[s.ServiceKey.String()+" "+r.RealKey.String()] = r.Weight
		}
	}
	return w
}

// has reports whether l lists these real servers and no others.
func (l listing) has(want map[string]int) bool {
	got := map[string]int{}
	for key, r := range l {
		got[key] = r.weight
	}
	return maps.Equal(got, want)
}

// connections returns how many connections a service has.
func (l listing) connections(service config.ServiceKey) (active, inactive int) {
	for key, r := range l {
		if strings.HasPrefix(key, service.String()+" ") {
			active += r.active
			inactive += r.inactive
		}
	}
	return active, inactive
}

func TestParseListing(t *testing.T) {
	const text = ` 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  192.0.2.1:80 wrr
  -> 192.0.2.11:8080              Masq    3      2          1         
UDP  [2001:db8::1]:53 rr persistent 300 mask 64 ops
  -> [2001:db8::11]:53            Route   1      0          0         
FWM  5 sh (sh-fallback)
  -> 192.0.2.11:0                 Masq    1      4          0         
FWM  5 IPv6 rr
  -> [2001:db8::11]:0             Masq    1      0          5         
`
	want := listing{
		"TCP 192.0.2.1:80 192.0.2.11:8080":       {"Masq", 3, 2, 1},
		"UDP [2001:db8::1]:53 [2001:db8::11]:53": {"Route", 1, 0, 0},
		"FWM 5 192.0.2.11:0":                     {"Masq", 1, 4, 0},
		"FWM 5 IPv6 [2001:db8::11]:0":            {"Masq", 1, 0, 5},
	}
	if got := parseListing(text); !maps.Equal(got, want) {
		t.Errorf("parseListing = %v, want %v", got, want)
	}
}
