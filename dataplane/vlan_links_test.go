package dataplane

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// vlans are pairs of a client and a real server: the tags of the client's frames,
// and those that the routes to both ask for.
var vlans = []struct {
	name         string
	tags         []uint16
	client, real neigh.Tags
}{
	{"untagged to tagged", nil, neigh.Tags{}, neigh.Tags{N: 1, ID: [2]uint16{8}}},
	{"tagged to untagged", []uint16{7}, neigh.Tags{N: 1, ID: [2]uint16{7}}, neigh.Tags{}},
	{"tag to another", []uint16{7}, neigh.Tags{N: 1, ID: [2]uint16{7}}, neigh.Tags{N: 1, ID: [2]uint16{8}}},
	{"back without a tag", []uint16{7}, neigh.Tags{}, neigh.Tags{N: 1, ID: [2]uint16{8}}},
	{"tag to two", []uint16{7}, neigh.Tags{N: 1, ID: [2]uint16{7}}, neigh.Tags{N: 2, QinQ: true, ID: [2]uint16{6, 8}}},
	{"two tags to one", []uint16{5, 7}, neigh.Tags{N: 2, QinQ: true, ID: [2]uint16{5, 7}}, neigh.Tags{N: 1, ID: [2]uint16{8}}},
}

// The addresses of pair i.
func vlanClient(i int) string { return fmt.Sprintf("198.51.100.%d", 101+i) }
func vlanReal(i int) string   { return fmt.Sprintf("203.0.113.%d", 101+i) }

// A trunk is a director whose links carry all VLANs: to clients by eth0, to real
// servers by eth1. Stations at their far ends see the tags. The host's kernel
// need not know VLANs, since a fakeRouter does.
type trunk struct {
	t   *testing.T
	far [2]*station
}

// newTrunk runs a director on links of that MTU, in modes of their own.
func newTrunk(t *testing.T, modes [2]config.Mode, mtu int) *trunk {
	t.Helper()
	for _, name := range []string{"eth0", "eth1"} {
		addLongWire(t, name, 1, mtu)
		mac := packettest.DirectorMAC()
		must(t, netlink.LinkSetHardwareAddr(linkNamed(t, name), mac[:]))
	}
	c := config.Dataplane{Mode: modes[0], Interfaces: []string{"eth0", "eth1"}, Workers: 1}
	c.Interface = map[string]config.InterfaceSettings{"eth1": {Mode: modes[1]}}
	ports, err := findPorts(c)
	must(t, err)
	classifier := newClassifier(t)
	rig, err := openRig(ports, c, classifier, nil)
	must(t, err)
	t.Cleanup(func() { must(t, rig.close()) })
	router, full := vlanRouter(mtu)
	d, err := New(rig.workerQueues(), router, classifier, Options{MaxConnections: 1000})
	must(t, err)
	t.Cleanup(func() { must(t, d.table.Close()) })
	must(t, d.Apply(full))
	ended, cancel := running(t, d)
	t.Cleanup(func() {
		cancel()
		must(t, <-ended)
		nothingHeld(t, rig.queues[0])
	})
	return &trunk{t, [2]*station{newStation(t, "eth0-far"), newStation(t, "eth1-far")}}
}

// vlanRouter returns a router that knows the ways to all pairs, and a service for
// each: its port is that of the pair.
func vlanRouter(mtu int) (*fakeRouter, *config.Config) {
	r, c := newFakeRouter(), config.Default()
	for i, p := range vlans {
		r.set(vlanClient(i), neigh.Hop{State: neigh.Reachable, Src: directorMAC0, Dst: routerMAC, MTU: mtu, Tags: p.client})
		r.set(vlanReal(i), neigh.Hop{Port: 1, State: neigh.Reachable, Src: directorMAC1, Dst: realMAC, MTU: mtu, Tags: p.real})
		s := testService(lvs.TCP, lvs.NAT, vlanReal(i))
		s.VIP, s.Port = netip.MustParseAddr(vip4), uint16(8000+i)
		c.Services = append(c.Services, s)
	}
	return r, c
}

// converse opens a connection of pair i from a port of the client, whose frames
// have the tags given, and sends text both ways. In super-frames it is to be cut
// into segments of size bytes.
func (k *trunk) converse(i, port int, tags []uint16, text string, size uint16) {
	k.t.Helper()
	p := vlans[i]
	client, vip, real := fmt.Sprintf("%s:%d", vlanClient(i), port), fmt.Sprintf("%s:%d", vip4, 8000+i), vlanReal(i)+":8080"
	steps := []struct {
		flags header.TCPFlags
		text  string
		size  uint16
	}{{header.FlagSYN, "", 0}, {header.FlagACK, text, size}}
	for _, s := range steps {
		in, out := packettest.TCP(client, vip, s.flags, s.text), packettest.TCP(client, real, s.flags, s.text)
		k.cross(0, in, tags, toReal(out), p.real, s.size)
		flags := s.flags | header.FlagACK
		in, out = packettest.TCP(real, client, flags, s.text), packettest.TCP(vip, client, flags, s.text)
		k.cross(1, in, p.real.ID[:p.real.N], toClient(out), p.client, s.size)
	}
}

// cross sends a frame with tags from one of the far ends, and checks that it comes
// to the other as want with the tags of a route; or what it is cut into, if that
// link cannot carry it whole.
func (k *trunk) cross(from int, frame []byte, tags []uint16, want []byte, out neigh.Tags, size uint16) {
	k.t.Helper()
	p := packettest.Frame(packettest.VLAN(frame, tags...))
	if size > 0 {
		p = superFrame(packettest.VLAN(frame, tags...), packet.GSOTCP4, size)
		p.L3 = uint16(header.EthernetSize + len(tags)*header.VLANSize)
		p.L4 = p.L3 + header.IPv4Size
		want = packettest.Unfinished(want)
	}
	k.far[from].send(p)
	want = packettest.VLAN(want, out.ID[:out.N]...)
	got, gso := k.far[1-from].recv()
	if size > 0 && gso == (packet.GSO{}) {
		k.checkPieces(1-from, got, want)
	} else if !bytes.Equal(got, want) || gso != p.GSO {
		k.t.Fatalf("sent % .60x of %d bytes, %+v, received % .60x of %d, %+v, want % .60x",
			p.Bytes(), p.Len(), p.GSO, got, len(got), gso, want)
	}
}

// checkPieces checks that the first piece, and those that follow at a far end, add
// up to want, each with its tags.
func (k *trunk) checkPieces(at int, piece, want []byte) {
	k.t.Helper()
	_, l3, _ := header.Network(want)
	headers := l3 + header.IPv4Size + header.TCPSize
	var payload []byte
	for {
		right := bytes.Equal(piece, packettest.Finish(piece)) || bytes.Equal(piece, packettest.Unfinished(piece))
		if !right || !bytes.Equal(piece[:l3], want[:l3]) {
			k.t.Fatalf("received a piece % .60x of %d bytes, want it like % .60x, and its checksums right", piece, len(piece), want)
		}
		if payload = append(payload, piece[headers:]...); len(payload) >= len(want)-headers {
			break
		}
		piece, _ = k.far[at].recv()
	}
	if !bytes.Equal(payload, want[headers:]) {
		k.t.Error("the pieces do not add up to the payload")
	}
}

// linkModes are the modes of eth0 and eth1.
var linkModes = map[string][2]config.Mode{
	"xdp":            {config.XDP, config.XDP},
	"packet":         {config.Packet, config.Packet},
	"packet and xdp": {config.Packet, config.XDP},
}

// TestVLANs takes connections through links with VLANs: small frames, as large
// ones as the links take, and super-frames.
func TestVLANs(t *testing.T) {
	for mode, modes := range linkModes {
		for _, mtu := range []int{1500, 9000} {
			t.Run(fmt.Sprintf("%s, MTU %d", mode, mtu), func(t *testing.T) {
				ownNamespace(t)
				k := newTrunk(t, modes, mtu)
				for i, p := range vlans {
					t.Log(p.name) // a subtest would be on another thread
					segment := mtu - header.IPv4Size - header.TCPSize
					if p.client.QinQ || p.real.QinQ {
						segment -= 2 * header.VLANSize // the kernel sends frames one 802.1Q tag longer than the MTU, and no longer
					}
					k.converse(i, 4001, p.tags, "who is there?", 0)
					k.converse(i, 4002, p.tags, strings.Repeat("x", segment), 0)
					if modes[0] == config.Packet {
						k.converse(i, 4003, p.tags, strings.Repeat("0123456789", 5000), uint16(segment))
					}
				}
			})
		}
	}
}

// TestTagOutsideTheFrame has frames arrive as from a VLAN device on a veth: with
// the outer tag beside the frame, not in it.
func TestTagOutsideTheFrame(t *testing.T) {
	for mode, modes := range linkModes {
		t.Run(mode, func(t *testing.T) {
			ownNamespace(t)
			k := newTrunk(t, modes, 1500)
			pushTags(t, "eth0-far", 5)
			for i, inner := range [][]uint16{nil, {7}} {
				k.converse(i, 4001, inner, "who is there?", 0)
				if modes[0] == config.Packet {
					k.converse(i, 4002, inner, strings.Repeat("0123456789", 5000), 1400)
				}
			}
		})
	}
}

// pushTags has the kernel tag what an interface sends.
func pushTags(t *testing.T, name string, id int32) {
	t.Helper()
	const next = -1 // TCX_NEXT: to be sent
	tpid := int32(binary.NativeEndian.Uint16([]byte{0x81, 0x00}))
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "push_tag", Type: ebpf.SchedCLS, License: "GPL",
		Instructions: asm.Instructions{
			asm.Mov.Imm(asm.R2, tpid), asm.Mov.Imm(asm.R3, id), asm.FnSkbVlanPush.Call(),
			asm.Mov.Imm(asm.R0, next), asm.Return(),
		},
	})
	must(t, err)
	l, err := link.AttachTCX(link.TCXOptions{Program: p, Attach: ebpf.AttachTCXEgress, Interface: linkNamed(t, name).Attrs().Index})
	must(t, err)
	t.Cleanup(func() { l.Close(); p.Close() })
}
