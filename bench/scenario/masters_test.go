package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// What the file says and what ipvsadm says live side by side.
func TestTwoMasters(t *testing.T) {
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{})
	serveAll(t, s)
	d := direct(t, s, s.web(config.XDP))
	sh := newShell(t, s.Director)
	sh.run("ipvsadm -A -u 192.0.2.1:53 -s rr; ipvsadm -E -t 198.51.100.1:80 -s wrr; ipvsadm --set 100 0 0")

	d.write(s.config(config.XDP, "sed", lvs.TCP, 80))
	plan := sh.run("xlvs apply --dry-run")
	for _, want := range []string{"service TCP 198.51.100.1:80", "wrr -> sed", "kept: "} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan is\n%s\nwithout %q", plan, want)
		}
	}
	if got := sh.run("ipvsadm-save -n"); !strings.Contains(got, "-s wrr") {
		t.Errorf("a plan has changed the state to\n%s", got)
	}
	if done := sh.run("xlvs reload"); done != plan {
		t.Errorf("reload says\n%s\nwhere the plan was\n%s", done, plan)
	}
	if got := sh.run("ipvsadm-save -n"); !strings.Contains(got, "-t 198.51.100.1:80 -s sed") || !strings.Contains(got, "-u 192.0.2.1:53") {
		t.Errorf("after a reload the state is\n%s", got)
	}
	sh.want("ipvsadm -l --timeout", "Timeout (tcp tcpfin udp): 100 120 300\n")
	curl(t, s.Client, url(s.Public, 80))

	sh.run("xlvs reload --prune")
	if got := sh.run("ipvsadm-save -n"); strings.Contains(got, "-u 192.0.2.1:53") {
		t.Errorf("after --prune the state is\n%s", got)
	}
	sh.want("ipvsadm -l --timeout", "Timeout (tcp tcpfin udp): 900 120 300\n")
}

// The running state is saved over the file, whose comments stay.
func TestSave(t *testing.T) {
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{})
	d := direct(t, s, config.Default())
	sh := newShell(t, s.Director)
	must(t, os.WriteFile(d.path, []byte(`# the pair of web servers
[[service]] # HTTP
protocol = "tcp"
vip = "198.51.100.1"
port = 80
  [[service.real]]
  address = "192.0.2.11" # the old one
  forward = "nat"
`), 0o600))
	must(t, os.Chmod(d.path, 0o640))
	sh.run("xlvs reload; ipvsadm -e -t 198.51.100.1:80 -r 192.0.2.11 -m -w 7; ipvsadm -A -u 192.0.2.1:53 -s mh -o")
	before := sh.run("ipvsadm-save -n")
	sh.run("xlvs save")
	file, err := os.ReadFile(d.path)
	must(t, err)
	for _, want := range []string{"# the pair of web servers", "# HTTP", "# the old one", "weight = 7", `scheduler = "mh"`} {
		if !strings.Contains(string(file), want) {
			t.Errorf("saved is\n%s\nwithout %q", file, want)
		}
	}
	if info, err := os.Stat(d.path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file's mode is %v, %v, want 0640", info.Mode(), err)
	}
	sh.run("ipvsadm -C; xlvs reload --prune")
	sh.want("ipvsadm-save -n", before)
	sh.run("ipvsadm -A -u 192.0.2.2:53; xlvs save")
	must(t, os.WriteFile(d.path, file, 0o640)) // which lacks what was saved last
	sh.run("xlvs reload")
	sh.want("ipvsadm-save -n", before)
	copied := filepath.Join(t.TempDir(), "copy.toml")
	sh.run(fmt.Sprintf("xlvs save -o %s && xlvs check -c %s && xlvs save -o - | cmp - %[1]s", copied, copied))
}

// A file with `watch = true` is followed as it changes, and not while it is wrong.
func TestWatchedFile(t *testing.T) {
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{})
	c := config.Default()
	c.Watch = true
	d := direct(t, s, c)
	sh := newShell(t, s.Director)
	lists := func(words string) func() bool {
		return func() bool { return strings.Contains(sh.run("ipvsadm-save -n"), words) }
	}
	must(t, os.WriteFile(d.path, []byte("watch = true\n[[service]]\nprotocol = \"udp\"\nvip = \"192.0.2.1\"\nport = 53\n"), 0o600))
	eventually(t, "the director follows its file", lists("-u 192.0.2.1:53"))
	from := d.log.len()
	must(t, os.WriteFile(d.path, []byte("watch = true\n[[service]]\nport = \"many\"\n"), 0o600))
	eventually(t, "the director complains", d.says(from, "stays in force"))
	if !lists("-u 192.0.2.1:53")() {
		t.Error("a broken file has changed something")
	}
	next := filepath.Join(filepath.Dir(d.path), "next.toml")
	must(t, os.WriteFile(next, []byte("watch = true\n[[service]]\nprotocol = \"udp\"\nvip = \"192.0.2.1\"\nport = 54\n"), 0o600))
	must(t, os.Rename(next, d.path))
	eventually(t, "the director follows another file in its place", lists("-u 192.0.2.1:54"))
}

// /proc/net's files and the API show the same.
func TestProcAndAPI(t *testing.T) {
	t.Parallel()
	s := simple.raise(t, lab.WireOptions{})
	serveAll(t, s)
	direct(t, s, s.web(config.Packet))
	checkTurns(t, s, s.families()[0], 4)
	sh := newShell(t, s.Director)
	for script, want := range map[string]string{
		"xlvs proc ip_vs":       "TCP  C6336401:0050 rr  \n  -> C000020",
		"xlvs proc ip_vs_conn":  "TCP C6336407 ",
		"xlvs proc ip_vs_stats": "   Total Incoming Outgoing         Incoming         Outgoing\n   Conns  Packets  Packets            Bytes            Bytes\n       4 ",
		"xlvs proc ip_vs_app":   "prot port    usecnt name\n",
		`curl -s --unix-socket /run/xlvs/$(stat -Lc %i /proc/self/ns/net).sock http://xlvs/v1/services/tcp-198.51.100.1:80`: `"scheduler":"rr"`,
	} {
		if got := sh.run(script); !strings.Contains(got, want) {
			t.Errorf("%s prints\n%s\nwithout\n%s", script, got, want)
		}
	}
}
