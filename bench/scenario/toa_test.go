package scenario

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"xlvs/bench/lab"
	"xlvs/config"
)

// A server that knows TCP option 254 as DPVS writes it learns who its clients are,
// and one that does not is not disturbed by it: here a stock server, and a look at
// what it gets.
func TestTOA(t *testing.T) {
	forEachVariant(t, func(t *testing.T, v variant, mode config.Mode) {
		s := v.raise(t)
		serveAll(t, s)
		var at []*lab.Capture
		for _, rs := range s.Real {
			c, err := rs.Capture("eth0")
			must(t, err)
			at = append(at, c)
		}
		direct(t, s, introduced(v.with(s.web(mode)), config.TOA))
		for _, f := range s.families() {
			checkTurns(t, s, f, 4)
		}
		told := map[netip.Addr]int{}
		for _, c := range at {
			c.Stop()
			for _, f := range frames(t, c) {
				if client, ok := toldClient(f); ok && !f.Outgoing {
					told[client.Addr()]++
				}
			}
		}
		for _, client := range []string{s5.v4.client, s5.v6.client} {
			if told[parse(client)] < 4 { // one for each connection, at least
				t.Errorf("real servers were told of %v, want %s for each connection", told, client)
			}
		}
	})
}

// toldClient returns the client that a segment's option 254 tells of.
func toldClient(f lab.Frame) (client netip.AddrPort, ok bool) {
	tcp, ok := decode(f).Layer(layers.LayerTypeTCP).(*layers.TCP)
	if !ok {
		return client, false
	}
	for _, o := range tcp.Options {
		if o.OptionType != 254 || len(o.OptionData) != 6 && len(o.OptionData) != 18 {
			continue
		}
		addr, ok := netip.AddrFromSlice(o.OptionData[2:])
		return netip.AddrPortFrom(addr, binary.BigEndian.Uint16(o.OptionData)), ok
	}
	return client, false
}
