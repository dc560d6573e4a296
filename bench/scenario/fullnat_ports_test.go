package scenario

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

// readDatagram returns the next datagram of c.
func readDatagram(t *testing.T, c *net.UDPConn) []byte {
	t.Helper()
	must(t, c.SetReadDeadline(time.Now().Add(patience)))
	b := make([]byte, 2048)
	n, err := c.Read(b)
	must(t, err)
	return b[:n]
}

// checkIntroduced checks what an echo server has got from the client of f: text,
// and before it the addresses (proxy-protocol.txt, section 2.2).
func checkIntroduced(t *testing.T, f family, text string, got []byte) {
	t.Helper()
	client := parse(f.client)
	head := append([]byte("\r\n\r\n\x00\r\nQUIT\n\x21"), 0x12, 0, 12)
	if client.Is6() {
		head = append(head[:13], 0x22, 0, 36)
	}
	head = append(append(head, client.AsSlice()...), f.vip.AsSlice()...)
	if len(got) != len(head)+4+len(text) || !bytes.HasPrefix(got, head) || string(got[len(head)+4:]) != text ||
		binary.BigEndian.Uint16(got[len(head)+2:]) != echoPort {
		t.Errorf("%s: the server has got % x, want % x, ports, and %q", f.name, got, head, text)
	}
}

// tiny gives c local addresses with n ports each.
func (v variant) tiny(c *config.Config, n uint16) *config.Config {
	v.ports = [2]uint16{20000, 20000 + n - 1}
	return v.with(c)
}

// A client that connects again and again, by way of one local port after the
// other, is served each time, though the real server remembers the connections
// before.
func TestRealServerRemembersConnections(t *testing.T) {
	forEachVariant(t, func(t *testing.T, v variant, mode config.Mode) {
		s := v.raise(t)
		must(t, s.Client.Sysctl("net.ipv4.tcp_max_tw_buckets", "0")) // does not wait in TIME_WAIT
		serveAll(t, s)
		direct(t, s, v.tiny(s.onlyFirst(mode), 64)) // each of the client's ports has one of them
		for _, f := range s.families() {
			remembered := 0
			for range 20 {
				awaitClosed(t, s.Client, 40000)
				got := strings.TrimSpace(curl(t, s.Client, "--max-time", "5", "--local-port", "40000", url(f.vip, 80)))
				if want := "rs1 " + f.client; got != want {
					t.Errorf("%s answers %q, want %q", f.vip, got, want)
				}
				out := ss(t, s.Real[0], "state", "time-wait", "dst", whole(parse(f.client)))
				remembered = max(remembered, strings.Count(out, "\n")) // not one that the client has closed first
			}
			if remembered != 1 {
				t.Errorf("the real server has remembered up to %d connections from %s, want one", remembered, f.client)
			}
		}
	})
}

// awaitClosed waits until h has no connection on a port.
func awaitClosed(t *testing.T, h *lab.Host, port uint16) {
	t.Helper()
	eventually(t, "the last connection is closed", func() bool {
		return ss(t, h, "state", "all", "sport", fmt.Sprint("= :", port)) == ""
	})
}

// ss lists the TCP connections of h that pass a filter.
func ss(t *testing.T, h *lab.Host, filter ...string) string {
	t.Helper()
	need(t, "ss")
	out, err := h.Run(t.Context(), "ss", append([]string{"-Htn"}, filter...)...)
	must(t, err)
	return string(out)
}

// When all local ports are taken new clients are refused, which the operator is
// told before, and those that have one go on.
func TestLocalPortsRunOut(t *testing.T) {
	const ports, clients = 32, 300
	need(t, "socat", "ping")
	for _, mode := range bothModes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := variants[0].raise(t)
			s.port = echoPort
			serveEcho(t, s.Real[0], echoPort)
			c := variants[0].tiny(s.config(mode, "rr", lvs.TCP, echoPort), ports)
			for i := range c.Services {
				c.Services[i].Reals = c.Services[i].Reals[:1]
			}
			d := direct(t, s, c)
			for i, f := range s.families() {
				checkPing(t, s.Client, f.vip) // so that next hops are known
				checkPing(t, s.Real[0], parse(variants[0].locals[i]))
				served := connectAtOnce(t, s.Client, netip.AddrPortFrom(f.vip, echoPort), clients)
				if len(served) < ports/4 || len(served) > ports { // by chance no client may have one's shard
					t.Errorf("%s: %d clients were served by %d local ports", f.name, len(served), ports)
				}
				d.awaitLog(fmt.Sprintf("service %v: %d of %d local ports", c.Services[i].ServiceKey, len(served), ports))
				for _, conn := range served {
					checkEchoes(t, conn)
				}
			}
			if n := d.verdict("no local port"); n < 2*(clients-ports) {
				t.Errorf("%d packets found no local port, want at least %d", n, 2*(clients-ports))
			}
		})
	}
}

// connectAtOnce has as many clients connect at once, and returns those that could.
func connectAtOnce(t *testing.T, h *lab.Host, to netip.AddrPort, n int) (served []net.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	conns := make([]net.Conn, n)
	for i := range conns {
		wg.Go(func() { conns[i], _ = h.Dial(ctx, "tcp", to.String()) }) // nil if refused
	}
	wg.Wait()
	for _, c := range conns {
		if c != nil {
			t.Cleanup(func() { c.Close() })
			served = append(served, c)
		}
	}
	return served
}

// checkEchoes checks that a connection to an echo server goes on.
func checkEchoes(t *testing.T, c net.Conn) {
	t.Helper()
	text := []byte("still there?")
	must(t, c.SetDeadline(time.Now().Add(patience)))
	_, err := c.Write(text)
	must(t, err)
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, text) {
		t.Errorf("%v echoes %q, %v", c.RemoteAddr(), got, err)
	}
}

// The director does not start with local addresses that share ports with the
// connections of its host.
func TestLocalsShareTheHostsPorts(t *testing.T) {
	t.Parallel()
	s := variants[0].raise(t)
	d := direct(t, s, variants[0].with(s.web(config.XDP)))
	d.stop()
	shared := variants[0]
	shared.ports[1] = 65535
	d.write(shared.with(s.web(config.XDP)))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := s.Director.Run(ctx, os.Getenv(binaryKey), "run", "-c", d.path)
	if err == nil || ctx.Err() != nil || !strings.Contains(string(out), "ip_local_port_range") {
		t.Errorf("the director ended with %v:\n%s", err, out)
	}
	d.write(variants[0].with(s.web(config.XDP)))
	d.start()
}
