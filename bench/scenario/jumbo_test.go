package scenario

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/layers"
	"github.com/vishvananda/netlink"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/dataplane/xsk"
)

// jumboMTU is what most networks of longer frames have.
const jumboMTU = 9000

// jumboModes are the modes that an MTU of 9000 can be had in. AF_XDP needs a
// kernel for it.
func jumboModes(t *testing.T) map[string]portModes {
	t.Helper()
	modes := map[string]portModes{"auto": {config.Auto, config.Auto}, "packet": {config.Packet, config.Packet}}
	if xsk.HasFrags() {
		modes["xdp"] = portModes{config.XDP, config.XDP}
		modes["xdp and packet"] = portModes{config.XDP, config.Packet}
		modes["packet and xdp"] = portModes{config.Packet, config.XDP}
	}
	return modes
}

// Both sides of a connection use the MTU of 9000, and both get all they want.
func TestJumboFrames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 50<<20)
	for name, modes := range jumboModes(t) {
		t.Run(name, func(t *testing.T) {
			s := simple.raise(t, lab.WireOptions{MTU: jumboMTU})
			files := serveFile(t, s, file)
			c := s.onlyFirst(config.Auto)
			modes.set(c)
			checkModes(t, direct(t, s, c), modes)
			for _, f := range s.families() {
				atClient := captureAt(t, s.Client)
				curl(t, s.Client, url(f.public, 80))
				checkSegmentSize(t, atClient, jumboMTU)
				checkDownload(t, s.Client, url(f.public, 80)+"files/file", want)
				checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
			}
		})
	}
}

// The way to the real servers is narrower than both ends know: the client learns
// it from the director, and what it wants to say arrives all the same.
func TestJumboFramesIntoSmallOnes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 5<<20)
	for name, modes := range jumboModes(t) {
		t.Run(name, func(t *testing.T) {
			s := simple.raise(t, lab.WireOptions{MTU: jumboMTU})
			setMTU(t, s.Director, "eth1", 1500)
			files := serveFile(t, s, file)
			c := s.onlyFirst(config.Auto)
			modes.set(c)
			checkModes(t, direct(t, s, c), modes)
			for _, f := range s.families() {
				checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
			}
		})
	}
}

// What AF_XDP has no place for is driven in packet mode, also where the
// configuration says otherwise, and the log says so and why.
func TestTooLongForXDP(t *testing.T) {
	s := simple.raise(t, lab.WireOptions{MTU: 20000})
	serveAll(t, s)
	d := direct(t, s, s.web(config.XDP))
	for _, dev := range []string{"eth0", "eth1"} {
		line := d.line("driving interface", "name="+dev)
		if !strings.Contains(line, "mode=packet") || !strings.Contains(line, "its MTU is 20000") {
			t.Errorf("the log says %q, want packet mode, and the MTU as the reason", line)
		}
	}
	for _, f := range s.families() {
		ask(t, s, f, 4)
	}
}

// checkModes checks that the log names the modes that were asked for, auto being
// packet here.
func checkModes(t *testing.T, d *director, modes portModes) {
	t.Helper()
	for dev, mode := range map[string]config.Mode{"eth0": modes.eth0, "eth1": modes.eth1} {
		if mode == config.Auto {
			mode = config.Packet
		}
		if line := d.line("driving interface", "name="+dev); !slices.Contains(strings.Fields(line), "mode="+string(mode)) {
			t.Errorf("the log says %q, want %s in mode %s", line, dev, mode)
		}
	}
}

// setMTU sets the MTU of one end of a wire.
func setMTU(t *testing.T, h *lab.Host, dev string, mtu int) {
	t.Helper()
	must(t, h.Do(func() error {
		link, err := netlink.LinkByName(dev)
		if err != nil {
			return err
		}
		return netlink.LinkSetMTU(link, mtu)
	}))
}

// checkSegmentSize ends a capture, and checks that both sides have offered
// segments as long as the MTU allows.
func checkSegmentSize(t *testing.T, c *lab.Capture, mtu int) {
	t.Helper()
	c.Stop()
	seen := 0
	for _, s := range segments(t, c) {
		headers := 40
		if s.src.Is6() {
			headers = 60
		}
		for _, o := range s.tcp.Options {
			if o.OptionType != layers.TCPOptionKindMSS {
				continue
			}
			seen++
			if mss := int(o.OptionData[0])<<8 | int(o.OptionData[1]); mss != mtu-headers {
				t.Errorf("%v: MSS %d, want %d", s, mss, mtu-headers)
			}
		}
	}
	if seen != 2 {
		t.Errorf("%d segments offer an MSS, want 2", seen)
	}
}
