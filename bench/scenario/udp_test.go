package scenario

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"xlvs/bench/lab"
	"xlvs/lvs"
)

func TestNameServers(t *testing.T) {
	need(t, "dig")
	for _, d := range []struct {
		name string
		deployment
	}{{"masquerading", s1}, {"direct routing", s3b}} {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%s, %s", d.name, mode), func(t *testing.T) {
				t.Parallel()
				d := d.deployment
				d.port = 53
				s := d.raise(t, lab.WireOptions{})
				for i := range s.Real {
					serveNames(t, s, i)
				}
				direct(t, s, s.config(mode, "rr", lvs.UDP, 53))
				for _, f := range s.families() {
					checkNames(t, s, f, 10)
				}
			})
		}
	}
}

// checkNames has the client ask n times, each from another port, lest two be one
// connection by chance, and checks that the real servers share the questions
// equally and see the client's address.
func checkNames(t *testing.T, s *site, f family, n int) {
	t.Helper()
	got := map[string]int{}
	for i := range n {
		from := fmt.Sprintf("%s#%d", netip.IPv6Unspecified(), 20000+i)
		if f.vip.Is4() {
			from = fmt.Sprintf("%s#%d", netip.IPv4Unspecified(), 20000+i)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		out, err := s.Client.Run(ctx, "dig", "-b", from, "@"+f.vip.String(), "+short", "+tries=1", "+time=3", "+noedns", "who.example", "TXT")
		cancel()
		must(t, err)
		got[strings.TrimSpace(string(out))]++
	}
	for i := range s.Real {
		if want := fmt.Sprintf(`"rs%d %s"`, i+1, f.client); got[want] != n/len(s.Real) {
			t.Errorf("%s: answers %v, want %d of %s", f.name, got, n/len(s.Real), want)
		}
	}
}

// serveNames has real server i answer every question with its name and the
// client's address.
func serveNames(t *testing.T, s *site, i int) {
	t.Helper()
	for _, f := range s.families() {
		// A socket on all addresses would reply from another than was asked.
		addr := f.vip.String()
		if s.method == lvs.NAT {
			addr = f.reals[i]
		}
		c, err := s.Real[i].ListenPacket("udp", net.JoinHostPort(addr, "53"))
		must(t, err)
		done := make(chan struct{})
		go func() {
			defer close(done)
			answerNames(c, fmt.Sprintf("rs%d", i+1))
		}()
		t.Cleanup(func() {
			c.Close()
			<-done
		})
	}
}

// answerNames answers on c until it is closed.
func answerNames(c net.PacketConn, name string) {
	b := make([]byte, 512)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return
		}
		if host, _, err := net.SplitHostPort(from.String()); err == nil && n >= 12 {
			_, _ = c.WriteTo(answer(b[:n], name+" "+host), from) // a lost answer is the client's to notice
		}
	}
}

// answer returns the response to a query with one question and nothing else: a
// TXT record with text (RFC 1035, sections 4.1 and 3.3.14).
func answer(query []byte, text string) []byte {
	r := bytes.Clone(query)
	r[2] |= 0x80 // QR: a response
	r[7] = 1     // ANCOUNT
	r = append(r, 0xc0, 12, 0, 16, 0, 1)
	r = append(r, 0, 0, 0, 0) // TTL
	r = append(r, 0, byte(len(text)+1), byte(len(text)))
	return append(r, text...)
}
