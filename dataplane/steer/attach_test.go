package steer

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// attachments are the ways to attach a drop program, by what the kernel has.
func attachments() map[string]func(int, *ebpf.Program) (io.Closer, error) {
	return map[string]func(int, *ebpf.Program) (io.Closer, error){
		"tcx":    AttachDrop,
		"clsact": func(i int, p *ebpf.Program) (io.Closer, error) { return attachClsact(i, p) },
	}
}

// dropAll attaches somebody else's tcx program, which drops all that it sees.
func dropAll(t *testing.T, l netlink.Link) link.Link {
	t.Helper()
	p := loaded(t)(ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "drop_all", Type: ebpf.SchedCLS,
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, tcxDrop), asm.Return()},
	}))
	at, err := link.AttachTCX(link.TCXOptions{Interface: l.Attrs().Index, Program: p, Attach: ebpf.AttachTCXIngress})
	must(t, err)
	return at
}

// programsOn returns the tcx programs that see what l receives, in their order.
func programsOn(t *testing.T, l netlink.Link) (ids []ebpf.ProgramID) {
	t.Helper()
	r, err := link.QueryPrograms(link.QueryOptions{Target: l.Attrs().Index, Attach: ebpf.AttachTCXIngress})
	must(t, err)
	for _, p := range r.Programs {
		ids = append(ids, p.ID)
	}
	return ids
}

// TestDropBeforeOthers: a program that was there stays, comes after ours, and
// sees all that ours passes.
func TestDropBeforeOthers(t *testing.T) {
	w, c := newWire(t), newClassifier(t)
	far := newStation(t, w.far, -1)
	theirs, prog := dropAll(t, w.near), loaded(t)(c.Drop())
	at, err := AttachDrop(w.near.Attrs().Index, prog)
	must(t, err)
	info, err := prog.Info()
	must(t, err)
	if id, _ := info.ID(); len(programsOn(t, w.near)) != 2 || programsOn(t, w.near)[0] != id {
		t.Errorf("programs %d are attached, want two and %d first", programsOn(t, w.near), id)
	}
	far.ask() // in vain
	must(t, theirs.Close())
	far.ask()
	far.hears("without the other program", toHost())
	must(t, at.Close())
}

func TestAttachToNothing(t *testing.T) {
	ownNamespace(t)
	p := loaded(t)(newClassifier(t).Drop())
	for name, attach := range attachments() {
		if _, err := attach(4242, p); !errors.Is(err, unix.ENODEV) {
			t.Errorf("%s: attach to no interface: %v, want %v", name, err, unix.ENODEV)
		}
	}
}

func TestCloseAfterTheInterface(t *testing.T) {
	for name, attach := range attachments() {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			at, err := attach(w.near.Attrs().Index, loaded(t)(newClassifier(t).Drop()))
			must(t, err)
			must(t, netlink.LinkDel(w.near))
			if err := at.Close(); err != nil {
				t.Errorf("Close() = %v", err)
			}
		})
	}
}

// TestXDPFragsAttaches where a frame may be longer than a buffer.
func TestXDPFragsAttaches(t *testing.T) {
	w, c, sockets := newWire(t), newClassifier(t), newSockets(t)
	attach := func(p *ebpf.Program) error {
		l, err := link.AttachXDP(link.XDPOptions{Program: p, Interface: w.near.Attrs().Index, Flags: link.XDPDriverMode})
		if err == nil {
			err = l.Close()
		}
		return err
	}
	if err := attach(loaded(t)(c.XDP(sockets, XDPOptions{}))); !errors.Is(err, unix.ERANGE) {
		t.Errorf("attach XDP at MTU 9000: %v, want %v", err, unix.ERANGE)
	}
	if err := attach(loaded(t)(c.XDP(sockets, XDPOptions{Frags: true}))); err != nil {
		t.Errorf("attach at MTU 9000: %v", err)
	}
}

// childVar makes the test binary a process that attaches to the interface it
// holds the name of, and does nothing more.
const childVar = "XLVS_STEER_ATTACH_TO"

// TestChild is no test but the child of the next one.
func TestChild(t *testing.T) {
	name := os.Getenv(childVar)
	if name == "" {
		return
	}
	at, err := AttachDrop(linkNamed(t, name).Attrs().Index, loaded(t)(newClassifier(t).Drop()))
	must(t, err)
	defer at.Close()
	os.Stdout.WriteString("attached\n")
	os.Stdin.Read(make([]byte, 1)) // until killed, or the parent is gone
}

func TestKilledProcessLeavesNoProgram(t *testing.T) {
	w := newWire(t)
	child := exec.Command(os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), childVar+"="+w.near.Attrs().Name)
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	must(t, err)
	defer in.Close()
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start()) // in this thread's namespace
	line, _ := bufio.NewReader(out).ReadString('\n')
	if line != "attached\n" || len(programsOn(t, w.near)) != 1 {
		t.Errorf("child says %q and programs %d are attached", line, programsOn(t, w.near))
	}
	child.Process.Kill()
	child.Wait() // "killed" is what it has to say
	for end := time.Now().Add(deadline); len(programsOn(t, w.near)) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("programs %d are still attached", programsOn(t, w.near))
		}
	}
	far := newStation(t, w.far, -1)
	far.ask()
	far.hears("killed", answerable())
}
