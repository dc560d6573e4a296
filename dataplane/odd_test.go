package dataplane

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// withIPOptions returns frame, of IPv4 without options, with some: a multiple of four
// bytes.
func withIPOptions(frame []byte, options string) []byte {
	const at = header.EthernetSize + header.IPv4Size
	frame = slices.Insert(slices.Clone(frame), at, []byte(options)...)
	h := header.IPv4(packettest.Network(frame))
	h.SetHeaderLen(header.IPv4Size + len(options))
	h.SetTotalLen(len(h))
	return packettest.Finish(frame)
}

// ipOptions returns the options of the IPv4 packet in frame.
func ipOptions(t *testing.T, frame []byte) string {
	t.Helper()
	h, ok := header.ParseIPv4(packettest.Network(frame))
	if !ok || !h.ChecksumOK() {
		t.Errorf("no sound packet: % x", frame)
	}
	return string(h[header.IPv4Size:h.HeaderLen()])
}

// What IPv4's options ask for is done before the packet goes its way.
func TestIPOptions(t *testing.T) {
	client, vip, real := client4+":4242", vip4+":80", real4+":8080"
	request, reply := packettest.TCP(client, vip, header.FlagACK, "data"), packettest.TCP(real, client, header.FlagACK, "data")
	record, broken, source := "\x07\x07\x04\x00\x00\x00\x00\x00", "\x01\x07\x07\x05\x00\x00\x00\x00", "\x83\x07\x04\xcb\x00\x71\x09\x00"
	fragments := packettest.Fragments(withIPOptions(packettest.TCP(client, vip, header.FlagACK, "more data"), record), 24, 1)
	tests := map[string]struct {
		in   []byte
		want Verdict
		out  string // options
	}{
		"padding":                     {withIPOptions(request, "\x01\x01\x01\x01"), Forward, "\x01\x01\x01\x01"},
		"a request's route":           {withIPOptions(request, record), Forward, "\x07\x07\x08\xc0\x00\x02\x01\x00"},
		"a reply's route":             {withIPOptions(reply, record), Forward, "\x07\x07\x08\xc0\x00\x02\x01\x00"},
		"no room for it":              {withIPOptions(request, "\x07\x03\x04\x00"), Forward, "\x07\x03\x04\x00"},
		"the first fragment's":        {fragments[0], Forward, record},
		"too big, and recorded":       {withIPOptions(packettest.TCP(client, vip, header.FlagACK, strings.Repeat("x", 1470)), record), TooBig, ""},
		"source route":                {withIPOptions(request, source), SourceRouted, ""},
		"source route of a reply":     {withIPOptions(reply, source), SourceRouted, ""},
		"source route of a fragment":  {packettest.Fragments(withIPOptions(request, source), 16, 1)[1], SourceRouted, ""},
		"a mistake":                   {withIPOptions(request, broken), Unreadable, ""},
		"a mistake in a reply":        {withIPOptions(reply, broken), Unreadable, ""},
		"of no service":               {withIPOptions(packettest.TCP(client, client4+":1", header.FlagACK, ""), source), NotOurs, ""},
		"of no connection":            {withIPOptions(packettest.TCP(client4+":1", vip, header.FlagACK, ""), record), NotOurs, ""},
		"cut short behind the ports":  {withIPOptions(ipv4.cutTo(6, ipv4.client, ipv4.vip, request), record), Unreadable, ""},
		"an error about a connection": {withIPOptions(packettest.ICMPError(real4, 3, 1, 0, packettest.TCP(client, real, header.FlagACK, "data")), record), Forward, "\x07\x07\x08\xc0\x00\x02\x01\x00"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
			d.forwarded(t, packettest.TCP(client, vip, header.FlagSYN, ""))
			out, v := d.push(t, tt.in)
			if v[tt.want] != 1 || len(v) != 1 {
				t.Fatalf("verdicts = %v, want one %q", v, tt.want)
			}
			if tt.out != "" && (len(out) != 1 || ipOptions(t, out[0].frame) != tt.out) {
				t.Errorf("sent %x, want options %x", out, tt.out)
			}
			if answered := strings.HasPrefix(name, "a mistake") || tt.want == TooBig; tt.out == "" && (len(out) == 1) != answered {
				t.Errorf("sent %d frames", len(out))
			}
		})
	}
}

// The sender is told where in its options there is a mistake.
func TestMistakesInOptionsAreAnswered(t *testing.T) {
	for _, m := range []lvs.Method{lvs.NAT, lvs.DirectRouting} {
		d := newTestDirector(t, testService(lvs.TCP, m, real4))
		syn := packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, "")
		d.forwarded(t, syn)
		in := withIPOptions(syn, "\x01\x07\x07\x05\x00\x00\x00\x00")
		out, v := d.push(t, in)
		if v[Unreadable] != 1 || len(out) != 1 {
			t.Fatalf("%v: verdicts = %v, sent %d frames", m, v, len(out))
		}
		checkAnswer(t, in, out[0].frame)
		if got, want := packettest.Transport(out[0].frame)[:8], []byte{12, 0, 0, 0, 23, 0, 0, 0}; !bytes.Equal(got[4:], want[4:]) || got[0] != want[0] {
			t.Errorf("%v: answered with % x, want byte 23 of the header", m, got)
		}
		if c := d.Services()[0].Counters; c.InPkts != 1 || c.OutPkts != 0 {
			t.Errorf("%v: counted %+v", m, c)
		}
	}
}

// A timestamp is the time of day in milliseconds, UTC.
func TestTimestampsOfIP(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	syn := packettest.TCP(client4+":4242", vip4+":80", header.FlagSYN, "")
	out := ipOptions(t, d.forwarded(t, withIPOptions(syn, "\x44\x08\x05\x00\x00\x00\x00\x00")))
	now := time.Now().UTC()
	midnight := now.Truncate(24 * time.Hour)
	stamped := midnight.Add(time.Duration(be32([]byte(out[4:]))) * time.Millisecond)
	if age := now.Sub(stamped); out[:4] != "\x44\x08\x09\x00" || age < 0 && age > -12*time.Hour || age > time.Minute {
		t.Errorf("options %x, stamped %v at %v", out, stamped, now)
	}
}
