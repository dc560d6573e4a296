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
	tests := map[string]struct {
		kind  string
		mtu   int
		asked asked
		want  config.Mode
		why   bool // there is a reason why it is no better mode
	}{
		"hardware":                        {"device", 1500, auto, config.XDP, false},
		"hardware, for small packets":     {"device", 1500, pps, config.XDP, false},
		"the longest MTU of a frame":      {"device", xdpMTU, auto, config.XDP, false},
		"an MTU longer than a frame":      {"device", xdpMTU + 1, auto, config.Packet, true},
		"veth":                            {"veth", 1500, auto, config.Packet, true},
		"veth, for small packets":         {"veth", 1500, pps, config.XDP, false},
		"veth with jumbo frames, for pps": {"veth", 9000, pps, config.Packet, true},
		"bridge":                          {"bridge", 1500, auto, config.Packet, true},
		"bridge, for small packets":       {"bridge", 1500, pps, config.Packet, true},
		"macvlan, for small packets":      {"macvlan", 1500, pps, config.Packet, true},
		"vlan, for small packets":         {"vlan", 1500, pps, config.Packet, true},
		"bond, for small packets":         {"bond", 1500, pps, config.XDP, false},
		"named xdp":                       {"veth", 1500, asked{config.XDP, config.Bulk}, config.XDP, false},
		"named generic":                   {"veth", 1500, asked{config.XDPGeneric, config.Bulk}, config.XDPGeneric, false},
		"named packet":                    {"device", 1500, asked{config.Packet, config.PPS}, config.Packet, false},
		"named packet with jumbo frames":  {"device", 9000, asked{config.Packet, config.PPS}, config.Packet, false},
		"named xdp with jumbo frames":     {"device", 9000, asked{config.XDP, config.Bulk}, config.Packet, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := port{kind: tt.kind, mtu: tt.mtu, mode: config.XDPGeneric, why: "of the last time"}
			p.choose(tt.asked.mode, tt.asked.prefer)
			if p.mode != tt.want || (p.why != "") != tt.why {
				t.Errorf("choose(%s, %s) = %s because %q, want %s and a reason: %t",
					tt.asked.mode, tt.asked.prefer, p.mode, p.why, tt.want, tt.why)
			}
			if named := tt.asked.mode != config.Auto; p.named != named {
				t.Errorf("named = %t, want %t", p.named, named)
			}
		})
	}
}

func TestSettle(t *testing.T) {
	reason := errors.New("the driver cannot")
	tests := map[string]struct {
		mode config.Mode
		want port
		ok   bool
	}{
		"auto falls back":  {config.Auto, port{mode: config.Packet, why: "the driver cannot"}, true},
		"xdp insists":      {config.XDP, port{mode: config.XDP, named: true}, false},
		"generic insists":  {config.XDPGeneric, port{mode: config.XDPGeneric, named: true}, false},
		"packet is packet": {config.Packet, port{mode: config.Packet, named: true}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var p port
			p.choose(tt.mode, config.PPS)
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
