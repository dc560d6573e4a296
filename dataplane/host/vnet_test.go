package host

import (
	"encoding/binary"
	"testing"

	"xlvs/dataplane/checksum"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet"
	"xlvs/dataplane/packet/packettest"
)

func TestVnetDescribes(t *testing.T) {
	tcp := packettest.TCP("192.0.2.77:4242", "192.0.2.9:80", header.FlagACK, "data")
	tcp6 := packettest.TCP("[2001:db8::77]:4242", "[2001:db8::9]:80", header.FlagACK, "data")
	udp := packettest.UDP("192.0.2.77:4242", "192.0.2.9:53", "data")
	type fields struct {
		flags, gso           byte
		headers, size        uint16
		sumStart, sumToField uint16
	}
	tests := map[string]struct {
		frame []byte
		sum   packet.Partial
		l4    uint16
		gso   packet.GSO
		want  fields
	}{
		"ordinary":           {frame: tcp},
		"unfinished":         {tcp, packet.Partial{Start: 34, Field: 50}, 0, packet.GSO{}, fields{flags: 1, sumStart: 34, sumToField: 16}},
		"TCP4":               {tcp, packet.Partial{Start: 34, Field: 50}, 0, packet.GSO{Kind: packet.GSOTCP4, Size: 1448}, fields{1, 1, 54, 1448, 34, 16}},
		"TCP4 with ECN":      {tcp, packet.Partial{Start: 34, Field: 50}, 0, packet.GSO{Kind: packet.GSOTCP4, ECN: true, Size: 9}, fields{1, 0x81, 54, 9, 34, 16}},
		"TCP6":               {tcp6, packet.Partial{Start: 54, Field: 70}, 0, packet.GSO{Kind: packet.GSOTCP6, Size: 1428}, fields{1, 4, 74, 1428, 54, 16}},
		"UDP":                {udp, packet.Partial{Start: 34, Field: 40}, 0, packet.GSO{Kind: packet.GSOUDP, Size: 1000}, fields{1, 5, 42, 1000, 34, 6}},
		"finished TCP4":      {tcp, packet.Partial{}, 34, packet.GSO{Kind: packet.GSOTCP4, Size: 1448}, fields{0, 1, 54, 1448, 0, 0}},
		"not parsed":         {tcp, packet.Partial{}, 0, packet.GSO{Kind: packet.GSOTCP4, Size: 1448}, fields{0, 1, 0, 1448, 0, 0}},
		"header cut short":   {tcp[:53], packet.Partial{}, 34, packet.GSO{Kind: packet.GSOTCP4, Size: 1}, fields{0, 1, 0, 1, 0, 0}},
		"header outside":     {tcp, packet.Partial{}, 60000, packet.GSO{Kind: packet.GSOTCP4, Size: 1}, fields{0, 1, 0, 1, 0, 0}},
		"UDP header outside": {udp[:36], packet.Partial{}, 34, packet.GSO{Kind: packet.GSOUDP, Size: 1}, fields{0, 5, 36, 1, 0, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := packettest.Frame(tt.frame)
			p.Sum, p.L4, p.GSO = tt.sum, tt.l4, tt.gso
			v := vnet{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
			v.describe(p)
			n := binary.NativeEndian
			got := fields{v[0], v[1], n.Uint16(v[2:]), n.Uint16(v[4:]), n.Uint16(v[6:]), n.Uint16(v[8:])}
			if got != tt.want {
				t.Errorf("described as %+v, want %+v", got, tt.want)
			}
		})
	}
}

// FuzzDescribe: whatever the frame and its metadata say, the kernel is told of
// no header beyond the frame's end.
func FuzzDescribe(f *testing.F) {
	f.Add(packettest.TCP("192.0.2.77:4242", "192.0.2.9:80", header.FlagACK, "data"), uint16(34), uint16(50), uint16(34), uint8(1))
	f.Add([]byte{}, uint16(65535), uint16(65535), uint16(65535), uint8(3))
	f.Fuzz(func(t *testing.T, frame []byte, start, field, l4 uint16, kind uint8) {
		if len(frame) > 1<<16 {
			t.Skip()
		}
		p := packettest.Frame(frame)
		p.Sum, p.L4 = packet.Partial{Start: start, Field: field}, l4
		p.GSO = packet.GSO{Kind: packet.GSOKind(kind), Size: start}
		if !fit(p) {
			return
		}
		var v vnet
		v.describe(p)
		if n := binary.NativeEndian.Uint16(v[2:]); int(n) > p.Len() {
			t.Errorf("headers of %d bytes in a frame of %d", n, p.Len())
		}
		if p.Sum != (packet.Partial{}) {
			checksum.Finish(p.Bytes()[p.Sum.Start:], int(p.Sum.Field-p.Sum.Start))
		}
	})
}

func TestOutcomesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for o := range outcomes + 1 {
		if s := o.String(); s == "" || seen[s] {
			t.Errorf("Outcome(%d).String() = %q, which is empty or another's", o, s)
		}
		seen[o.String()] = true
	}
}
