package lvs

import (
	"fmt"
	"slices"
	"testing"
)

func TestWordsAreThoseOfIpvsadm(t *testing.T) {
	tests := map[fmt.Stringer]string{
		TCP:           "TCP",
		UDP:           "UDP",
		SCTP:          "SCTP",
		ICMP:          "ICMP",
		ICMPv6:        "ICMPv6",
		IP:            "IP",
		ESP:           "ESP",
		AH:            "AH",
		Protocol(47):  "IP_47",
		NAT:           "Masq",
		LocalNode:     "Local",
		Tunnel:        "Tunnel",
		DirectRouting: "Route",
		Bypass:        "Bypass",
		FullNAT:       "FullNat",
		Method(99):    "Method(99)",
	}
	for word, want := range tests {
		if got := word.String(); got != want {
			t.Errorf("String() of %T(%d) = %q, want %q", word, word, got, want)
		}
	}
}

// TestMethodsHaveTheKernelsNumbers has those of IP_VS_CONN_F_MASQ to
// IP_VS_CONN_F_BYPASS in linux/ip_vs.h.
func TestMethodsHaveTheKernelsNumbers(t *testing.T) {
	for want, m := range []Method{NAT, LocalNode, Tunnel, DirectRouting, Bypass} {
		if int(m) != want {
			t.Errorf("%v is %d, want %d", m, m, want)
		}
	}
}

func TestSchedulerFlagNames(t *testing.T) {
	tests := map[string]struct {
		scheduler string
		flags     SchedulerFlags
		want      []string
	}{
		"none":                   {"sh", 0, nil},
		"both of sh":             {"sh", SchedulerFallback | SchedulerPort, []string{"sh-fallback", "sh-port"}},
		"one of mh":              {"mh", SchedulerPort, []string{"mh-port"}},
		"of a scheduler without": {"rr", SchedulerPort, []string{"flag-2"}},
		"all":                    {"sh", AllSchedulerFlags, []string{"sh-fallback", "sh-port", "flag-3"}},
		"all, without names":     {"wlc", AllSchedulerFlags, []string{"flag-1", "flag-2", "flag-3"}},
		"a bit that has no name": {"mh", SchedulerFallback | 1<<20, []string{"mh-fallback"}},
	}
	for name, tt := range tests {
		if got := tt.flags.Names(tt.scheduler); !slices.Equal(got, tt.want) {
			t.Errorf("%s: Names(%s) = %q, want %q", name, tt.scheduler, got, tt.want)
		}
	}
}

func TestSchedulerFlag(t *testing.T) {
	tests := map[string]struct {
		scheduler, name string
		want            SchedulerFlags // 0: there is none
	}{
		"of the scheduler":  {"sh", "sh-port", SchedulerPort},
		"of another":        {"mh", "sh-port", 0},
		"of every one":      {"rr", "flag-1", SchedulerFallback},
		"of every one, too": {"sh", "flag-3", 0x20},
		"of none":           {"sh", "flag-4", 0},
		"no name":           {"sh", "", 0},
	}
	for name, tt := range tests {
		if got, ok := SchedulerFlag(tt.scheduler, tt.name); got != tt.want || ok != (tt.want != 0) {
			t.Errorf("%s: SchedulerFlag(%q, %q) = %#x, %t, want %#x", name, tt.scheduler, tt.name, got, ok, tt.want)
		}
	}
}

func TestDefaultSchedulerIsOne(t *testing.T) {
	if !slices.Contains(SchedulerNames[:], DefaultScheduler) {
		t.Errorf("%q is not in %q", DefaultScheduler, SchedulerNames)
	}
}
