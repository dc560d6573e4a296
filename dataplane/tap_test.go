package dataplane

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"

	"xlvs/config"
	"xlvs/dataplane/capture"
	"xlvs/dataplane/header"
	"xlvs/dataplane/neigh"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// captured returns what a capture says of the frames that work has d handle: a
// line for each, with its direction, length and verdict.
func captured(t *testing.T, d *testDirector, c Capture, work func()) (lines []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var file bytes.Buffer
	ended := make(chan error)
	go func() { ended <- d.Capture(ctx, &file, c) }()
	for d.taps.Load() == nil {
		if len(ended) != 0 {
			t.Fatal(<-ended)
		}
	}
	work()
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	r, err := pcapgo.NewNgReader(&file, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, _, options, err := r.ReadPacketDataWithOptions()
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		direction := map[pcapgo.NgEpbFlag]string{pcapgo.NgEpbFlagDirectionInbound: "in", pcapgo.NgEpbFlagDirectionOutbound: "out"}
		h, _ := header.ParseIPv4(data[header.EthernetSize:])
		lines = append(lines, fmt.Sprintf("%s to %v: %s", direction[options.Flags.Direction], lvs.Addr4(h.Dst()), options.Comments[0]))
	}
}

func TestCaptureShowsVerdicts(t *testing.T) {
	syn := packettest.TCP(client4+":40000", vip4+":80", header.FlagSYN, "")
	strayUDP := packettest.UDP(client4+":40000", vip4+":99", "nobody's")
	late := packettest.TCP(client4+":40000", vip4+":80", header.FlagACK, "")
	late[header.EthernetSize+8], late[header.EthernetSize+10], late[header.EthernetSize+11] = 1, 0, 0
	header.IPv4(late[header.EthernetSize:]).SetChecksum(header.IPv4(late[header.EthernetSize:]).ComputeChecksum())

	through := []string{"in to " + vip4 + ": forwarded", "out to " + real4 + ": forwarded"}
	expired := []string{"in to " + vip4 + ": TTL exceeded", "out to " + client4 + ": TTL exceeded"}
	foreign := []string{"in to " + vip4 + ": not ours"}
	web := config.ServiceKey{Protocol: lvs.TCP, VIP: addr(vip4).Netip(), Port: 80}
	other := config.ServiceKey{Protocol: lvs.TCP, VIP: addr(vip4).Netip(), Port: 81}
	tests := map[string]struct {
		capture Capture
		want    []string
	}{
		"everything":      {Capture{}, slices.Concat(through, foreign, expired)},
		"of a service":    {Capture{Service: &web}, slices.Concat(through, expired)},
		"of another":      {Capture{Service: &other}, nil},
		"what is dropped": {Capture{Options: capture.Options{Points: capture.Dropped}}, []string{foreign[0], expired[0]}},
		"what leaves":     {Capture{Options: capture.Options{Points: capture.Egress}}, []string{through[1], expired[1]}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
			got := captured(t, d, tt.capture, func() { d.push(t, syn, strayUDP); d.push(t, late) })
			if !slices.Equal(got, tt.want) {
				t.Errorf("captured\n%q, want\n%q", got, tt.want)
			}
			if d.taps.Load() != nil {
				t.Error("the capture goes on")
			}
			d.push(t, syn)
			if d.workers[0].display.arrived != nil {
				t.Error("packets are copied for nobody")
			}
		})
	}
}

func TestCaptureOfWhatWaits(t *testing.T) {
	d := newTestDirector(t, testService(lvs.TCP, lvs.NAT, real4))
	hop := *d.router.hops[d.router.number[addr(real4)]]
	waiting := hop
	waiting.State = neigh.Pending
	d.router.set(real4, waiting)
	got := captured(t, d, Capture{}, func() {
		d.push(t, packettest.TCP(client4+":40000", vip4+":80", header.FlagSYN, ""))
		d.router.set(real4, hop)
		d.workers[0].handle(nil)
	})
	want := []string{"in to " + vip4 + ": waiting", "out to " + real4 + ": forwarded"}
	if !slices.Equal(got, want) {
		t.Errorf("captured %q, want %q", got, want)
	}
}
