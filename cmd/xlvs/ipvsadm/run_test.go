package ipvsadm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"xlvs/config"
	"xlvs/control"
	"xlvs/control/desired"
	"xlvs/dataplane"
	"xlvs/lvs"
)

// written returns what f writes.
func written(t *testing.T, f func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Each list is that of its function, with the options given.
func TestLists(t *testing.T) {
	all := everything()
	list := func(o ListOptions) string {
		o.Names = known(t)
		return written(t, func(w io.Writer) error { return List(t.Context(), w, all, o) })
	}
	tests := map[string]string{
		"":                      list(ListOptions{}),
		"-L":                    list(ListOptions{}),
		"-l -n":                 list(ListOptions{Numeric: true}),
		"-ln --stats":           list(ListOptions{Numeric: true, Stats: true}),
		"-Ln --rate --exact":    list(ListOptions{Numeric: true, Rate: true, Exact: true}),
		"-LnX --stats":          list(ListOptions{Numeric: true, Stats: true, Exact: true}),
		"-Ln --thresholds":      list(ListOptions{Numeric: true, Thresholds: true}),
		"-Ln --persistent-conn": list(ListOptions{Numeric: true, Persistent: true}),
		"-Ln --tun-info --sort": list(ListOptions{Numeric: true, TunInfo: true}),
		"-Ln --nosort":          list(ListOptions{Numeric: true, NoSort: true}),
		"-L --timeout":          "Timeout (tcp tcpfin udp): 900 120 300\n",
		"-L --daemon":           "",
		"-Lc":                   connectionTitle,
		"-Lc --persistent-conn": engineTitle,
		"-Ln -t 198.51.100.1:443": titles[plain] +
			"TCP  198.51.100.1:443 wlc persistent 600 mask 255.255.255.0 pe sip\n",
		"-S -n": written(t, func(w io.Writer) error { return Save(t.Context(), w, all, SaveOptions{Numeric: true}) }),
		"-S":    written(t, func(w io.Writer) error { return Save(t.Context(), w, all, SaveOptions{Names: known(t)}) }),
	}
	for line, want := range tests {
		t.Run(line, func(t *testing.T) {
			if got := run(t, &fakeDirector{services: all}, "ipvsadm", split(line), ""); got != (result{Stdout: want}) {
				t.Errorf("ipvsadm %s: %+v, want %q", line, got, want)
			}
		})
	}
}

func TestSaveScript(t *testing.T) {
	d := &fakeDirector{services: everything()}
	tests := map[string]struct {
		args []string
		like string // what ipvsadm would be asked
	}{
		"names":             {nil, "-S"},
		"numbers":           {[]string{"-n"}, "-S -n"},
		"words are nothing": {[]string{"x", "-n", "y"}, "-S -n"},
	}
	for name, tt := range tests {
		if got, want := run(t, d, "ipvsadm-save", tt.args, ""), run(t, d, "ipvsadm", split(tt.like), ""); got != want || got.Code != 0 {
			t.Errorf("%s: ipvsadm-save %q: %+v, want %+v", name, tt.args, got, want)
		}
	}
	if got := run(t, d, "ipvsadm-save", []string{"-n", "-x"}, ""); got.Code != 1 || got.Stdout != "" || !strings.HasPrefix(got.Stderr, "ipvsadm-save: Script") {
		t.Errorf("ipvsadm-save -n -x: %+v", got)
	}
}

// What does not concern a director needs none.
func TestWithoutDirector(t *testing.T) {
	none := "Can't initialize ipvs: no director is running\nAre you sure that `xlvs run' runs in this network namespace?\n"
	tests := map[string]result{
		"-h":                    {0, versionLine + helpText, ""},
		"-v":                    {0, versionLine, ""},
		"-A":                    {2, "", "You need to supply the 'service-address' option for the 'add-service' command\n"},
		"":                      {2, "", none},
		"-Ln":                   {2, "", none},
		"-C":                    {2, "", none},
		"-S":                    {2, "", none},
		"-G":                    {2, "", none},
		"-P -f 5 -z 192.0.2.5":  {2, "", none},
		"--start-daemon master": {2, "", none},
	}
	for line, want := range tests {
		if got := run(t, nil, "ipvsadm", split(line), ""); got != want {
			t.Errorf("ipvsadm %s: %+v, want %+v", line, got, want)
		}
		if want.Stderr != none {
			continue
		}
		// Whoever dials may not notice.
		if got := run(t, &fakeDirector{err: control.ErrNoDirector}, "ipvsadm", split(line), ""); got != want && line != "--start-daemon master" {
			t.Errorf("ipvsadm %s, later: %+v, want %+v", line, got, want)
		}
	}
	for _, script := range Programs[1:] {
		if got := run(t, nil, script, nil, ""); got != (result{2, "", none}) {
			t.Errorf("%s: %+v", script, got)
		}
	}
}

// What the kernel has no word for is said as it is.
func TestRefusals(t *testing.T) {
	answered, shut := &control.Error{Code: "permission-denied"}, "Can't initialize ipvs: Permission denied (you must be root)\n"
	tests := map[string]struct {
		line string
		err  error
		want result
	}{
		"invalid":            {"-A -t 192.0.2.1:80", fmt.Errorf("add service: %w: vip", desired.ErrInvalid), result{255, "", invalid + "\nadd service: invalid: vip\n"}},
		"thresholds crossed": {"-e -t 192.0.2.1:80 -r 192.0.2.2 -x 5 -y 6", desired.ErrThresholds, result{255, "", describe(unix.ERANGE) + "\n"}},
		"strange":            {"-D -t 192.0.2.1:80", errors.New("it rains"), result{255, "", "it rains\n"}},
		"no list":            {"-L -n", errors.New("it rains"), result{1, "", "it rains\n"}},
		"no timeouts":        {"-L --timeout", answered, result{1, "", "Permission denied (you must be root)\n"}},
		"no local addresses": {"-G", answered, result{1, "", "Permission denied (you must be root)\n"}},
		"not to be asked":    {"-L -n", control.ErrPermission, result{2, "", shut}},
		"not to be told":     {"-C", control.ErrPermission, result{2, "", shut}},
		"no service to edit": {"-P -f 77 -z 192.0.2.5", nil, result{255, "", "No such service\n"}},
		"daemons":            {"--stop-daemon backup", nil, result{255, "", "connection synchronisation is not supported yet\n"}},
	}
	for name, tt := range tests {
		if got := run(t, &fakeDirector{err: tt.err}, "ipvsadm", split(tt.line), ""); got != tt.want {
			t.Errorf("%s: ipvsadm %s: %+v, want %+v", name, tt.line, got, tt.want)
		}
	}
}

// Who may not speak to the director is not told that there is none.
func TestDialWithoutPermission(t *testing.T) {
	var stderr strings.Builder
	p := Program{Stderr: &stderr, Dial: func() (Director, error) { return nil, fmt.Errorf("dial: %w", control.ErrPermission) }}
	if code := p.Run(t.Context(), "ipvsadm", []string{"-C"}); code != exitUsage || stderr.String() != "Can't initialize ipvs: Permission denied (you must be root)\n" {
		t.Errorf("ipvsadm -C exits with %d and says %q", code, stderr.String())
	}
}

func local(addr string, first, last uint16) config.LocalRange {
	return config.LocalRange{Addr: netip.MustParseAddr(addr), First: first, Last: last}
}

// What ipvsadm does not know of a service is edited alone, and stays otherwise.
func TestEditsOfTheWhole(t *testing.T) {
	is := with(persisting(service(lvs.UDP, "192.0.2.1:53", "rr"), 60, 24, "sip"), func(s *dataplane.ServiceStatus) {
		s.OnePacket, s.LocalAddresses = true, []config.LocalRange{local("192.0.2.5", 1024, 65535), local("192.0.2.6", 2000, 2999), local("192.0.2.6", 3000, 3999)}
		s.ClientAddress, s.MSSClamp = config.ProxyV2, true
	})
	whole := serviceOf(&is)
	edited := config.Service{
		ServiceKey: is.ServiceKey, Scheduler: "wlc", LocalAddresses: is.LocalAddresses, ClientAddress: config.ProxyV2, MSSClamp: true,
	}
	change := func(s config.Service, set func(*config.Service)) config.Service {
		set(&s)
		return s
	}
	tests := map[string]config.Service{
		"-P -u 192.0.2.1:53 -z 192.0.2.7 -z 192.0.2.8:9": change(whole, func(s *config.Service) {
			s.LocalAddresses = append(s.LocalAddresses[:3:3], local("192.0.2.7", 1024, 65535), local("192.0.2.8", 9, 9))
		}),
		"-Q -u 192.0.2.1:53 -z 192.0.2.6": change(whole, func(s *config.Service) { s.LocalAddresses = s.LocalAddresses[:1] }),
		"-Q -u 192.0.2.1:53 -z 192.0.2.6:2000-2999": change(whole, func(s *config.Service) {
			s.LocalAddresses = []config.LocalRange{s.LocalAddresses[0], s.LocalAddresses[2]}
		}),
		"-Q -u 192.0.2.1:53 -z 192.0.2.6 -z 192.0.2.5": change(whole, func(s *config.Service) { s.LocalAddresses = []config.LocalRange{} }),
		"-E -u 192.0.2.1:53 --client-address none":     change(edited, func(s *config.Service) { s.ClientAddress = config.NoClientAddress }),
		"-E -u 192.0.2.1:53 --no-mss-clamp":            change(edited, func(s *config.Service) { s.MSSClamp = false }),
		"-E -u 192.0.2.1:53 -z 192.0.2.9:1":            change(edited, func(s *config.Service) { s.LocalAddresses = []config.LocalRange{local("192.0.2.9", 1, 1)} }),
	}
	for line, want := range tests {
		t.Run(line, func(t *testing.T) {
			d := &fakeDirector{services: []dataplane.ServiceStatus{is}}
			got := run(t, d, "ipvsadm", split(line), "")
			op := desired.Operation{Kind: desired.EditService, Key: is.ServiceKey, Service: want, Whole: true}
			if got != (result{}) || len(d.ops) != 1 || !reflect.DeepEqual(d.ops[0], op) {
				t.Errorf("ipvsadm %s: %+v and\n%+v, want\n%+v", line, got, d.ops, op)
			}
		})
	}
	d := &fakeDirector{services: []dataplane.ServiceStatus{is}}
	if got := run(t, d, "ipvsadm", split("-Q -u 192.0.2.1:53 -z 192.0.2.5:1024"), ""); got != (result{255, "", "No such local address: 192.0.2.5\n"}) || d.ops != nil {
		t.Errorf("to delete what is not there: %+v and %+v", got, d.ops)
	}
}

// Who looks, and then changes what was seen, undoes nobody's change.
func TestEditLooksAgain(t *testing.T) {
	is := service(lvs.TCP, "192.0.2.1:80", "rr")
	d := &fakeDirector{services: []dataplane.ServiceStatus{is}, stale: 3}
	if got := run(t, d, "ipvsadm", split("-P -t 192.0.2.1:80 -z 192.0.2.5"), ""); got != (result{}) || len(d.ops) != 1 || d.stale != 0 {
		t.Errorf("with three changes meanwhile: %+v, and %d operations", got, len(d.ops))
	}
}

func TestListLocals(t *testing.T) {
	is := with(service(lvs.TCP, "192.0.2.1:80", "rr"), func(s *dataplane.ServiceStatus) {
		s.LocalAddresses = []config.LocalRange{local("2001:db8::5", 1024, 65535)}
	})
	d := &fakeDirector{services: []dataplane.ServiceStatus{marked(5, netip.IPv4Unspecified(), "rr"), is}}
	one := "TCP  192.0.2.1:80\n  -> [2001:db8::5]:1024-65535\n"
	for line, want := range map[string]string{"-G -n": one + "FWM  5\n", "--get-laddr -n -t 192.0.2.1:80": one} {
		if got := run(t, d, "ipvsadm", split(line), ""); got != (result{Stdout: want}) {
			t.Errorf("ipvsadm %s: %+v, want %q", line, got, want)
		}
	}
}

// A full disk is not a success.
func TestProgramReportsItsWriter(t *testing.T) {
	for _, line := range []string{"-h", "-Ln", "-S", "-G", "-Lc", "-L --timeout"} {
		var stderr strings.Builder
		d := &fakeDirector{services: everything()}
		p := Program{Stdout: fullDisk{}, Stderr: &stderr, Names: known(t), Dial: func() (Director, error) { return d, nil }}
		if code := p.Run(t.Context(), "ipvsadm", split(line)); code != exitList || stderr.String() != errFull.Error()+"\n" {
			t.Errorf("ipvsadm %s exits with %d and says %q", line, code, stderr.String())
		}
	}
}
