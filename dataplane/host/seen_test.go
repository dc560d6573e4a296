package host

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"xlvs/dataplane/packet/packettest"
)

// experimental returns a frame of an EtherType that nobody answers to.
func experimental(payload string) []byte {
	b := []byte{0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x88, 0xb5}
	return append(b, payload+"................................................"...)
}

func isExperimental(frame []byte) bool {
	return len(frame) > 14 && bytes.Equal(frame[12:14], []byte{0x88, 0xb5})
}

// counting ends a program that counts frames in m and returns result.
func counting(m *ebpf.Map, result int32) asm.Instructions {
	return asm.Instructions{
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.LoadMapPtr(asm.R1, m.FD()),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "end"),
		asm.Mov.Imm(asm.R1, 1),
		asm.AddAtomic.Mem(asm.R0, asm.R1, asm.DWord, 0),
		asm.Mov.Imm(asm.R0, result).WithSymbol("end"),
		asm.Return(),
	}
}

// countIf loads a program that counts frames of the experimental EtherType
// which pass the check, instructions that jump to "end" otherwise.
func countIf(t *testing.T, typ ebpf.ProgramType, data int16, result int32, check ...asm.Instruction) (*ebpf.Program, func() uint64) {
	t.Helper()
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	must(t, err)
	t.Cleanup(func() { m.Close() })
	insns := append(asm.Instructions{
		asm.LoadMem(asm.R2, asm.R1, data, asm.Word),
		asm.LoadMem(asm.R3, asm.R1, data+4, asm.Word),
		asm.Mov.Reg(asm.R4, asm.R2),
		asm.Add.Imm(asm.R4, 14),
		asm.JGT.Reg(asm.R4, asm.R3, "end"),
		asm.LoadMem(asm.R4, asm.R2, 12, asm.Half),
		asm.HostTo(asm.BE, asm.R4, asm.Half),
		asm.JNE.Imm(asm.R4, 0x88b5, "end"),
	}, check...)
	prog, err := loadProgram("count", typ, append(insns, counting(m, result)...))
	must(t, err)
	t.Cleanup(func() { prog.Close() })
	return prog, func() (n uint64) {
		must(t, m.Lookup(uint32(0), &n))
		return n
	}
}

// TestXDPSeesGiven: what the wire brings is seen by an XDP program on the port,
// what is given back is not seen again by a native one.
func TestXDPSeesGiven(t *testing.T) {
	modes := map[string]struct {
		flags link.XDPAttachFlags
		given uint64 // how many more the program sees when one is given
	}{
		"native":  {link.XDPDriverMode, 0},
		"generic": {link.XDPGenericMode, 1},
	}
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			forKinds(t, func(t *testing.T, l *lab, d *Door) {
				prog, count := countIf(t, ebpf.XDP, 0, xdpPass)
				at, err := link.AttachXDP(link.XDPOptions{Program: prog, Interface: l.in.link.Attrs().Index, Flags: mode.flags})
				must(t, err)
				defer at.Close()
				seen := packetSocket(t, l.in.link.Attrs().Index)
				l.in.transmit(experimental("from the wire"))
				await(t, seen, "the frame from the wire", isExperimental)
				if n := count(); n != 1 {
					t.Fatalf("the program sees %d frames from the wire, want 1", n)
				}
				give(t, d, l.in.received(in, experimental("given back")))
				await(t, seen, "the frame that was given back", isExperimental)
				if n := count() - 1; n != mode.given {
					t.Errorf("the program sees %d frames that were given back, want %d", n, mode.given)
				}
			})
		})
	}
}

// TestStamp: with a stamp a generic XDP program can tell, and what it passes
// arrives with all but its source unchanged.
func TestStamp(t *testing.T) {
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			d, err := open(l.ports, Options{Stamp: true})
			must(t, err)
			defer d.Close()
			seen := packetSocket(t, l.in.link.Attrs().Index)
			sent := l.in.received(in, experimental("given back"))
			give(t, d, sent)
			got := await(t, seen, "the frame that was given back", isExperimental)
			stamp := Stamp()
			want := append(append(bytes.Clone(l.in.near[:]), stamp[:]...), sent.Bytes()[12:]...)
			if !bytes.Equal(got, want) {
				t.Errorf("given back as % x, want % x", got, want)
			}
		})
	}
}

// transmit sends frame from the far end.
func (w *wire) transmit(frame []byte) {
	w.t.Helper()
	_, err := unix.Write(w.fd, frame)
	must(w.t, err)
}

// TestMark: a tcx program on the port and the filter of a packet socket there
// tell what was given back from what the wire brings.
func TestMark(t *testing.T) {
	forKinds(t, func(t *testing.T, l *lab, d *Door) {
		prog, marked := countIf(t, ebpf.SchedCLS, skbData, tcxNext,
			asm.LoadMem(asm.R2, asm.R1, skbMark, asm.Word),
			asm.JNE.Imm(asm.R2, Mark, "end"),
			asm.LoadMem(asm.R2, asm.R1, skbQueueMapping, asm.Word), // the TAP's is forgotten
			asm.JNE.Imm(asm.R2, 0, "end"))
		at, err := attachTCX(l.in.link.Attrs().Index, prog)
		must(t, err)
		defer at.Close()
		all := packetSocket(t, l.in.link.Attrs().Index)
		unmarked := packetSocket(t, l.in.link.Attrs().Index)
		must(t, refuseMark(unmarked))

		give(t, d, l.in.received(in, experimental("given back")))
		await(t, all, "the frame that was given back", isExperimental)
		eventually(t, "the program sees the mark", func() bool { return marked() == 1 }) // it runs after the socket
		silent(t, unmarked, "a frame with the mark passes the filter", isExperimental)
		l.in.transmit(experimental("from the wire"))
		await(t, unmarked, "the frame from the wire", isExperimental)
		if n := marked(); n != 1 {
			t.Errorf("the program sees the mark on %d frames, want still 1", n)
		}
	})
}

// refuseMark makes a packet socket receive only what has not the mark.
func refuseMark(fd int) error {
	const markOffset = 0xfffff000 + 20 // SKF_AD_OFF + SKF_AD_MARK
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: markOffset},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 0, Jf: 1, K: Mark},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 18},
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
}

// TestVLAN: the tag of a frame that is given back is still the frame's.
func TestVLAN(t *testing.T) {
	forKinds(t, func(t *testing.T, l *lab, d *Door) {
		seen := packetSocket(t, l.in.link.Attrs().Index)
		must(t, unix.SetsockoptInt(seen, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1))
		frame := experimental("given back")
		give(t, d, l.in.received(in, packettest.VLAN(frame, 42)))
		limit := unix.NsecToTimeval(int64(deadline))
		must(t, unix.SetsockoptTimeval(seen, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit))
		b, control := make([]byte, 2048), make([]byte, 256)
		for {
			n, nc, _, _, err := unix.Recvmsg(seen, b, control, 0)
			must(t, err)
			if !isExperimental(b[:n]) {
				continue
			}
			// In struct tpacket_auxdata, behind the control message's header.
			tci := binary.NativeEndian.Uint16(control[unix.SizeofCmsghdr+16 : nc])
			if tci != 42 || !bytes.Equal(b[14:n], frame[14:]) {
				t.Errorf("VLAN %d with % x, want 42 with % x", tci, b[14:n], frame[14:])
			}
			return
		}
	})
}

// TestClsact is the tcx program in the way that kernels before 6.6 have.
func TestClsact(t *testing.T) {
	l := newLab(t)
	d := l.open(Open)
	last := len(d.tap.closer) - 1
	must(t, d.tap.closer[last].Close())
	d.tap.closer[last] = nothing{}
	prog, err := loadProgram("xlvs_door", ebpf.SchedCLS, redirectByQueue(d.tap.ports, false))
	must(t, err)
	defer prog.Close()
	must(t, attachClsact(d.Index(), prog))
	seen := packetSocket(t, l.out.link.Attrs().Index)
	give(t, d, l.out.received(out, experimental("given back")))
	await(t, seen, "the frame that was given back", isExperimental)
}

// TestPortGone: a frame for a port that is down or deleted is lost, and nothing
// else happens.
func TestPortGone(t *testing.T) {
	forKinds(t, func(t *testing.T, l *lab, d *Door) {
		seen := packetSocket(t, l.out.link.Attrs().Index)
		must(t, netlink.LinkSetDown(l.in.link))
		give(t, d, l.in.received(in, experimental("given back")))
		must(t, netlink.LinkDel(l.in.link))
		give(t, d, l.in.received(in, experimental("given back")))
		give(t, d, l.out.received(out, experimental("given back")))
		await(t, seen, "the frame on the port that is there", isExperimental)
	})
}
