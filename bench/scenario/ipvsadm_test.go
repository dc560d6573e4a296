package scenario

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
)

// programs is a folder in which xlvs goes by the names of ipvsadm and its scripts,
// for the front of a PATH.
func programs(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{"xlvs", "ipvsadm", "ipvsadm-save", "ipvsadm-restore"} {
		must(t, os.Symlink(os.Getenv(binaryKey), filepath.Join(dir, name)))
	}
	return dir
}

// A shell runs scripts in a host, with programs in its PATH.
type shell struct {
	t    *testing.T
	host *lab.Host
	path string
}

func newShell(t *testing.T, h *lab.Host) *shell {
	t.Helper()
	return &shell{t, h, programs(t) + ":" + os.Getenv("PATH")}
}

// try runs script, and returns what it printed and its exit code.
func (s *shell) try(script string) (stdout, stderr string, exitCode int) {
	s.t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.Env = append(os.Environ(), "PATH="+s.path)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	p, err := s.host.Start(cmd)
	must(s.t, err)
	_ = p.Wait() // the exit code says it
	return out.String(), complaints.String(), cmd.ProcessState.ExitCode()
}

// run runs a script that must not complain, and returns what it printed.
func (s *shell) run(script string) string {
	s.t.Helper()
	out, complaints, code := s.try(script)
	if code != 0 || complaints != "" {
		s.t.Fatalf("%s\nends with %d and says\n%s", script, code, complaints)
	}
	return out
}

// want checks that a script prints exactly that.
func (s *shell) want(script, want string) {
	s.t.Helper()
	if got := s.run(script); got != want {
		s.t.Errorf("%s\nprinted\n%s\nwant\n%s", script, got, want)
	}
}

// title is what every list begins with.
const title = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
`

// The tutorial's script for one public address works word for word.
func TestTutorialsScript(t *testing.T) {
	for _, mode := range bothModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := s1.raise(t, lab.WireOptions{})
			serveAll(t, s)
			empty := config.Default()
			empty.Dataplane.Mode = mode
			direct(t, s, empty)
			sh := newShell(t, s.Director)
			sh.want(`ipvsadm -C; ipvsadm -A -t 192.168.56.128:80 -s rr; ipvsadm -a -t 192.168.56.128:80 -r 192.168.0.134:80 -m -w 1; ipvsadm -a -t 192.168.56.128:80 -r 192.168.0.140:80 -m -w 1`, "")
			checkTurns(t, s, s.families()[0], 20)
			checkLists(t, sh)
			sh.run("ipvsadm -C")
			sh.want("ipvsadm -ln", title)
			checkRefused(t, s.Client, s.Public, 80)
		})
	}
}

// checkLists checks what is listed after twenty requests.
func checkLists(t *testing.T, sh *shell) {
	t.Helper()
	sh.want("ipvsadm -ln", title+
		"TCP  192.168.56.128:80 rr\n"+
		"  -> 192.168.0.134:80             Masq    1      0          10        \n"+
		"  -> 192.168.0.140:80             Masq    1      0          10        \n")
	stats := strings.Fields(sh.run("ipvsadm -ln --stats | grep TCP"))
	if len(stats) != 7 || stats[2] != "20" || stats[3] == "0" || stats[6] == "0" {
		t.Errorf("statistics are %q, want 20 connections, and packets and bytes both ways", stats)
	}
	if rates := sh.run("ipvsadm -ln --rate"); !strings.Contains(rates, "TCP  192.168.56.128:80 ") {
		t.Errorf("rates are\n%s", rates)
	}
	if list := sh.run("ipvsadm -lnc"); strings.Count(list, "TIME_WAIT") != 20 {
		t.Errorf("connections are\n%s\nwant twenty that wait", list)
	}
	sh.run("ipvsadm -Z")
	if stats := strings.Fields(sh.run("ipvsadm -ln --stats | grep TCP")); stats[2] != "0" {
		t.Errorf("statistics are %q after -Z, want zeros", stats)
	}
}

// everyKind is a service of each kind that ipvsadm knows, and of ours.
const everyKind = `-A -t 192.0.2.1:80 -s wlc -p 360
-a -t 192.0.2.1:80 -r 192.0.2.11:80 -m -w 1
-a -t 192.0.2.1:80 -r 192.0.2.12:8080 -m -w 3
-A -t 192.0.2.1:443 -s sh -p 600 -M 255.255.255.0 -b sh-fallback,sh-port
-A -t 192.0.2.2:80 -s rr
-a -t 192.0.2.2:80 -r 192.0.2.11:80 -i -w 1 --tun-type ipip
-a -t 192.0.2.2:80 -r 192.0.2.12:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
-a -t 192.0.2.2:80 -r 192.0.2.13:80 -i -w 0 --tun-type gre --tun-nocsum
-A -t [2001:db8:2::1]:80 -s nq
-a -t [2001:db8:2::1]:80 -r [2001:db8:2::11]:80 -g -w 7
-A -u 192.0.2.1:53 -s mh -o -b mh-port
-a -u 192.0.2.1:53 -r 192.0.2.12:53 -g -w 1
-A -u 192.0.2.1:5060 -s rr -p 360 --pe sip
-A --sctp-service 192.0.2.1:9000 -s rr
-A -f 5 -s lblcr
-a -f 5 -r 192.0.2.11:0 -g -w 1
-A -f 5 -6 -s rr -p 360 -M 64
-a -f 5 -6 -r [2001:db8:2::12]:80 -g -w 100
`

func TestSaveAndRestore(t *testing.T) {
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{})
	direct(t, s, config.Default())
	sh := newShell(t, s.Director)
	rules := filepath.Join(t.TempDir(), "rules")
	must(t, os.WriteFile(rules, []byte("# every kind\n"+everyKind), 0o600))
	sh.run("ipvsadm-restore < " + rules)
	saved := sh.run("ipvsadm-save -n")
	if got, want := sortedLines(saved), sortedLines(everyKind); got != want {
		t.Errorf("saved is\n%s\nwant\n%s", got, want)
	}
	sh.run("ipvsadm-save -n > " + rules + "; ipvsadm -C")
	sh.want("ipvsadm-save -n", "")
	sh.run("ipvsadm-restore < " + rules)
	sh.want("ipvsadm-save -n", saved)
	sh.run("ipvsadm-save -n | xlvs import ipvsadm > " + rules + " && xlvs apply --prune -c " + rules)
	sh.want("ipvsadm-save -n", saved)
}

func sortedLines(text string) string {
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// In each network namespace ipvsadm finds the director of that, and where there is
// none it says so.
func TestDirectorOfEachNamespace(t *testing.T) {
	t.Parallel()
	here, there := simple.raise(t, lab.WireOptions{}), simple.raise(t, lab.WireOptions{})
	direct(t, here, config.Default())
	direct(t, there, config.Default())
	at, other, nowhere := newShell(t, here.Director), newShell(t, there.Director), newShell(t, here.Client)
	at.run("ipvsadm -A -t 192.0.2.1:80 -s rr")
	at.want("ipvsadm -ln", title+"TCP  192.0.2.1:80 rr\n")
	other.want("ipvsadm -ln", title)
	for _, script := range []string{"ipvsadm -ln", "ipvsadm -A -t 192.0.2.1:80", "ipvsadm-restore </dev/null"} {
		if out, complaint, code := nowhere.try(script); out != "" || code == 0 || !strings.Contains(complaint, "no director is running") {
			t.Errorf("without a director, %s prints %q, says %q and ends with %d", script, out, complaint, code)
		}
	}
}

// What ipvsadm refuses, it refuses with its own words and exit codes.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{})
	direct(t, s, config.Default())
	sh := newShell(t, s.Director)
	sh.run("ipvsadm -A -t 192.0.2.1:80")
	tests := []struct {
		script, complaint string
		code              int
	}{
		{"ipvsadm -A -t 192.0.2.1:80", "Service already exists", 255},
		{"ipvsadm -D -t 192.0.2.1:81", "No such service", 255},
		{"ipvsadm -a -t 192.0.2.1:81 -r 192.0.2.11", "Service not defined", 255},
		{"ipvsadm -d -t 192.0.2.1:80 -r 192.0.2.11", "No such destination", 255},
		{"ipvsadm -E -t 192.0.2.1:80 -s best", "Scheduler or persistence engine not found", 255},
		{"ipvsadm -A -t 192.0.2.1:0", "Zero port specified for non-persistent service", 2},
	}
	for _, tt := range tests {
		if out, complaint, code := sh.try(tt.script); out != "" || strings.TrimSpace(complaint) != tt.complaint || code != tt.code {
			t.Errorf("%s prints %q, says %q and ends with %d, want %q and %d", tt.script, out, complaint, code, tt.complaint, tt.code)
		}
	}
	sh.want("ipvsadm -ln", title+"TCP  192.0.2.1:80 wlc\n")
}
