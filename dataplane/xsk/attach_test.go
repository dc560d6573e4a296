package xsk

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func TestRegisterBeyondTheMap(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0", 2)
	g := newGroup(t, Options{Ports: 1, Ring: 64})
	s, err := g.Open(0, w.near.Attrs().Index, 1, Native)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Register(redirectTo(t, w.near, 1, Native, false)); !errors.Is(err, unix.E2BIG) {
		t.Errorf("Register = %v, want %v", err, unix.E2BIG)
	}
}

func TestAttachLeavesOthersAlone(t *testing.T) {
	for _, theirs := range []Mode{Native, Generic} {
		t.Run(theirs.String(), func(t *testing.T) {
			ownNamespace(t)
			w := newWire(t, "eth0", 1)
			redirectTo(t, w.near, 1, theirs, false)
			before := programOn(t, w.near)
			m, err := NewSocketMap(1)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			for _, ours := range []Mode{Native, Generic} {
				_, err := Attach(w.near.Attrs().Index, redirect(t, m, false), ours)
				for _, part := range []string{"eth0", "redirect_all", strconv.Itoa(int(before))} {
					if !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), part) {
						t.Errorf("Attach %v = %v, want %v and %q", ours, err, ErrBusy, part)
					}
				}
			}
			if after := programOn(t, w.near); after != before {
				t.Errorf("program %d is attached, want %d still", after, before)
			}
		})
	}
}

// programOn returns the number of the XDP program on l, 0 if there is none.
func programOn(t *testing.T, l netlink.Link) uint32 {
	t.Helper()
	if xdp := linkNamed(t, l.Attrs().Name).Attrs().Xdp; xdp != nil {
		return xdp.ProgId
	}
	return 0
}

// childVar makes the test binary a process that attaches to the interface it
// holds the name of, and does nothing more.
const childVar = "XLVS_XSK_ATTACH_TO"

// TestChild is no test but the child of the next one.
func TestChild(t *testing.T) {
	name := os.Getenv(childVar)
	if name == "" {
		return
	}
	open(t, newGroup(t, Options{Ports: 1, Ring: 64}), 0, linkNamed(t, name), Native)
	os.Stdout.WriteString("attached\n")
	os.Stdin.Read(make([]byte, 1)) // until killed, or the parent is gone
}

func TestKilledProcessLeavesNoProgram(t *testing.T) {
	ownNamespace(t)
	w := newWire(t, "eth0", 1)
	child := exec.Command(os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), childVar+"=eth0")
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil { // in this thread's namespace
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	if line != "attached\n" || programOn(t, w.near) == 0 {
		t.Errorf("child says %q and program %d is attached", line, programOn(t, w.near))
	}
	child.Process.Kill()
	child.Wait() // "killed" is what it has to say
	for end := time.Now().Add(deadline); programOn(t, w.near) != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("program %d is still attached", programOn(t, w.near))
		}
	}
	// Nor does the queue stay taken.
	g := newGroup(t, Options{Ports: 1, Ring: 64})
	for end := time.Now().Add(deadline); ; time.Sleep(time.Millisecond) {
		if _, err = g.Open(0, w.near.Attrs().Index, 0, Native); err == nil || time.Now().After(end) {
			break
		}
	}
	if err != nil {
		t.Error(err)
	}
}
