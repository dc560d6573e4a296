package ipvsadm

import (
	"context"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"xlvs/lvs"
)

func TestReadPorts(t *testing.T) {
	http := map[portKey]string{{lvs.TCP, 80}: "http"}
	tests := map[string]struct {
		text string
		want map[portKey]string
	}{
		"empty":                   {"", nil},
		"one line":                {"http 80/tcp", http},
		"other names and comment": {"http\t80/tcp\twww web # for browsers\n", http},
		"first name of a port":    {"http 80/tcp\nwww 80/tcp\n", http},
		"every protocol":          {"a 1/tcp\nb 1/udp\nc 1/sctp\n", map[portKey]string{{lvs.TCP, 1}: "a", {lvs.UDP, 1}: "b", {lvs.SCTP, 1}: "c"}},
		"comments alone":          {"# http 80/tcp\n#\n", nil},
		"a name alone":            {"http\n", nil},
		"no protocol":             {"http 80\nhttp 80/\n", nil},
		"an unknown protocol":     {"http 80/ddp\n", nil},
		"a port too large":        {"http 65536/tcp\n", nil},
		"a negative port":         {"http -1/tcp\n", nil},
		"no number":               {"http x/tcp\n", nil},
		"a line beyond all bound": {"http 80/tcp\n" + strings.Repeat("x", 1<<17), http},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := readPorts(strings.NewReader(tt.text)); !maps.Equal(got, tt.want) {
				t.Errorf("readPorts(%.40q) = %v, want %v", tt.text, got, tt.want)
			}
		})
	}
}

func FuzzReadPorts(f *testing.F) {
	f.Add("http 80/tcp www # comment\n\nhttp 65536/tcp")
	f.Fuzz(func(t *testing.T, text string) {
		for key, name := range readPorts(strings.NewReader(text)) {
			if name == "" || strings.ContainsAny(name, " \t\n#") || key.proto == 0 {
				t.Errorf("readPorts gives port %v the name %q", key, name)
			}
		}
	})
}

func TestAppendEndpoint(t *testing.T) {
	n := known(t).open()
	n.learn(t.Context(), []netip.Addr{netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("2001:db8::1")})
	tests := map[string]struct {
		names *namer
		proto lvs.Protocol
		at    string
		want  string
	}{
		"both by name":          {n, lvs.TCP, "198.51.100.1:80", "www.a-long-name-too.example.org:http"},
		"a port of no name":     {n, lvs.SCTP, "198.51.100.1:80", "www.a-long-name-too.example.org:80"},
		"of a mark":             {n, 0, "198.51.100.1:80", "www.a-long-name-too.example.org:80"},
		"a host of no name":     {n, lvs.UDP, "192.0.2.1:53", "192.0.2.1:domain"},
		"IPv6 by name":          {n, lvs.TCP, "[2001:db8::1]:443", "[v6.example.com]:https"},
		"IPv6 of no name":       {n, lvs.TCP, "[2001:db8::2]:1", "[2001:db8::2]:1"},
		"numbers":               {&namer{}, lvs.TCP, "198.51.100.1:80", "198.51.100.1:80"},
		"IPv4 mapped into IPv6": {&namer{}, lvs.TCP, "[::ffff:192.0.2.1]:80", "[::ffff:192.0.2.1]:80"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			at := netip.MustParseAddrPort(tt.at)
			if got := string(tt.names.appendEndpoint(nil, tt.proto, at.Addr(), at.Port())); got != tt.want {
				t.Errorf("appendEndpoint(%v, %v) = %q, want %q", tt.proto, at, got, tt.want)
			}
		})
	}
}

// A counter is a resolver that counts how often each address is asked for.
type counter struct {
	mu    sync.Mutex
	asked map[string]int
}

func (c *counter) LookupAddr(_ context.Context, addr string) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[addr]++
	return nil, errNoHost
}

func TestNamerAsksOnce(t *testing.T) {
	c := &counter{asked: map[string]int{}}
	n := Names{Resolver: c, Services: "testdata/none"}.open()
	var addrs []netip.Addr
	for i := range 100 {
		addrs = append(addrs, netip.AddrFrom4([4]byte{192, 0, 2, byte(i / 2)}))
	}
	n.learn(t.Context(), addrs)
	n.learn(t.Context(), addrs)
	for _, a := range addrs {
		if got := c.asked[a.String()]; got != 1 {
			t.Errorf("%v was asked for %d times, want 1", a, got)
		}
	}
}

// silent is a resolver that no name server answers.
type silent struct{}

func (silent) LookupAddr(ctx context.Context, _ string) ([]string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestNamerLosesPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := Names{Resolver: silent{}, Services: "testdata/none"}.open()
		for i := range 3 {
			var addrs []netip.Addr
			for j := range 100 {
				addrs = append(addrs, netip.AddrFrom4([4]byte{192, 0, byte(i), byte(j)}))
			}
			n.learn(t.Context(), addrs)
		}
		if got := string(n.appendEndpoint(nil, lvs.TCP, netip.MustParseAddr("192.0.2.1"), 80)); got != "192.0.2.1:80" {
			t.Errorf("endpoint that nobody knows the name of is %q", got)
		}
	})
}
