package steer

import (
	"bytes"
	"testing"

	"github.com/cilium/ebpf"

	"xlvs/dataplane/packet/packettest"
)

// TestHostMark: what the director gives back must reach the host, or it would
// go round for ever.
func TestHostMark(t *testing.T) {
	context := func(mark uint32) any { return [3]uint32{skbMark / 4: mark} } // the front of struct __sk_buff
	shells, all := newShells(t, newClassifier(t)), seeds(t)
	for _, name := range []string{"drop", "socket filter"} {
		for _, mark := range []uint32{0, 1, HostMark, HostMark + 1} {
			for seed, s := range all {
				if cutOff(s.frame) {
					continue
				}
				want := s.take && mark != HostMark
				if got := shells[name].takesIn(t, context(mark), s.frame); got != want {
					t.Errorf("%s takes %s with mark %#x: %t, want %t", name, seed, mark, got, want)
				}
			}
		}
	}
}

func TestSkbProgramsHaveNames(t *testing.T) {
	c := newClassifier(t)
	for want, p := range map[string]*ebpf.Program{
		"xlvs_drop":   loaded(t)(c.Drop()),
		"xlvs_filter": loaded(t)(c.SocketFilter()),
	} {
		info, err := p.Info()
		must(t, err)
		if info.Name != want {
			t.Errorf("program is %q, want %q", info.Name, want)
		}
	}
}

// TestPacketMode has the director's packet socket and the drop program side by
// side: what one takes the other keeps from the host, and nothing else. The
// socket comes first, so that it has what is dropped.
func TestPacketMode(t *testing.T) {
	for name, attach := range attachments() {
		t.Run(name, func(t *testing.T) {
			w, c := newWire(t), newClassifier(t)
			far, director := newStation(t, w.far, -1), newStation(t, w.near, loaded(t)(c.SocketFilter()).FD())
			far.ask()
			far.hears("before", answerable())
			director.hears("before", toDirector())

			at, err := attach(w.near.Attrs().Index, loaded(t)(c.Drop()))
			must(t, err)
			far.ask()
			far.hears("attached", toHost())
			director.hears("attached", toDirector())

			must(t, c.replace(nil))
			far.ask()
			far.hears("without rules", answerable())
			director.hears("without rules", nil)
			must(t, c.replace(testRules()))

			must(t, at.Close())
			far.ask()
			far.hears("closed", answerable())
			director.hears("closed", toDirector())
		})
	}
}

// TestHeadersInPieces: no driver need put the headers into the front of a socket
// buffer, and neither program may miss them there.
func TestHeadersInPieces(t *testing.T) {
	w, c := newWire(t), newClassifier(t)
	far, director := newStation(t, w.far, -1), newStation(t, w.near, loaded(t)(c.SocketFilter()).FD())
	at, err := AttachDrop(w.near.Attrs().Index, loaded(t)(c.Drop()))
	must(t, err)
	defer at.Close()
	large := string(make([]byte, 5000)) // the kernel keeps less than a page in one piece
	query := packettest.UDP(client4+":1001", "192.0.2.1:53", large)
	sender := newStation(t, w.far, -1)
	sender.pieces(query)
	sender.pieces(packettest.UDP(client4+":1002", "192.0.2.1:54", large))
	far.hears("in pieces", []uint16{1002})
	if got := director.recv(); !bytes.Equal(got, query) {
		t.Errorf("%d bytes arrive, want %d: % x", len(got), len(query), got[:min(len(got), 60)])
	}
}
