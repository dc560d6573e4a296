package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// portModes are the modes of the director's eth0, where the client is, and eth1,
// where the real servers are.
type portModes struct{ eth0, eth1 config.Mode }

// set has c ask for the modes.
func (m portModes) set(c *config.Config) {
	c.Dataplane.Mode = m.eth0
	if m.eth1 != m.eth0 {
		c.Dataplane.Interface = map[string]config.InterfaceSettings{"eth1": {Mode: m.eth1}}
	}
}

// largestFrame is that of an Ethernet with an MTU of 1500, without VLAN.
const largestFrame = 1514

// In packet mode super-frames stay whole from one interface to the other, and with
// generic XDP, which has packet sockets for them. Where either is in XDP mode,
// frames on both wires fit the MTU: the kernel cuts what goes in, the director what
// goes out.
func TestSuperFrames(t *testing.T) {
	tests := map[string]struct {
		portModes
		whole bool
	}{
		"packet":         {portModes{config.Packet, config.Packet}, true},
		"xdp":            {portModes{config.XDP, config.XDP}, false},
		"xdp and packet": {portModes{config.XDP, config.Packet}, false},
		"packet and xdp": {portModes{config.Packet, config.XDP}, false},
		"generic":        {portModes{config.XDPGeneric, config.XDPGeneric}, true},
		"auto":           {portModes{config.Auto, config.Auto}, true},
	}
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 8<<20) // as much as a capture has room for
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := simple.raise(t, lab.WireOptions{})
			files := serveFile(t, s, file)
			c := s.onlyFirst(config.Auto)
			tt.set(c)
			direct(t, s, c)
			for _, f := range s.families() {
				atClient := captureAt(t, s.Client)
				checkDownload(t, s.Client, url(f.public, 80)+"files/file", want)
				checkSizes(t, f.name+", to the client", atClient, tt.whole)
				atServer := captureAt(t, s.Real[0])
				checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
				checkSizes(t, f.name+", to the real server", atServer, tt.whole)
			}
		})
	}
}

// serveFile has the first real server offer file, as files/file, and returns the
// folder behind files/.
func serveFile(t *testing.T, s *site, file string) (files string) {
	t.Helper()
	files = serveWeb(t, s.Real[0], "rs1", s.port)
	must(t, os.Symlink(file, filepath.Join(files, "file")))
	return files
}

// onlyFirst is a web service of the first real server alone, which has the file
// and keeps what comes.
func (s *site) onlyFirst(mode config.Mode) *config.Config {
	c := s.web(mode)
	for i := range c.Services {
		c.Services[i].Reals = c.Services[i].Reals[:1]
	}
	return c
}

// captureAt starts to capture on eth0 of h.
func captureAt(t *testing.T, h *lab.Host) *lab.Capture {
	t.Helper()
	c, err := h.Capture("eth0")
	must(t, err)
	return c
}

// checkSizes ends a capture, and checks that most bytes came in super-frames, or
// that none did.
func checkSizes(t *testing.T, what string, c *lab.Capture, whole bool) {
	t.Helper()
	c.Stop()
	bytes, super, longest := 0, 0, 0
	for _, f := range frames(t, c) {
		if f.Outgoing {
			continue
		}
		n := len(f.Data)
		bytes, longest = bytes+n, max(longest, n)
		if n > largestFrame {
			super += n
		}
	}
	t.Logf("%s: %d bytes, %d of them in super-frames, longest %d", what, bytes, super, longest)
	if whole && super < bytes/2 || !whole && super > 0 {
		t.Errorf("%s: %d of %d bytes came in super-frames", what, super, bytes)
	}
}

// line returns the line of the director's log that has all words, or nothing.
func (d *director) line(words ...string) string {
	for line := range strings.Lines(string(d.log.since(0))) {
		n := 0
		for _, w := range words {
			if strings.Contains(line, w) {
				n++
			}
		}
		if n == len(words) {
			return line
		}
	}
	return ""
}

// Interfaces in different modes work together.
func TestMixedModes(t *testing.T) {
	need(t, "dig")
	file := filepath.Join(t.TempDir(), "file")
	want := writeLarge(t, file, 50<<20)
	for name, modes := range map[string]portModes{
		"xdp and packet":     {config.XDP, config.Packet},
		"packet and xdp":     {config.Packet, config.XDP},
		"xdp and generic":    {config.XDP, config.XDPGeneric},
		"generic and packet": {config.XDPGeneric, config.Packet},
	} {
		t.Run(name, func(t *testing.T) {
			s := simple.raise(t, lab.WireOptions{})
			files := serveFile(t, s, file)
			names := *s
			names.port = 53
			for i := range s.Real {
				serveNames(t, &names, i)
			}
			c := s.onlyFirst(config.Auto)
			c.Services = append(c.Services, names.config(config.Auto, "rr", lvs.UDP, 53).Services...)
			modes.set(c)
			checkModes(t, direct(t, s, c), modes)
			for _, f := range s.families() {
				ask(t, s, f, 20)
				checkDownload(t, s.Client, url(f.public, 80)+"files/file", want)
				checkUpload(t, s, f, file, filepath.Join(files, f.name), want)
				checkNames(t, s, f, 4)
			}
		})
	}
}
