package host

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet/packettest"
)

// victimKey in the environment makes the test binary a process that opens a
// door of that kind, says so and waits to be killed.
const victimKey = "XLVS_TEST_DOOR"

func TestMain(m *testing.M) {
	if kind := os.Getenv(victimKey); kind != "" {
		os.Exit(victim(kind))
	}
	os.Exit(m.Run())
}

func victim(kind string) int {
	port, err := netlink.LinkByName("in")
	if err != nil {
		os.Stdout.WriteString(err.Error() + "\n")
		return 1
	}
	if _, err = kinds[kind]([]Port{{in, port.Attrs().Index}}, Options{}); err != nil {
		os.Stdout.WriteString(err.Error() + "\n")
		return 1
	}
	os.Stdout.WriteString("open\n")
	io.Copy(io.Discard, os.Stdin)
	return 0
}

// traces counts what a door leaves in the director's namespace: interfaces
// beyond those of the lab, and tcx programs on the loopback interface.
func (l *lab) traces() int {
	l.t.Helper()
	links, err := netlink.LinkList()
	must(l.t, err)
	return len(links) - 3 + programs(l.t)
}

// programs counts the tcx programs on the loopback interface.
func programs(t testing.TB) int {
	t.Helper()
	found, err := link.QueryPrograms(link.QueryOptions{Target: loopback, Attach: ebpf.AttachTCXIngress})
	must(t, err)
	return len(found.Programs)
}

// TestCloseLeavesNothing: closing and killing both take all away.
func TestCloseLeavesNothing(t *testing.T) {
	for name, open := range kinds {
		t.Run(name+" closed", func(t *testing.T) {
			l := newLab(t)
			d, err := open(l.ports, Options{})
			must(t, err)
			if n := l.traces(); n != 1 {
				t.Errorf("%d traces of an open door, want 1", n)
			}
			must(t, errors.Join(d.Close(), d.Close()))
			eventually(t, "no traces", func() bool { return l.traces() == 0 })
		})
		t.Run(name+" killed", func(t *testing.T) {
			l := newLab(t)
			// The child is in this thread's namespace.
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), victimKey+"="+name)
			cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
			in, err := cmd.StdinPipe()
			must(t, err)
			defer in.Close()
			out, err := cmd.StdoutPipe()
			must(t, err)
			must(t, cmd.Start())
			line, _ := bufio.NewReader(out).ReadString('\n')
			if n := l.traces(); line != "open\n" || n != 1 {
				t.Errorf("the child says %q, and there are %d traces, want 1", line, n)
			}
			must(t, cmd.Process.Kill())
			_ = cmd.Wait() // "signal: killed"
			eventually(t, "no traces", func() bool { return l.traces() == 0 })
		})
	}
}

// TestNoTUN is a host without /dev/net/tun: in a mount namespace of the test's
// thread something else covers it.
func TestNoTUN(t *testing.T) {
	l := newLab(t)
	must(t, unix.Unshare(unix.CLONE_NEWNS))
	must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	must(t, unix.Mount("none", "/dev/net", "tmpfs", 0, ""))
	if _, err := Open(l.ports, Options{}); !errors.Is(err, ErrNoTUN) {
		t.Errorf("Open: %v, want %v", err, ErrNoTUN)
	}
	if n := l.traces(); n != 0 {
		t.Errorf("%d traces of a door that did not open", n)
	}
}

// TestDeviceIsGone: somebody deletes the TAP under the door.
func TestDeviceIsGone(t *testing.T) {
	l := newLab(t)
	d := l.open(Open)
	if l, err := netlink.LinkByName(d.Name()); err != nil || l.Attrs().Index != d.Index() {
		t.Fatalf("Name() = %s is interface %v, %v, want Index() = %d", d.Name(), l, err, d.Index())
	}
	must(t, netlink.LinkDel(&netlink.GenericLink{LinkAttrs: netlink.LinkAttrs{Name: d.Name(), Index: d.Index()}}))
	if got := d.Give(l.in.received(in, experimental(""))); got != Refused {
		t.Errorf("Give: %v, want %v", got, Refused)
	}
	if got := d.Send(packettest.Frame(experimental(""))); got != Refused {
		t.Errorf("Send: %v, want %v", got, Refused)
	}
	if st := d.Stats(); st.Refused != 2 {
		t.Errorf("Stats() = %+v, want 2 refused", st)
	}
}

// TestTwoDoors: the names are told apart; a name that is given is used.
func TestTwoDoors(t *testing.T) {
	l := newLab(t)
	a, b := l.open(Open), l.open(Open)
	c, err := Open(l.ports, Options{Name: "door"})
	must(t, err)
	defer c.Close()
	if a.Name() != "xlvs0" || b.Name() != "xlvs1" || c.Name() != "door" {
		t.Errorf("names %q, %q, %q, want xlvs0, xlvs1, door", a.Name(), b.Name(), c.Name())
	}
	if _, err := Open(l.ports, Options{Name: "in"}); err == nil {
		t.Error("Open by the name of a veth: no error")
	}
}

// TestManyPorts: as many as there may be, each with its queue.
func TestManyPorts(t *testing.T) {
	l := newLab(t)
	ports := make([]Port, MaxPorts)
	for i := range ports {
		ports[i] = Port{uint16(i), l.in.link.Attrs().Index}
	}
	last := uint16(MaxPorts - 1)
	ports[last].Index = l.out.link.Attrs().Index
	d, err := Open(ports, Options{})
	must(t, err)
	defer d.Close()
	seen := packetSocket(t, l.out.link.Attrs().Index)
	give(t, d, l.out.received(last, experimental("to the last")))
	await(t, seen, "the frame on the last port", isExperimental)
}

func TestOpenRefuses(t *testing.T) {
	tests := map[string]struct {
		ports []Port
		opts  Options
	}{
		"name too long":           {nil, Options{Name: strings.Repeat("x", 16)}},
		"negative rate":           {nil, Options{Rate: -1}},
		"rate beyond the clock":   {nil, Options{Rate: 1e9 + 1}},
		"negative burst":          {nil, Options{Burst: -1}},
		"negative frames":         {nil, Options{Frames: -1}},
		"two ports of a number":   {[]Port{{1, 1}, {1, 2}}, Options{}},
		"port of the door's own":  {[]Port{{1, 1}}, Options{Number: 1}},
		"port that is no port":    {[]Port{{65535, 1}}, Options{}},
		"index of no interface":   {[]Port{{1, 0}}, Options{}},
		"negative index":          {[]Port{{1, -1}}, Options{}},
		"more ports than a TAP's": {make([]Port, MaxPorts+1), Options{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for kind, open := range kinds {
				if d, err := open(tt.ports, tt.opts); err == nil {
					d.Close()
					t.Errorf("%s: no error", kind)
				}
			}
		})
	}
}

func TestSetPortRefuses(t *testing.T) {
	d := newDoor(&live{}, []Port{{in, 1}}, Options{Rate: 1, Burst: 1})
	if err := d.SetPort(out, 1); !errors.Is(err, ErrNoPort) {
		t.Errorf("SetPort of a port that is not the door's: %v, want %v", err, ErrNoPort)
	}
	if err := d.SetPort(in, 0); err == nil {
		t.Error("SetPort to no interface: no error")
	}
}
