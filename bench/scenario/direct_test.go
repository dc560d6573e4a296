package scenario

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"testing"

	"xlvs/bench/lab"
	"xlvs/config"
	"xlvs/lvs"
)

func TestDirectRouting(t *testing.T) {
	deployments := []struct {
		name string
		deployment
		gateway func(*site) (*lab.Host, string) // the last hop before the director, and its device
	}{
		{"behind a firewall", s3, func(s *site) (*lab.Host, string) { return s.Firewall, "eth1" }},
		{"on one subnet", s3b, func(s *site) (*lab.Host, string) { return s.Client, "eth0" }},
	}
	for _, d := range deployments {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%s, %s", d.name, mode), func(t *testing.T) {
				t.Parallel()
				s := d.raise(t, lab.WireOptions{})
				serveAll(t, s)
				host, dev := d.gateway(s)
				v := watch(t, s, host, dev)
				director := direct(t, s, s.web(mode))
				for _, f := range s.families() {
					checkTurns(t, s, f, 2*len(s.Real))
					checkOneDirectionIsEnough(t, director, s, f)
				}
				for _, f := range s.families() {
					v.checkSilence(t, f.vip)
					v.checkFrames(t, f.vip)
				}
			})
		}
	}
}

// checkOneDirectionIsEnough checks that a connection becomes active and inactive,
// though the director sees only what the client sends.
func checkOneDirectionIsEnough(t *testing.T, d *director, s *site, f family) {
	t.Helper()
	service := config.ServiceKey{Protocol: lvs.TCP, VIP: f.vip, Port: 80}
	before := 0
	eventually(t, f.name+": no connection active", func() bool {
		active, inactive := d.table().connections(service)
		before = inactive
		return active == 0
	})
	c, err := s.Client.Dial(t.Context(), "tcp", netip.AddrPortFrom(f.public, 80).String())
	must(t, err)
	defer c.Close()
	eventually(t, f.name+": one connection active", func() bool {
		active, inactive := d.table().connections(service)
		return active == 1 && inactive == before
	})
	must(t, c.Close())
	eventually(t, f.name+": one more connection inactive", func() bool {
		active, inactive := d.table().connections(service)
		return active == 0 && inactive == before+1
	})
}

// A view is what is captured around a director with one device: by the last hop
// before it, at the other end of its wire, and by each real server.
type view struct {
	gateway, director *lab.Capture
	reals             []*lab.Capture
	mac               net.HardwareAddr // the director's
	realMACs          []net.HardwareAddr
}

func watch(t *testing.T, s *site, gateway *lab.Host, dev string) *view {
	t.Helper()
	v := &view{mac: macOf(t, s.Director)}
	capture := func(h *lab.Host, dev string) *lab.Capture {
		c, err := h.Capture(dev)
		must(t, err)
		return c
	}
	v.gateway = capture(gateway, dev)
	v.director = capture(s.Switch.Host, s.Switch.Port(s.Director, "eth0"))
	for _, rs := range s.Real {
		v.reals = append(v.reals, capture(rs, "eth0"))
		v.realMACs = append(v.realMACs, macOf(t, rs))
	}
	return v
}

func macOf(t *testing.T, h *lab.Host) net.HardwareAddr {
	t.Helper()
	link, err := h.Link("eth0")
	must(t, err)
	return link.HardwareAddr
}

// checkSilence checks that the director, and nobody else, has answered the
// gateway's question who has vip.
func (v *view) checkSilence(t *testing.T, vip netip.Addr) {
	t.Helper()
	got := slices.Collect(maps.Keys(announcers(t, v.gateway, vip)))
	if want := fmt.Sprintf("%x", []byte(v.mac)); len(got) != 1 || got[0] != want {
		t.Errorf("%q answered for %v, want %q, the director", got, vip, want)
	}
}

// checkFrames compares what the gateway sent with what real servers received.
func (v *view) checkFrames(t *testing.T, vip netip.Addr) {
	t.Helper()
	sent := map[string]segment{}
	for _, s := range segments(t, v.gateway) {
		if s.outgoing && s.dst == vip && s.tcp.SYN {
			sent[s.flow()] = s
		}
	}
	if len(sent) == 0 {
		t.Fatalf("the gateway sent no connection to %v", vip)
	}
	received := 0
	for i, c := range v.reals {
		for _, s := range segments(t, c) {
			if !s.outgoing && s.dst == vip && s.tcp.SYN {
				received++
				v.checkForwarded(t, sent[s.flow()], s, v.realMACs[i])
			}
		}
	}
	if received != len(sent) {
		t.Errorf("real servers received %d connections to %v, the gateway sent %d", received, vip, len(sent))
	}
	for _, s := range segments(t, v.director) {
		if s.src == vip {
			t.Fatalf("a reply passed the director: %v", s)
		}
	}
}

// checkForwarded checks that a real server received what the gateway sent with
// only the TTL and the MAC addresses changed.
func (v *view) checkForwarded(t *testing.T, sent, received segment, to net.HardwareAddr) {
	t.Helper()
	if received.ttl != sent.ttl-1 {
		t.Errorf("%v: TTL %d, want %d", received, received.ttl, sent.ttl-1)
	}
	if !bytes.Equal(received.network, sent.network) {
		t.Errorf("%v: IP header % x, want % x", received, received.network, sent.network)
	}
	if received.tcp.Seq != sent.tcp.Seq {
		t.Errorf("%v: sequence number differs from %d", received, sent.tcp.Seq)
	}
	if e := received.ethernet; !bytes.Equal(e.SrcMAC, v.mac) || !bytes.Equal(e.DstMAC, to) {
		t.Errorf("%v: from %v to %v, want from %v to %v", received, e.SrcMAC, e.DstMAC, v.mac, to)
	}
}
