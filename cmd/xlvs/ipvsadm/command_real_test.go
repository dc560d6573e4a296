package ipvsadm

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/control"
	"xlvs/control/desired"
)

var update = flag.Bool("update", false, "write testdata/lines.txt anew, by what the real ipvsadm does")

// linesFile has command lines, and what ipvsadm 1.31 of Debian 12 makes of them:
// its exit code and what it writes to stderr; 0 for a line that it goes to work on.
const linesFile = "testdata/lines.txt"

// readLines returns the command lines of linesFile and what is behind each.
func readLines(t testing.TB) (trials []trial, want []string) {
	t.Helper()
	text, err := os.ReadFile(linesFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		commandLine, outcome, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " => ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		trials, want = append(trials, trial{Args: split(commandLine)}), append(want, outcome)
	}
	return trials, want
}

// outcome returns a result as linesFile has it. What depends on the kernel, or on
// the director, comes behind the work that a command line asks for.
func outcome(r result) string {
	switch text := strings.TrimSuffix(r.Stderr, "\n"); text {
	case "Operation not supported with specified address family", "cannot open file /proc/net/ip_vs_conn",
		"connection synchronisation is not supported yet", noService:
		return "0"
	case "":
		return fmt.Sprint(r.Code)
	default:
		return fmt.Sprint(r.Code, " ", strings.ReplaceAll(text, "\n", `\n`))
	}
}

// Every command line means what it means to ipvsadm, or is wrong in the same words.
func TestLines(t *testing.T) {
	trials, want := readLines(t)
	for i, tt := range trials {
		got := run(t, &fakeDirector{services: everything()}, "ipvsadm", tt.Args, "")
		if outcome(got) != want[i] {
			t.Errorf("ipvsadm %q: %s, want %s", tt.Args, outcome(got), want[i])
		}
	}
}

// What linesFile says is what the real ipvsadm does.
func TestLinesAreIpvsadms(t *testing.T) {
	trials, want := readLines(t)
	var text strings.Builder
	for i, r := range try(t, 0, trials) {
		if outcome(r) != want[i] && !*update {
			t.Errorf("the real ipvsadm %q: %s, want %s", trials[i].Args, outcome(r), want[i])
		}
		fmt.Fprintf(&text, "%s => %s\n", join(trials[i].Args), outcome(r))
	}
	if *update {
		if err := os.WriteFile(linesFile, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// join returns what split takes apart.
func join(words []string) string {
	words = append([]string(nil), words...)
	for i, w := range words {
		if words[i] = strings.ReplaceAll(w, " ", `\s`); w == "" {
			words[i] = `""`
		}
	}
	return strings.Join(words, " ")
}

// examples are an argument for each option that stock ipvsadm has, in no order.
var examples = []string{
	"--mcast-ttl 5", "--tun-remcsum", "-b flag-1", "--stats", "-t 192.0.2.1:80", "-u 192.0.2.1:53", "-f 5", "-c", "-n", "-r 192.0.2.2",
	"--sync-maxlen 7", "-w 5", "-x 6", "-y 5", "-i", "-m", "-s sh", "-p", "-p 300", "-M 255.255.255.0", "--pe sip", "-o", "--timeout",
	"--daemon", "--rate", "--thresholds", "--persistent-conn", "--nosort", "--sort", "--exact", "--tun-info", "--tun-type gue",
	"--tun-port 6080", "--tun-csum", "--tun-nocsum", "--syncid 5", "--mcast-interface e", "--mcast-group 224.0.0.1", "--mcast-port 5", "-6", "x",
}

// Each command takes and refuses each option as the real ipvsadm does, alone or
// beside another.
func TestOptionsAreIpvsadms(t *testing.T) {
	commands := []string{
		"-A", "-A -t 192.0.2.1:80", "-A -f 5", "-E -u 192.0.2.1:53", "-D", "-D -t 192.0.2.1:80", "-C", "-L", "-L -f 5", "-Z", "-R", "-S",
		"-a -t 192.0.2.1:80", "-a -t 192.0.2.1:80 -r 192.0.2.3:81", "-e -f 5 -6 -r 2001:db8::3 -i", "-d -t 192.0.2.1:80 -r 192.0.2.3",
		"--set 1 2 3", "--start-daemon master", "--stop-daemon backup",
	}
	var trials []trial
	for _, command := range commands {
		for i, option := range examples {
			if i%3 == 0 {
				option += " " + examples[(7*i+3)%len(examples)]
			}
			trials = append(trials, trial{Args: split(command + " " + option)})
		}
	}
	for i, want := range try(t, 0, trials) {
		got := run(t, &fakeDirector{services: everything()}, "ipvsadm", trials[i].Args, "")
		if outcome(got) != outcome(want) {
			t.Errorf("ipvsadm %q: %s, the real one: %s", trials[i].Args, outcome(got), outcome(want))
		}
	}
}

// -h says more than ipvsadm, -v the same.
func TestHelpIsIpvsadms(t *testing.T) {
	trials := []trial{{Args: []string{"-h"}}, {Args: []string{"--version", "and", "more"}}}
	for i, want := range try(t, 0, trials) {
		got := run(t, nil, "ipvsadm", trials[i].Args, "")
		if got.Code != want.Code || got.Stderr != want.Stderr || !strings.HasPrefix(got.Stdout, want.Stdout) {
			t.Errorf("ipvsadm %q: %+v, want %+v", trials[i].Args, got, want)
		}
	}
}

// A change that the director refuses is refused in the words for a kernel that does.
func TestRefusalsAreIpvsadms(t *testing.T) {
	errs := map[unix.Errno][]error{
		unix.EEXIST: {desired.ErrServiceExists, desired.ErrDestinationExists},
		unix.ESRCH:  {desired.ErrNoService},
		unix.ENOENT: {desired.ErrNoScheduler, desired.ErrNoDestination},
		unix.EPERM:  {&control.Error{Code: "permission-denied"}}, // one that answers
	}
	for errno, errs := range errs {
		var trials []trial
		for _, line := range []string{
			"-A -t 192.0.2.1:80", "-E -t 192.0.2.1:80", "-D -t 192.0.2.1:80", "-Z -t 192.0.2.1:80", "-C", "--set 1 2 3",
			"-a -t 192.0.2.1:80 -r 192.0.2.2", "-e -t 192.0.2.1:80 -r 192.0.2.2", "-d -t 192.0.2.1:80 -r 192.0.2.2", "-L -n -t 192.0.2.1:80",
		} {
			trials = append(trials, trial{Args: split(line)})
		}
		for i, want := range try(t, errno, trials) {
			if strings.TrimSpace(want.Stderr) == describe(errno) {
				continue // ipvsadm does not expect this of the kernel
			}
			for _, err := range errs {
				d := &fakeDirector{err: fmt.Errorf("told: %w", err)}
				if got := run(t, d, "ipvsadm", trials[i].Args, ""); got == want {
					want = result{}
				}
			}
			if want != (result{}) {
				t.Errorf("ipvsadm %q with %v: nothing gives %+v", trials[i].Args, errno, want)
			}
		}
	}
}

// describe returns the C library's text for an errno.
func describe(errno unix.Errno) string {
	text := errno.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}
