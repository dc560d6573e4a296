package steer

import (
	"testing"

	"xlvs/lvs"
)

func TestTake(t *testing.T) {
	rules := testRules()
	for name, s := range seeds(t) {
		t.Run(name, func(t *testing.T) {
			if got := rules.Take(s.frame); got != s.take {
				t.Errorf("Take(% x) = %t, want %t", s.frame, got, s.take)
			}
		})
	}
}

// TestTakeTruncated cuts taken frames everywhere: nothing is taken before the
// last byte that the classifier reads, everything from there on.
func TestTakeTruncated(t *testing.T) {
	tests := map[string]int{ // how many bytes the classifier needs
		"tcp to a service":                        14 + 20 + 4,
		"802.1ad and 802.1Q tag":                  14 + 8 + 20 + 4,
		"ipv4 with 40 bytes of options":           14 + 60 + 4,
		"first fragment to a VIP":                 14 + 20,
		"later fragment to a VIP":                 14 + 20,
		"unreachable about a service's packet":    14 + 20 + 8 + 20 + 4,
		"error about a packet with options":       14 + 20 + 8 + 60 + 4,
		"tcp to a service over ipv6":              14 + 40 + 4,
		"six extension headers":                   14 + 40 + 8 + 16 + 24 + 8 + 24 + 16 + 4,
		"first ipv6 fragment":                     14 + 40 + 8,
		"later ipv6 fragment":                     14 + 40 + 8,
		"packet too big about a service's packet": 14 + 40 + 8 + 40 + 4,
		"ipv6 error about extension headers":      14 + 40 + 8 + 40 + 8 + 8 + 24 + 4,
	}
	rules, all := testRules(), seeds(t)
	for name, need := range tests {
		t.Run(name, func(t *testing.T) {
			frame := all[name].frame
			for n := range len(frame) + 1 {
				if got, want := rules.Take(frame[:n]), n >= need; got != want {
					t.Errorf("Take of the first %d bytes = %t, want %t", n, got, want)
				}
			}
		})
	}
}

func TestTakeWithoutRules(t *testing.T) {
	for name, s := range seeds(t) {
		if Rules(nil).Take(s.frame) {
			t.Errorf("%s: taken without a rule", name)
		}
	}
}

func TestRulesSetDerivedKeys(t *testing.T) {
	r := Rules{}
	vip := addr("192.0.2.1")
	r.AddService(lvs.TCP, vip, 80)
	r.AddService(lvs.TCP, vip, 443)
	r.AddService(lvs.UDP, vip, 0)
	r.AddReply(lvs.TCP, addr("198.51.100.9"), 8080)
	r.AddLocal(vip)
	want := Rules{
		{Addr: vip, Port: 80, Proto: lvs.TCP}:                    {Flags: Service},
		{Addr: vip, Port: 443, Proto: lvs.TCP}:                   {Flags: Service},
		{Addr: vip, Port: 0, Proto: lvs.TCP}:                     {Flags: ServiceAddr},
		{Addr: vip, Port: 0, Proto: lvs.UDP}:                     {Flags: Service | ServiceAddr},
		{Addr: vip}:                                              {Flags: Local | ServiceAddr},
		{Addr: addr("198.51.100.9"), Port: 8080, Proto: lvs.TCP}: {Flags: Reply},
		{Addr: addr("198.51.100.9"), Port: 0, Proto: lvs.TCP}:    {Flags: ReplyAddr},
	}
	if len(r) != len(want) {
		t.Errorf("%d keys, want %d: %v", len(r), len(want), r)
	}
	for e, rule := range want {
		if r[e] != rule {
			t.Errorf("%v = %v, want %v", e, r[e], rule)
		}
	}
}

func TestAddClientTakesFragments(t *testing.T) {
	r := Rules{}
	r.AddLocal(addr("198.51.100.1"))
	r.AddClient(lvs.UDP, addr("198.51.100.1"), 40000)
	tests := map[string]struct {
		packet []byte
		want   bool
	}{
		"whole":               {udp("198.51.100.9:53", "198.51.100.1:40000"), true},
		"whole, another port": {udp("198.51.100.9:53", "198.51.100.1:22"), false},
		"first fragment":      {fragment4(udp("198.51.100.9:53", "198.51.100.1:40000"), 0), true},
		"last fragment":       {last4(udp("198.51.100.9:53", "198.51.100.1:40000"), 1), true},
		"another protocol's":  {fragment4(tcp("198.51.100.9:53", "198.51.100.1:40000"), 0), false},
		"to another address":  {fragment4(udp("198.51.100.9:53", "198.51.100.2:9"), 0), false},
	}
	for name, tt := range tests {
		if got := r.Take(frame(tt.packet)); got != tt.want {
			t.Errorf("%s: Take() = %t, want %t", name, got, tt.want)
		}
	}
}

func TestEndpointKey(t *testing.T) {
	tests := map[string]struct {
		in   Endpoint
		want string
		log  string
	}{
		"ipv4":    {Endpoint{Addr: addr("192.0.2.1"), Port: 80, Proto: lvs.TCP}, "00000000000000000000ffffc00002010050" + "0600", "TCP 192.0.2.1:80"},
		"ipv6":    {Endpoint{Addr: addr("2001:db8::1"), Port: 443, Proto: lvs.UDP}, "20010db800000000000000000000000101bb" + "1100", "UDP [2001:db8::1]:443"},
		"address": {Endpoint{Addr: addr("192.0.2.1")}, "00000000000000000000ffffc00002010000" + "0000", "IP 192.0.2.1:0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.in.key(); string(got[:]) != string(unhex(t, tt.want)) {
				t.Errorf("key() = %x, want %s", got, tt.want)
			}
			if got := tt.in.String(); got != tt.log {
				t.Errorf("String() = %q, want %q", got, tt.log)
			}
		})
	}
}
