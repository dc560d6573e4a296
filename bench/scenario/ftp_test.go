package scenario

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// bothModes are the two ways to get at frames; generic XDP is a bit of each.
var bothModes = []config.Mode{config.XDP, config.Packet}

// vsftpd is an FTP server where anybody may take anything, and leave it in the
// folder incoming. Active data connections come from port 20.
const vsftpd = `
background=NO
listen=NO
listen_ipv6=YES
anonymous_enable=YES
no_anon_password=YES
write_enable=YES
anon_upload_enable=YES
anon_umask=022
anon_root=%[1]s/root
secure_chroot_dir=%[1]s/empty
connect_from_port_20=YES
seccomp_sandbox=NO
isolate=NO
isolate_network=NO
`

// ftpWays are the ways to agree upon a data connection.
var ftpWays = map[string]struct {
	command string
	args    []string // for curl
	v6      bool     // works over IPv6 too
}{
	"active, EPRT":  {"EPRT", []string{"--ftp-port", "-"}, true},
	"active, PORT":  {"PORT", []string{"--ftp-port", "-", "--disable-eprt"}, false},
	"passive, EPSV": {"EPSV", nil, true},
	// The address in the answer counts, as it does for older clients.
	"passive, PASV": {"PASV", []string{"--disable-epsv", "--no-ftp-skip-pasv-ip"}, false},
}

// FTP tells addresses and ports of data connections in the payload of another.
// Under masquerading they are right at both ends. Under direct routing it is
// persistence that brings the data to the real server that waits for them.
func TestFTP(t *testing.T) {
	deployments := []struct {
		name string
		deployment
		persistence time.Duration
	}{{"masquerading", simple, 0}, {"direct routing", s3b, time.Minute}}
	for _, d := range deployments {
		for _, mode := range bothModes {
			t.Run(fmt.Sprintf("%s, %s", d.name, mode), func(t *testing.T) {
				t.Parallel()
				need(t, "vsftpd", "curl")
				s := d.raise(t, lab.WireOptions{})
				s.port = 21
				var roots []string
				for _, rs := range s.Real {
					roots = append(roots, serveFTP(t, rs))
				}
				c := s.config(mode, "rr", lvs.TCP, 21)
				if d.persistence != 0 {
					persistent(c, d.persistence, 32, 128)
				}
				direct(t, s, c)
				for _, f := range s.families() {
					clients := moreClients(t, s, f, len(s.Real))
					checkFTPWays(t, s, f, clients, roots)
				}
			})
		}
	}
}

// checkFTPWays has as many clients as there are servers try all ways, and checks
// that each server gets one of them.
func checkFTPWays(t *testing.T, s *site, f family, clients, roots []string) {
	t.Helper()
	for name, way := range ftpWays {
		if f.vip.Is6() && !way.v6 {
			continue
		}
		t.Run(f.name+", "+name, func(t *testing.T) {
			for _, client := range clients {
				file := f.name + "-" + way.command + "-" + client
				args := append([]string{"--interface", client}, way.args...)
				checkFTP(t, s, f, file, way.command, args)
			}
			checkSpread(t, roots, f.name+"-"+way.command+"-*")
		})
	}
}

// serveFTP runs vsftpd in h, and returns the folder that its clients see.
func serveFTP(t *testing.T, h *lab.Host) (root string) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o711)) // the server's user has to pass
	root = filepath.Join(dir, "root")
	incoming := filepath.Join(root, "incoming")
	must(t, os.MkdirAll(incoming, 0o755))
	must(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	anybody, err := user.Lookup("ftp")
	must(t, err)
	uid, err := strconv.Atoi(anybody.Uid)
	must(t, err)
	must(t, os.Chown(incoming, uid, -1))
	conf := filepath.Join(dir, "vsftpd.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, vsftpd, dir), 0o600))
	p, err := h.Start(exec.Command("vsftpd", conf))
	must(t, err)
	t.Cleanup(p.Stop)
	awaitPort(t, h, netip.AddrPortFrom(netip.IPv6Loopback(), 21))
	return root
}

// checkFTP leaves a large file at one of the servers and takes it back twice, all
// over one control connection. Other servers do not have the file.
func checkFTP(t *testing.T, s *site, f family, name, command string, args []string) {
	t.Helper()
	dir := t.TempDir()
	original := filepath.Join(dir, "original")
	want := writeLarge(t, original, 3<<20)
	from := "ftp://" + netip.AddrPortFrom(f.vip, 21).String() + "/incoming/" + name
	args = append([]string{"-v"}, args...)
	var all []string
	for i, transfer := range [][]string{
		{"-T", original, from},
		{"-o", filepath.Join(dir, "first"), from},
		{"-o", filepath.Join(dir, "second"), from},
	} {
		if i > 0 {
			all = append(all, "--next", "-sSf", "--max-time", "30")
		}
		all = append(append(all, args...), transfer...)
	}
	dialogue := curl(t, s.Client, all...)
	for _, file := range []string{"first", "second"} {
		if got := sum(t, filepath.Join(dir, file)); got != want {
			t.Errorf("%s copy has sum %s, want %s", file, got, want)
		}
	}
	checkDialogue(t, dialogue, command)
}

// checkDialogue checks that all transfers were on one control connection, and
// agreed upon by command: the client has others to fall back on if that fails.
func checkDialogue(t *testing.T, dialogue, command string) {
	t.Helper()
	want := map[string]int{"USER": 1, "EPRT": 0, "PORT": 0, "EPSV": 0, "PASV": 0}
	want[command] = 3
	for sent, n := range want {
		if got := strings.Count(dialogue, "\n> "+sent); got != n {
			t.Errorf("the client sent %s %d times, want %d:\n%s", sent, got, n, dialogue)
		}
	}
}

// checkSpread checks that each server has got one of the files.
func checkSpread(t *testing.T, roots []string, pattern string) {
	t.Helper()
	for i, root := range roots {
		files, err := filepath.Glob(filepath.Join(root, "incoming", pattern))
		must(t, err)
		if len(files) != 1 {
			t.Errorf("rs%d has got %q, want one file", i+1, files)
		}
	}
}
