package dataplane

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/replay"
	"xlvs/lvs"
)

// replayThrough runs a director of the service s over in, size frames at a time,
// with the classifier in front and the capture's clock. Every packet must be
// given back exactly once.
func replayThrough(t *testing.T, r *fakeRouter, s config.Service, in []replay.Frame, size int) (*Director, *replay.Queues) {
	t.Helper()
	filter := new(fakeFilter)
	q := replay.New(in, replay.Options{Batch: size, Take: func(b []byte) bool { return filter.rules.Take(b) }})
	d, err := New([]Queues{q}, r, filter, Options{MaxConnections: 1000, Clock: q.Elapsed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	c := config.Default()
	c.Services = []config.Service{s}
	if err := d.Apply(c); err != nil {
		t.Fatal(err)
	}
	if err := d.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := q.Check(); err != nil {
		t.Error(err)
	}
	return d, q
}

// TestFromFilesToFiles takes two clients' questions and their answers from one
// pcap file per port to another, among frames that are the host's.
func TestFromFilesToFiles(t *testing.T) {
	const client1, client2, vip, real = client4 + ":4242", client4 + ":4243", vip4 + ":80", real4 + ":8080"
	in := [2][][]byte{
		{
			packettest.ARP(header.ARPRequest, routerMAC, client4, header.MAC{}, vip4),
			packettest.UDP(client1, vip, "who is there"),
			packettest.UDP(client2, vip, "and there"),
			packettest.TCP(client1, vip4+":22", header.FlagSYN, ""),
		},
		{
			packettest.UDP(real, dip4+":5353", "for the host itself"),
			packettest.UDP(real, client1, "the real server"),
			packettest.UDP(real, client2, "the same"),
			packettest.UDP(real, client4+":4244", "to nobody who asked"),
		},
	}
	want := [2][][]byte{
		{toClient(packettest.UDP(vip, client1, "the real server")), toClient(packettest.UDP(vip, client2, "the same"))},
		{toReal(packettest.UDP(client1, real, "who is there")), toReal(packettest.UDP(client2, real, "and there"))},
	}
	dir := t.TempDir()
	var frames []replay.Frame
	for port := range uint16(2) {
		path := filepath.Join(dir, fmt.Sprintf("%d.in.pcap", port))
		writePCAP(t, path, port, spaced(in[port], port))
		frames = append(frames, readPCAP(t, path, port)...)
	}
	router := newTestDirector(t).router
	router.locals = append(router.locals, addr(dip4))
	d, q := replayThrough(t, router, testService(lvs.UDP, lvs.NAT, real4), replay.Merge(frames), 2)
	for port := range uint16(2) {
		path := filepath.Join(dir, fmt.Sprintf("%d.out.pcap", port))
		writePCAP(t, path, port, q.Sent())
		sameFrames(t, port, readPCAP(t, path, port), spaced(want[port], port))
	}
	if n := len(q.Passed()); n != 3 {
		t.Errorf("%d frames were left to the host, want 3", n)
	}
	if v := d.Verdicts(); v[Forward] != 4 || v[NotOurs] != 1 {
		t.Errorf("%d frames were forwarded and %d not ours, want 4 and 1", v[Forward], v[NotOurs])
	}
}

// spaced returns frames of a port one second apart, those of port 1 half a
// second after those of port 0.
func spaced(data [][]byte, port uint16) []replay.Frame {
	frames := replay.Frames(port, data...)
	for i := range frames {
		frames[i].Time = time.Unix(int64(i), int64(port)*500_000_000).UTC()
	}
	return frames
}

func writePCAP(t *testing.T, name string, port uint16, frames []replay.Frame) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := replay.Write(f, frames, port); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
