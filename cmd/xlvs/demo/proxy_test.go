package demo

import (
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

// Headers as proxy-protocol.txt, section 2.2, describes them: the signature,
// version and command, family and transport, length, source, destination, ports.
const (
	signature  = "0d0a0d0a000d0a515549540a"
	addresses4 = "cb007107" + "c633640a" + "a2b8" + "1f90"
	addresses6 = "20010db8000300000000000000000007" + "20010db8000100000000000000000010" + "a2b8" + "1f90"
	header4    = signature + "21" + "11" + "000c" + addresses4
	header6    = signature + "21" + "21" + "0024" + addresses6
)

func TestReadProxy(t *testing.T) {
	const client4, client6 = "203.0.113.7", "2001:db8:3::7"
	tests := map[string]struct {
		in     string // hex
		client string // empty for an error
		left   int    // bytes that are not the header's
	}{
		"IPv4":                     {header4, client4, 0},
		"IPv6":                     {header6, client6, 0},
		"a request behind it":      {header4 + "474554", client4, 3},
		"what nobody needs in it":  {signature + "21" + "11" + "0010" + addresses4 + "04000100", client4, 0},
		"nothing":                  {"", "", 0},
		"a request without header": {hex.EncodeToString([]byte("GET / HTTP/1.1\r\n\r\n")), "", 2},
		"version 1":                {hex.EncodeToString([]byte("PROXY TCP4 203.0.113.7 198.51.100.10 41656 8080\r\n")), "", 33},
		"signature cut short":      {signature[:22], "", 0},
		"addresses cut short":      {header4[:len(header4)-2], "", 0},
		"another signature":        {"0d" + header4[:len(header4)-2], "", 12},
		"version 3":                {signature + "31" + "11" + "000c" + addresses4, "", 12},
		"director for itself":      {signature + "20" + "00" + "0000", "", 0},
		"of no family":             {signature + "21" + "00" + "0000", "", 0},
		"of datagrams":             {signature + "21" + "12" + "000c" + addresses4, "", 0},
		"of a Unix socket":         {signature + "21" + "31" + "000c" + addresses4, "", 0},
		"no room for addresses":    {signature + "21" + "11" + "000b" + addresses4[2:], "", 0},
		"IPv6 as long as IPv4":     {signature + "21" + "21" + "000c" + addresses4, "", 0},
		"longer than anybody's":    {signature + "21" + "11" + "ffff" + addresses4, "", 12},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b, err := hex.DecodeString(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			in := bytes.NewReader(b)
			client, err := readProxy(iotest.OneByteReader(in))
			if (err == nil) != (tt.client != "") || err == nil && client.String() != tt.client {
				t.Errorf("readProxy(%s) = %v, %v; want %q", tt.in, client, err, tt.client)
			}
			if in.Len() != tt.left {
				t.Errorf("readProxy(%s) left %d bytes, want %d", tt.in, in.Len(), tt.left)
			}
		})
	}
}

func FuzzReadProxy(f *testing.F) {
	for _, text := range []string{header4, header6, signature} {
		b, err := hex.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { // must not panic
		client, err := readProxy(bytes.NewReader(b))
		if client.IsValid() != (err == nil) {
			t.Errorf("readProxy(%x) = %v, %v", b, client, err)
		}
	})
}

// askBehind sends a request behind text to a server of headers, and returns all
// that it says.
func askBehind(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newServer("rs1")
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(proxyListener{l})
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, text+"GET / HTTP/1.1\r\nHost: vip\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(c) // a reset is an end, too
	return string(answer)
}

func TestServerHearsOfClient(t *testing.T) {
	header, err := hex.DecodeString(header6)
	if err != nil {
		t.Fatal(err)
	}
	got := askBehind(t, string(header))
	if want := "I am rs1, and 127.0.0.1 says that you are 2001:db8:3::7.\n"; !strings.HasSuffix(got, "\r\n\r\n"+want) {
		t.Errorf("the server says %q, want %q", got, want)
	}
}

func TestServerWantsHeader(t *testing.T) {
	if got := askBehind(t, ""); strings.Contains(got, http.StatusText(http.StatusOK)) || strings.Contains(got, "rs1") {
		t.Errorf("the server says %q to a client without a header", got)
	}
}
