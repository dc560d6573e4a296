package dataplane

import (
	"errors"
	"testing"

	"xlvs/config"
	"xlvs/dataplane/neigh"
)

func TestChoose(t *testing.T) {
	type asked struct {
		mode   config.Mode
		prefer config.Prefer
	}
	auto, pps := asked{config.Auto, config.Bulk}, asked{config.Auto, config.PPS}
	xdp, generic := asked{config.XDP, config.Bulk}, asked{config.XDPGeneric, config.Bulk}
	tests := map[string]struct {
		kind  string
		mtu   int
		asked asked
		old   bool // the kernel has no packets of several frames
		want  config.Mode
		why   bool // there is a reason why it is no better mode
	}{
		"hardware":                           {"device", 1500, auto, false, config.XDP, false},
		"hardware, for small packets":        {"device", 1500, pps, false, config.XDP, false},
		"the longest MTU of a frame":         {"device", xdpMTU, auto, true, config.XDP, false},
		"an MTU longer than a frame":         {"device", xdpMTU + 1, auto, false, config.XDP, false},
		"the same on an old kernel":          {"device", xdpMTU + 1, auto, true, config.Packet, true},
		"the longest MTU":                    {"device", jumboMTU, auto, false, config.XDP, false},
		"an MTU longer than that":            {"device", jumboMTU + 1, auto, false, config.Packet, true},
		"veth":                               {"veth", 1500, auto, false, config.Packet, true},
		"veth, for small packets":            {"veth", 1500, pps, false, config.XDP, false},
		"veth with jumbo frames, for pps":    {"veth", 9000, pps, false, config.XDP, false},
		"veth with jumbo frames":             {"veth", 9000, auto, false, config.Packet, true},
		"bridge":                             {"bridge", 1500, auto, false, config.Packet, true},
		"bridge, for small packets":          {"bridge", 1500, pps, false, config.Packet, true},
		"macvlan, for small packets":         {"macvlan", 1500, pps, false, config.Packet, true},
		"vlan, for small packets":            {"vlan", 1500, pps, false, config.Packet, true},
		"bond, for small packets":            {"bond", 1500, pps, false, config.Packet, true},
		"named xdp on a bond":                {"bond", 1500, xdp, false, config.Packet, true},
		"named generic on a bond":            {"bond", 1500, generic, false, config.XDPGeneric, false},
		"named xdp":                          {"veth", 1500, xdp, false, config.XDP, false},
		"named generic":                      {"veth", 1500, generic, false, config.XDPGeneric, false},
		"named packet":                       {"device", 1500, asked{config.Packet, config.PPS}, false, config.Packet, false},
		"named packet with jumbo frames":     {"device", 9000, asked{config.Packet, config.PPS}, true, config.Packet, false},
		"named xdp with jumbo frames":        {"device", 9000, xdp, false, config.XDP, false},
		"named generic with jumbo frames":    {"device", 9000, generic, false, config.XDPGeneric, false},
		"named xdp, jumbo, on an old kernel": {"device", 9000, xdp, true, config.Packet, true},
		"named xdp with too long an MTU":     {"device", 16000, xdp, false, config.Packet, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := port{kind: tt.kind, mtu: tt.mtu, mode: config.XDPGeneric, frags: true, why: "of the last time"}
			p.choose(tt.asked.mode, tt.asked.prefer, !tt.old)
			if p.mode != tt.want || (p.why != "") != tt.why || p.frags {
				t.Errorf("choose(%s, %s, %t) = %s because %q, want %s and a reason: %t",
					tt.asked.mode, tt.asked.prefer, !tt.old, p.mode, p.why, tt.want, tt.why)
			}
			if named := tt.asked.mode != config.Auto; p.named != named {
				t.Errorf("named = %t, want %t", p.named, named)
			}
		})
	}
}

func TestSettle(t *testing.T) {
	reason := errors.New("the driver cannot")
	const jumbo = "its MTU is 9000: the driver cannot"
	tests := map[string]struct {
		mode config.Mode
		mtu  int
		want port
		ok   bool
	}{
		"auto falls back":            {config.Auto, 1500, port{mode: config.Packet, why: "the driver cannot"}, true},
		"xdp insists":                {config.XDP, 1500, port{mode: config.XDP, named: true}, false},
		"generic insists":            {config.XDPGeneric, 1500, port{mode: config.XDPGeneric, named: true}, false},
		"packet is packet":           {config.Packet, 1500, port{mode: config.Packet, named: true}, false},
		"auto with jumbo frames":     {config.Auto, 9000, port{mode: config.Packet, why: jumbo}, true},
		"not for jumbo frames":       {config.XDP, 9000, port{mode: config.Packet, named: true, why: jumbo}, true},
		"packet is packet for jumbo": {config.Packet, 9000, port{mode: config.Packet, named: true}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := port{mtu: tt.mtu}
			p.choose(tt.mode, config.PPS, true)
			p.frags = p.jumbo() // as of attaching
			tt.want.mtu = tt.mtu
			if ok := p.settle(reason); ok != tt.ok || p != tt.want {
				t.Errorf("settle() = %t, port %+v, want %t, %+v", ok, p, tt.ok, tt.want)
			}
		})
	}
}

func TestFrameSize(t *testing.T) {
	const most = 2048 - aroundMTU // MTU that small frames hold
	tests := map[string]struct {
		ports []port
		want  int
	}{
		"none":                    {nil, 2048},
		"ethernet":                {[]port{{mode: config.XDP, mtu: 1500}}, 2048},
		"the most":                {[]port{{mode: config.XDP, mtu: most}}, 2048},
		"one byte more":           {[]port{{mode: config.XDP, mtu: most + 1}}, 4096},
		"one of them":             {[]port{{mode: config.XDPGeneric, mtu: 3000}, {mode: config.XDP, mtu: 1500}}, 4096},
		"jumbo":                   {[]port{{mode: config.XDP, mtu: 9000}}, 4096},
		"jumbo in packet mode":    {[]port{{mode: config.Packet, mtu: 9000}}, 2048},
		"jumbo beside small ones": {[]port{{mode: config.Packet, mtu: 9000}, {mode: config.XDP, mtu: 1500}}, 2048},
	}
	for name, tt := range tests {
		if got := frameSize(tt.ports); got != tt.want {
			t.Errorf("%s: frameSize() = %d, want %d", name, got, tt.want)
		}
	}
}

func TestWorkerCount(t *testing.T) {
	there := func(mode config.Mode, queues int) port {
		return port{Port: neigh.Port{Index: 1}, mode: mode, queues: queues}
	}
	tests := map[string]struct {
		ports         []port
		wanted, cores int
		want          int
	}{
		"one per core":                   {[]port{there(config.XDP, 8)}, 0, 4, 4},
		"no more than queues":            {[]port{there(config.XDP, 2)}, 0, 4, 2},
		"no more than the fewest queues": {[]port{there(config.XDP, 4), there(config.XDPGeneric, 1)}, 0, 4, 1},
		"packet mode spreads":            {[]port{there(config.Packet, 1)}, 0, 4, 4},
		"packet mode beside queues":      {[]port{there(config.Packet, 1), there(config.XDP, 2)}, 0, 4, 2},
		"as many as wanted":              {[]port{there(config.XDP, 8)}, 6, 4, 6},
		"fewer than wanted":              {[]port{there(config.XDP, 2)}, 6, 4, 2},
		"one that is gone":               {[]port{{mode: config.XDP, queues: 1}, there(config.XDP, 3)}, 0, 4, 3},
	}
	for name, tt := range tests {
		if got := workerCount(tt.ports, tt.wanted, tt.cores); got != tt.want {
			t.Errorf("%s: workerCount() = %d, want %d", name, got, tt.want)
		}
	}
}
