package encap

import (
	"os"
	"path/filepath"
	"testing"

	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/dataplane/replay"
	"xlvs/lvs"
)

// The director's and the real server's addresses in the captures.
var (
	goldenSource = map[bool]string{false: "10.2.0.2:0", true: "[fd02::2]:0"}
	goldenServer = map[bool]string{false: "10.2.0.1:0", true: "[fd02::1]:0"}
)

// TestGoldenTunnels wants the same of each request that the kernel's director
// made of it, byte for byte, and the request back out of that.
func TestGoldenTunnels(t *testing.T) {
	gue, gre := TunnelOptions{Type: lvs.TunnelGUE, Port: 6080}, TunnelOptions{Type: lvs.TunnelGRE}
	for name, tt := range map[string]struct {
		opts TunnelOptions
		v6   bool // the real server's family
		n    int  // requests
	}{
		"tun-ipip-tcp4":     {TunnelOptions{}, false, 6},
		"tun-gre-udp4":      {gre, false, 1},
		"tun-gre-csum-udp4": {withCsum(gre), false, 1},
		"tun-gue-udp4":      {gue, false, 1},
		"tun-gue-csum-udp4": {withCsum(gue), false, 1},
		"tun-4in6-udp4":     {TunnelOptions{}, true, 1},
		"tun-6in4-tcp6":     {TunnelOptions{}, false, 2},
		"tun-6in6-tcp6":     {TunnelOptions{}, true, 6},
	} {
		t.Run(name, func(t *testing.T) {
			in := goldenFrames(t, name+".client-side.pcap", header.MAC{2, 0, 0, 0, 0, 1})
			out := goldenFrames(t, name+".server-side.pcap", header.MAC{2, 0, 0, 0, 0, 3})
			if len(in) != len(out) || len(in) != tt.n {
				t.Fatalf("the kernel received %d requests and sent %d, want %d", len(in), len(out), tt.n)
			}
			for i := range in {
				testGolden(t, in[i], out[i], tt.opts, tt.v6)
			}
		})
	}
}

func withCsum(opts TunnelOptions) TunnelOptions {
	opts.Flags = lvs.TunnelCsum
	return opts
}

// testGolden puts one frame into a tunnel, and takes it out again.
func testGolden(t *testing.T, in, want []byte, opts TunnelOptions, v6 bool) {
	t.Helper()
	src, _ := endpoint(goldenSource[v6])
	destination, _ := endpoint(goldenServer[v6])
	if h, ok := header.ParseUDP(packettest.Transport(want)); ok && opts.Type == lvs.TunnelGUE {
		opts.Sources = [2]uint16{h.SrcPort(), h.SrcPort()} // the kernel hashed, with a secret
	}
	tunnel := NewTunnel(destination, opts)
	if h, ok := header.ParseIPv4(packettest.Network(want)); ok {
		tunnel.id.Store(uint32(h.ID()) - 1) // and counted from somewhere
	}
	p, _ := mustParse(t, in)
	mustPush(t, tunnel, p, src)
	wantFrame(t, p, packettest.MACs(want, packettest.ClientMAC(), packettest.DirectorMAC()))
	if !Pop(p, opts.Port) {
		t.Fatal("Pop() = false")
	}
	wantFrame(t, p, packettest.TTL(in, 63))
}

// goldenFrames returns what a station sent in a capture.
func goldenFrames(t *testing.T, name string, from header.MAC) (list [][]byte) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	frames, err := replay.Read(f, 0)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, f := range frames {
		if header.Ethernet(f.Data).Src() == from {
			list = append(list, f.Data)
		}
	}
	return list
}
