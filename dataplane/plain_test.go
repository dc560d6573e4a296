package dataplane

import (
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
)

// plainSeeds are frames that are plain and frames that are almost plain.
func plainSeeds() map[string][]byte {
	seeds := map[string][]byte{}
	for _, f := range []family{ipv4, ipv6} {
		tcp := packettest.TCP(f.client+":4242", f.vip+":80", header.FlagACK, "data")
		more := map[string][]byte{
			"plain":               tcp,
			"syn":                 packettest.TCP(f.client+":4242", f.vip+":80", header.FlagSYN, ""),
			"padded":              packettest.Padded(packettest.TCP(f.client+":4242", f.vip+":80", 0, ""), 90),
			"unfinished":          packettest.Unfinished(tcp),
			"tagged":              packettest.VLAN(tcp, 7),
			"datagram":            packettest.UDP(f.client+":4242", f.vip+":80", "data"),
			"fragment":            packettest.Fragments(packettest.TCP(f.client+":1", f.vip+":80", 0, "long enough for two"), 24, 1)[0],
			"cut in the header":   tcp[:plain4-1],
			"cut in the payload":  tcp[:len(tcp)-1],
			"options that do not": dataOffset(tcp, 15),
			"no room for itself":  dataOffset(tcp, 4),
		}
		for name, frame := range more {
			seeds[f.name()+" "+name] = frame
		}
	}
	return seeds
}

// dataOffset claims another length of the TCP header.
func dataOffset(frame []byte, words uint8) []byte {
	frame = packettest.TTL(frame, 64) // a copy
	packettest.Transport(frame)[12] = words << 4
	return frame
}

// checkPlain reads frame both ways.
func checkPlain(t *testing.T, frame []byte) (plain bool) {
	t.Helper()
	var fast, slow flow
	p, q := packettest.Frame(frame), packettest.Frame(frame)
	before := *p
	plain = fast.readPlain4(p, p.Bytes()) || fast.readPlain6(p, p.Bytes())
	if !plain {
		if fast != (flow{}) || p.L3 != before.L3 || p.L4 != before.L4 || p.Sum != before.Sum || p.Len() != before.Len() {
			t.Errorf("what is not plain changed flow %+v or packet %+v", fast, *p)
		}
		return false
	}
	slow.readAny(q, q.Bytes())
	if fast != slow || p.L3 != q.L3 || p.L4 != q.L4 || p.Sum != q.Sum || p.Len() != q.Len() {
		t.Errorf("read in one go: %+v, L3 %d, L4 %d, %+v, length %d", fast, p.L3, p.L4, p.Sum, p.Len())
		t.Errorf("read step by step: %+v, L3 %d, L4 %d, %+v, length %d", slow, q.L3, q.L4, q.Sum, q.Len())
	}
	return true
}

func TestPlainFramesAreReadAlike(t *testing.T) {
	plain := map[string]bool{"plain": true, "syn": true, "padded": true, "unfinished": true}
	for name, frame := range plainSeeds() {
		t.Run(name, func(t *testing.T) {
			if got, want := checkPlain(t, frame), plain[name[len("IPv4 "):]]; got != want {
				t.Errorf("is plain: %t, want %t", got, want)
			}
		})
	}
}

func FuzzPlainFramesAreReadAlike(f *testing.F) {
	for _, frame := range plainSeeds() {
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		if len(frame) > 9000 {
			t.Skip()
		}
		checkPlain(t, frame)
	})
}
