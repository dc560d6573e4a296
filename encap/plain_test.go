package encap

import (
	"encoding/binary"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

func TestPlainIn(t *testing.T) {
	segment := packettest.TCP(client4, virtual4, header.FlagACK, "odd")
	tests := map[string]struct {
		frame []byte
		spoil func(p *packet.Packet)
		want  bool
	}{
		"a segment":             {segment, nil, true},
		"without payload":       {packettest.TCP(client4, virtual4, header.FlagACK, ""), nil, true},
		"tagged twice":          {packettest.VLAN(segment, 200, 100), nil, true},
		"unfinished":            {segment, func(p *packet.Packet) { p.Sum = packettest.Partial(segment) }, false},
		"a later fragment":      {segment, func(p *packet.Packet) { p.L4 = 0 }, false},
		"no link header":        {segment, func(p *packet.Packet) { p.Pull(int(p.L3)); p.L4 = header.IPv4Size }, true},
		"a byte short of TCP":   {segment, func(p *packet.Packet) { p.Truncate(int(p.L4) + header.TCPSize - 1) }, false},
		"options of IPv4":       {withOptions(segment), nil, false},
		"a datagram":            {packettest.UDP(client4, virtual4, "twelve bytes"), nil, false},
		"IPv6":                  {packettest.TCP(client6, virtual6, header.FlagACK, ""), nil, false},
		"an extension of IPv6":  {withExtension(packettest.TCP(client6, virtual6, header.FlagACK, "")), nil, false},
		"SCTP, where TCP ought": {sctp("twenty bytes and more")(client4, virtual4), nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, proto := mustParse(t, tt.frame)
			if tt.spoil != nil {
				tt.spoil(p)
			}
			if got := plainIn(p, proto); (got != nil) != tt.want {
				t.Errorf("plainIn() = %v, want one: %t", got, tt.want)
			}
		})
	}
}

// TestPlainIsWhatTheOthersAre rewrites the same headers, right ones and wrong
// ones, in both ways.
func TestPlainIsWhatTheOthersAre(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := plain(rapid.SliceOfN(rapid.Byte(), len(plain{}), len(plain{})).Draw(rt, "headers"))
		addrs, ports := rapid.Uint64().Draw(rt, "addresses"), rapid.Uint32().Draw(rt, "ports")
		got, want := in, in
		got.forward(addrs, ports)

		p := new(packet.Packet)
		p.Reset(want[:], 0, len(want))
		p.L4 = header.IPv4Size
		delta := readdress4((*[header.IPv4Size]byte)(want[:]), uint32(addrs>>32), uint32(addrs))
		setPorts(p, want[header.IPv4Size:], lvs.TCP, 0, ports, delta)
		if got != want {
			rt.Fatalf("forward(%#x, %#x) of\n%x gives\n%x, want\n%x", addrs, ports, in, got, want)
		}
		if a, o := binary.BigEndian.Uint64(got[12:]), binary.BigEndian.Uint32(got[20:]); a != addrs || o != ports {
			rt.Fatalf("addresses %#x, ports %#x, want %#x, %#x", a, o, addrs, ports)
		}
	})
}

// inlined are the functions that are asked about every packet, most often to hear
// that there is nothing to do.
const inlined = `TTL DirectRouting (*Tunnel).Overhead (*Tunnel).leaves fits finish plainIn`

func TestQuestionsInline(t *testing.T) {
	out, err := exec.Command("go", "build", "-gcflags=-m", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for name := range strings.FieldsSeq(inlined) {
		if !strings.Contains(string(out), ": can inline "+name+"\n") {
			t.Errorf("%s does not inline", name)
		}
	}
}
