package scenario

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// firstPort is that of the first of many services.
const firstPort = 8001

// every returns a configuration with a service for each scheduler, on one port
// after the other.
func (s *site) every(mode config.Mode) *config.Config {
	all := s.config(mode, lvs.SchedulerNames[0], lvs.TCP, firstPort, 1, 2)
	for i, name := range lvs.SchedulerNames[1:] {
		one := s.config(mode, name, lvs.TCP, firstPort+1+uint16(i), 1, 2)
		all.Services = append(all.Services, one.Services...)
	}
	return all
}

// servers is how many of two real servers, idle and of weights 1 and 2, a client
// gets to know that makes one connection after the other. Of others it may be one
// or both.
var servers = map[string]int{
	"rr": 2, "wrr": 2, "lc": 2, "wlc": 2,
	"lblc": 1, "lblcr": 1, "dh": 1, "sh": 1, "mh": 1, "fo": 1,
}

// A director has services of all schedulers at once, and lists them by the names
// that ipvsadm knows. Those that go by address keep a client where it is.
func TestEveryScheduler(t *testing.T) {
	for _, mode := range bothModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := simple.raise(t, lab.WireOptions{})
			serveAll(t, s)
			d := direct(t, s, s.every(mode))
			from := d.prints.len()
			d.table()
			list := string(d.prints.since(from))
			for i, name := range lvs.SchedulerNames {
				port := firstPort + uint16(i)
				line := fmt.Sprintf(`(?m)^TCP  \S+:%d %s$`, port, name)
				if n := len(regexp.MustCompile(line).FindAllString(list, -1)); n != 2 {
					t.Errorf("%d lines match %q, want 2, in\n%s", n, line, list)
				}
				for _, f := range s.families() {
					checkScheduler(t, s, f, name, port)
				}
			}
		})
	}
}

// checkScheduler has the client ask the service on port a few times, and checks
// who answers.
func checkScheduler(t *testing.T, s *site, f family, name string, port uint16) {
	t.Helper()
	answers := map[string]int{}
	for line := range strings.Lines(curl(t, s.Client, url(f.vip, port)+"[1-6]")) {
		answers[strings.TrimSpace(line)]++
	}
	if answers["rs1 "+f.client]+answers["rs2 "+f.client] != 6 {
		t.Errorf("%s, %s: answers %v, want 6 of real servers that know the client", name, f.name, answers)
	}
	if want := servers[name]; want != 0 && len(answers) != want {
		t.Errorf("%s, %s: answers %v, want %d real servers", name, f.name, answers, want)
	}
}
