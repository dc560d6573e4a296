package announce

import (
	"testing"

	"xlvs/dataplane/header"
	"xlvs/lvs"
)

func TestJudge(t *testing.T) {
	none, other := lvs.Addr{}, addr("198.51.100.81")
	v := &view{vips: map[lvs.Addr]bool{vip4: true, vip6: true}, macs: map[header.MAC]bool{macA: true, macB: true}}
	tests := map[string]struct {
		in   message
		vip  lvs.Addr
		want verdict
	}{
		"request for a VIP":                  {message{macC, client4, vip4, false}, vip4, asked},
		"request from another subnet":        {message{macC, addr("203.0.113.9"), vip4, false}, vip4, asked},
		"solicitation of a VIP":              {message{macC, client6, vip6, false}, vip6, asked},
		"neighbour that looks after us":      {message{macC, client6, vip6, true}, vip6, asked},
		"request for another":                {message{macC, client4, other, false}, none, ignored},
		"request for nothing":                {message{macC, client4, addr("0.0.0.0"), false}, none, ignored},
		"claim of another":                   {message{macC, other, none, false}, none, ignored},
		"probe for a VIP":                    {message{macC, none, vip6, false}, vip6, probed},
		"probe for another":                  {message{macC, none, other, false}, none, ignored},
		"switch that tracks hosts":           {message{macC, none, vip4, true}, vip4, asked},
		"claim of a VIP":                     {message{macC, vip4, none, false}, vip4, claimed},
		"announcement of a VIP":              {message{macC, vip4, vip4, false}, vip4, claimed},
		"request of a VIP for another":       {message{macC, vip4, other, false}, vip4, claimed},
		"one VIP asks for another":           {message{macC, vip4, vip6, false}, vip4, claimed},
		"our announcement on our own port":   {message{macA, vip4, vip4, false}, none, ignored},
		"announcement of another of ours":    {message{macB, vip4, vip4, false}, none, ignored},
		"our own host asks":                  {message{macB, client4, vip4, false}, none, ignored},
		"our own probe that came back to us": {message{macA, none, vip6, false}, none, ignored},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if vip, got := v.judge(tt.in); got != tt.want || vip != tt.vip {
				t.Errorf("judge(%+v) = %s, %d, want %s, %d", tt.in, vip, got, tt.vip, tt.want)
			}
		})
	}
	if vip, got := new(view).judge(message{macC, none, none, false}); got != ignored {
		t.Errorf("without VIPs judge() = %s, %d, want ignored", vip, got)
	}
}

func TestOwnable(t *testing.T) {
	tests := map[string]bool{
		"198.51.100.80": true, "2001:db8::80": true, "fe80::80": true, "169.254.0.80": true,
		"0.0.0.0": false, "::": false, "127.0.0.1": false, "::1": false, "224.0.0.18": false, "ff02::1": false, "255.255.255.255": false,
	}
	for a, want := range tests {
		if got := ownable(addr(a)); got != want {
			t.Errorf("ownable(%s) = %t, want %t", a, got, want)
		}
	}
}
