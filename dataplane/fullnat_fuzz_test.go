package dataplane

import (
	"bytes"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/header"
	"xlvs/dataplane/packet/packettest"
	"xlvs/lvs"
)

// FuzzFullNAT takes any frame through the whole worker, beside connections between
// families whose clients are introduced: no panic, one verdict, and the frame given
// back once.
func FuzzFullNAT(f *testing.F) {
	for _, fam := range []family{ipv4, ipv6} {
		client, vip, local := fam.client+":4242", fam.vip+":80", map[bool]string{true: local4 + ":1024", false: "[" + local6 + "]:1024"}[fam == ipv4]
		f.Add(packettest.TCP(client, vip, header.FlagACK, "data"), uint8(0))
		f.Add(segmentOf(client, vip, header.FlagFIN|header.FlagACK, 2, 1, "data"), uint8(1))
		f.Add(withHeader(syn(client, vip), timestamps...), uint8(2))
		f.Add(packettest.TCP(fam.real+":8080", local, header.FlagSYN|header.FlagACK, ""), uint8(3))
		f.Add(packettest.UDP(client, vip, "data"), uint8(4))
		f.Add(packettest.Fragments(packettest.UDP(client, vip, "sixteen bytes of"), 16, 1)[0], uint8(5))
		f.Add(packettest.ICMPError(fam.bareOf(fam.client), 3, 4, 1400, packettest.TCP(vip, client, 0, "data")), uint8(6))
		f.Add(packettest.ICMPError(fam.bare(), 2, 0, 1400, packettest.TCP(local, fam.real+":8080", 0, "data")), uint8(7))
	}
	hows := []config.ClientAddress{config.NoClientAddress, config.ProxyV2, config.TOA}
	f.Fuzz(func(t *testing.T, input []byte, n uint8) {
		frame := bytes.Clone(input)
		if len(frame) > 9000 {
			t.Skip()
		}
		c := withNAT()[int(n)%len(withNAT())]
		how := hows[int(n)/len(withNAT())%len(hows)]
		udp := c.introduced(lvs.UDP, how)
		if how == config.TOA {
			udp.ClientAddress = config.NoClientAddress
		}
		tcp := c.introduced(lvs.TCP, how)
		d := newTestDirector(t, c.from(tcp, 1024, 1500), c.from(udp, 1024, 1500))
		client, vip := c.client.client+":4242", c.client.vip+":80"
		d.push(t, syn(client, vip), packettest.UDP(client, vip, ""))
		repair(frame)
		checkOne(t, d, frame)
	})
}
