package realserver

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"xlvs/lvs"
)

func TestParse(t *testing.T) {
	ipip := []lvs.TunnelType{lvs.TunnelIPIP}
	all := []lvs.TunnelType{lvs.TunnelIPIP, lvs.TunnelGRE, lvs.TunnelGUE}
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	tests := map[string]struct {
		args string
		want options
	}{
		"only a virtual address": {"--vip 192.0.2.1",
			options{vips: []netip.Addr{v4}, dev: "lo", types: ipip, port: 6080, userSpace: auto}},
		"one dash": {"-vip 192.0.2.1 -method dr",
			options{vips: []netip.Addr{v4}, dev: "lo", types: ipip, port: 6080, userSpace: auto}},
		"two addresses on a dummy": {"--vip 192.0.2.1 --vip 2001:db8::1 --interface dummy0 --keep",
			options{vips: []netip.Addr{v4, v6}, dev: "dummy0", types: ipip, port: 6080, userSpace: auto, keep: true}},
		"all tunnels": {"--vip 2001:db8::1 --method tun --tun-type all --tun-port 5555 --user-space always",
			options{vips: []netip.Addr{v6}, dev: "lo", tunnel: true, types: all, port: 5555, userSpace: always}},
		"one tunnel": {"--vip 192.0.2.1 --method tun --tun-type gue --user-space never",
			options{vips: []netip.Addr{v4}, dev: "lo", tunnel: true, types: all[2:], port: 6080, userSpace: never}},
		"undo": {"--undo", options{dev: "lo", types: ipip, port: 6080, userSpace: auto, undo: true}},
		"print": {"--print --vip 192.0.2.1",
			options{vips: []netip.Addr{v4}, dev: "lo", types: ipip, port: 6080, userSpace: auto, print: true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.want.state = "/tmp/state.json"
			got, err := parse(append(strings.Fields(tt.args), "--state", "/tmp/state.json"), nil)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("parse(%s) = %+v, want %+v", tt.args, *got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ args, want string }{
		"nothing":                     {"", "--vip ADDRESS is missing"},
		"a name for an address":       {"--vip www.example.com", "must be an IPv4 or IPv6 address"},
		"an address with its length":  {"--vip 192.0.2.1/32", "must be an IPv4 or IPv6 address"},
		"an address of a link":        {"--vip fe80::1%eth0", "must be an IPv4 or IPv6 address"},
		"IPv4 in IPv6":                {"--vip ::ffff:192.0.2.1", "must be an IPv4 or IPv6 address"},
		"no address":                  {"--vip 0.0.0.0", "no address that clients can reach"},
		"loopback":                    {"--vip 127.0.0.1", "no address that clients can reach"},
		"a group":                     {"--vip ff02::1", "no address that clients can reach"},
		"everybody":                   {"--vip 255.255.255.255", "no address that clients can reach"},
		"an address twice":            {"--vip 192.0.2.1 --vip 192.0.2.1", "was given before"},
		"another method":              {"--vip 192.0.2.1 --method nat", "must be dr or tun"},
		"another tunnel":              {"--vip 192.0.2.1 --method tun --tun-type vxlan", "must be ipip, gre, gue or all"},
		"port 0":                      {"--vip 192.0.2.1 --method tun --tun-port 0", "from 1 to 65535"},
		"port 65536":                  {"--vip 192.0.2.1 --method tun --tun-port 65536", "from 1 to 65535"},
		"neither kernel nor process":  {"--vip 192.0.2.1 --method tun --user-space maybe", "must be auto, always or never"},
		"tunnel with direct routing":  {"--vip 192.0.2.1 --tun-type gre", "--tun-type is for --method tun"},
		"user space likewise":         {"--vip 192.0.2.1 --user-space auto", "--user-space is for --method tun"},
		"undo of one address":         {"--undo --vip 192.0.2.1", "not with --vip"},
		"undo that prints":            {"--undo --print", "not with --print"},
		"an argument":                 {"--vip 192.0.2.1 192.0.2.2", `unexpected argument "192.0.2.2"`},
		"unknown flag":                {"--vip 192.0.2.1 --fast", "flag provided but not defined: -fast"},
		"two mistakes, the first one": {"--vip x --method y", "must be an IPv4 or IPv6 address"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := Command(t.Context(), strings.Fields(tt.args), nil, nil)
			if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Command(%s) = %v, want ErrUsage and %q", tt.args, err, tt.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var out bytes.Buffer
	if err := Command(t.Context(), []string{"-h"}, &out, nil); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("Command(-h) = %v, want flag.ErrHelp", err)
	}
	for _, f := range []string{"vip", "interface", "method", "tun-type", "tun-port", "user-space", "undo", "print", "keep", "state"} {
		if !strings.Contains(out.String(), fmt.Sprintf("  -%s", f)) {
			t.Errorf("help does not mention -%s:\n%s", f, &out)
		}
	}
}
