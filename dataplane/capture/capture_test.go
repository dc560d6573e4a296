package capture_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"

	"xlvs/dataplane/capture"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
)

var (
	web = packettest.TCP("198.51.100.7:40000", "192.0.2.1:80", header.FlagSYN, "")
	dns = packettest.UDP("198.51.100.7:40000", "192.0.2.1:53", "question")
)

// take writes what see shows to a Tap of o, and returns the file.
func take(t *testing.T, o capture.Options, limit capture.Limit, see func(*capture.Tap)) []byte {
	t.Helper()
	tap := capture.New(o)
	see(tap)
	var file bytes.Buffer
	names := func(port uint16) capture.Interface {
		return capture.Interface{Name: map[uint16]string{0: "eth0", 1: "eth1"}[port]}
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := &lastWrite{w: &file, want: limit.Frames, cancel: cancel}
	if err := tap.Write(ctx, w, names, limit); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// A lastWrite ends a capture without a limit once something has been written.
type lastWrite struct {
	w      io.Writer
	want   int
	writes int
	cancel func()
}

func (l *lastWrite) Write(b []byte) (int, error) {
	if l.writes++; l.want == 0 && l.writes > 1 {
		l.cancel()
	}
	return l.w.Write(b)
}

func TestWriteIsPcapng(t *testing.T) {
	file := take(t, capture.Options{}, capture.Limit{Frames: 3}, func(tap *capture.Tap) {
		tap.See(capture.Ingress, 0, web, "forwarded")
		tap.See(capture.Egress, 1, web, "forwarded")
		tap.See(capture.Ingress|capture.Dropped, 0, dns, "no destination available")
	})
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		device, comment string
		direction       pcapgo.NgEpbFlag
		frame           []byte
	}{
		{"eth0", "forwarded", pcapgo.NgEpbFlagDirectionInbound, web},
		{"eth1", "forwarded", pcapgo.NgEpbFlagDirectionOutbound, web},
		{"eth0", "no destination available", pcapgo.NgEpbFlagDirectionInbound, dns},
	}
	for i, want := range tests {
		data, info, options, err := r.ReadPacketDataWithOptions()
		if err != nil {
			t.Fatal(err)
		}
		device, err := r.Interface(info.InterfaceIndex)
		if err != nil {
			t.Fatal(err)
		}
		if device.Name != want.device || !bytes.Equal(data, want.frame) ||
			len(options.Comments) != 1 || options.Comments[0] != want.comment || options.Flags.Direction != want.direction {
			t.Errorf("frame %d: %s %+v %x; want %+v", i, device.Name, options, data, want)
		}
	}
	if _, _, err := r.ReadPacketData(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last frame: %v, want EOF", err)
	}
}

// What tcpdump prints of a file is what anybody else's program makes of it.
func TestTcpdumpReadsIt(t *testing.T) {
	file := take(t, capture.Options{Snap: 60}, capture.Limit{Frames: 2}, func(tap *capture.Tap) {
		tap.See(capture.Ingress, 0, web, "forwarded")
		tap.See(capture.Ingress, 0, dns, "forwarded")
	})
	path := filepath.Join(t.TempDir(), "frames.pcapng")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tcpdump(t), "-nr", path).CombinedOutput()
	if err != nil {
		t.Fatalf("tcpdump: %v\n%s", err, out)
	}
	for _, want := range []string{"198.51.100.7.40000 > 192.0.2.1.80: Flags [S]", "198.51.100.7.40000 > 192.0.2.1.53"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("tcpdump printed\n%swithout %q", out, want)
		}
	}
}

func TestPoints(t *testing.T) {
	tests := map[string]struct {
		points capture.Points
		want   int
	}{
		"all":        {0, 3},
		"everywhere": {capture.Everywhere, 3},
		"ingress":    {capture.Ingress, 2},
		"egress":     {capture.Egress, 1},
		"dropped":    {capture.Dropped, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := take(t, capture.Options{Points: tt.points}, capture.Limit{}, func(tap *capture.Tap) {
				tap.See(capture.Ingress, 0, web, "forwarded")
				tap.See(capture.Egress, 1, web, "forwarded")
				tap.See(capture.Ingress|capture.Dropped, 0, dns, "no route")
			})
			if got := count(t, file); got != tt.want {
				t.Errorf("%d frames, want %d", got, tt.want)
			}
		})
	}
}

func count(t *testing.T, file []byte) (frames int) {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, _, err := r.ReadPacketData(); err != nil {
			return frames
		}
		frames++
	}
}

func TestSlowReaderLosesFramesAndNobodyWaits(t *testing.T) {
	tap := capture.New(capture.Options{})
	const n = 10_000
	for range n {
		tap.See(capture.Ingress, 0, web, "forwarded")
	}
	if lost := tap.Lost(); lost == 0 || lost >= n {
		t.Errorf("lost %d of %d frames that nobody read", lost, n)
	}
}

// A busySource shows another frame with every write to it.
type busySource struct {
	tap    *capture.Tap
	writes int
	cancel func()
}

func (s *busySource) Write(b []byte) (int, error) {
	s.tap.See(capture.Ingress, 0, web, "forwarded")
	if s.writes++; s.writes == 100 {
		s.cancel()
	}
	if s.writes > 1000 {
		return 0, errors.New("the capture does not end")
	}
	return len(b), nil
}

// A capture ends when it is to, however fast frames come.
func TestEndIsTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tap := capture.New(capture.Options{})
	w := &busySource{tap: tap, cancel: cancel}
	tap.See(capture.Ingress, 0, web, "forwarded")
	if err := tap.Write(ctx, w, func(uint16) capture.Interface { return capture.Interface{} }, capture.Limit{}); err != nil {
		t.Fatal(err)
	}
}

func TestLimitOfBytes(t *testing.T) {
	file := take(t, capture.Options{}, capture.Limit{Bytes: 2000}, func(tap *capture.Tap) {
		for range 1000 {
			tap.See(capture.Ingress, 0, web, "forwarded")
		}
	})
	if len(file) < 2000 || len(file) > 20_000 {
		t.Errorf("%d bytes, want about 2000", len(file))
	}
}
