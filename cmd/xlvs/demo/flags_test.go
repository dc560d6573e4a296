package demo

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"xlvs/config"
)

func TestParse(t *testing.T) {
	all := []string{"nat", "dr", "tun-ipip", "tun-gre", "tun-gue", "fullnat"}
	tests := map[string]struct {
		args    []string
		methods []string
		mode    config.Mode
		keep    bool
	}{
		"nothing":        {nil, all, config.XDP, false},
		"one method":     {[]string{"--method", "dr"}, []string{"dr"}, config.XDP, false},
		"a tunnel's":     {[]string{"--method", "tun-gre"}, []string{"tun-gre"}, config.XDP, false},
		"all methods":    {[]string{"--method=all"}, all, config.XDP, false},
		"the last wins":  {[]string{"--method", "dr", "--method", "all"}, all, config.XDP, false},
		"generic, kept":  {[]string{"-mode", "xdp-generic", "-keep"}, all, config.XDPGeneric, true},
		"default spelt":  {[]string{"--mode", "xdp"}, all, config.XDP, false},
		"keep spelt out": {[]string{"--keep=false"}, all, config.XDP, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := &demo{out: io.Discard}
			if err := d.parse(tt.args); err != nil {
				t.Fatalf("parse(%q) = %v", tt.args, err)
			}
			var names []string
			for _, m := range d.methods {
				names = append(names, m.name)
			}
			if !slices.Equal(names, tt.methods) || d.mode != tt.mode || d.keep != tt.keep {
				t.Errorf("parse(%q): methods %q, mode %q, keep %t; want %q, %q, %t",
					tt.args, names, d.mode, d.keep, tt.methods, tt.mode, tt.keep)
			}
		})
	}
}

func TestUsageErrors(t *testing.T) {
	tests := map[string]struct {
		args []string
		says string
	}{
		"unknown flag":         {[]string{"--colour"}, "-colour"},
		"unknown method":       {[]string{"--method", "socks"}, "must be one of nat, dr, tun-ipip, tun-gre, tun-gue, fullnat, all"},
		"tunnel of no type":    {[]string{"--method", "tun"}, "must be one of"},
		"empty method":         {[]string{"--method", ""}, "must be one of nat, dr, "},
		"method not named":     {[]string{"--method"}, "needs an argument"},
		"unknown mode":         {[]string{"--mode", "dpdk"}, "must be xdp, xdp-generic or packet"},
		"keep is no yes":       {[]string{"--keep=maybe"}, "maybe"},
		"argument left over":   {[]string{"--keep", "nat"}, `unexpected argument "nat"`},
		"another after a dash": {[]string{"--", "-h"}, `unexpected argument "-h"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := Command(context.Background(), tt.args, &out, &out)
			if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Command(%q) = %v, want ErrUsage with %q", tt.args, err, tt.says)
			}
			if strings.Contains(err.Error(), "\n") || out.Len() > 0 {
				t.Errorf("Command(%q) = %q and printed %q, want one line and nothing printed", tt.args, err, &out)
			}
		})
	}
}

func TestHelpIsPrinted(t *testing.T) {
	var out, log bytes.Buffer
	err := Command(context.Background(), []string{"-h"}, &out, &log)
	if !errors.Is(err, flag.ErrHelp) {
		t.Errorf("Command(-h) = %v, want flag.ErrHelp", err)
	}
	for _, want := range []string{"-method", "nat, dr, tun-ipip, tun-gre, tun-gue, fullnat, all", "-mode", "xdp-generic", "-keep"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("help does not mention %q:\n%s", want, &out)
		}
	}
	if log.Len() > 0 {
		t.Errorf("help wrote to stderr: %s", &log)
	}
}

func TestExplainWantOfPrivilege(t *testing.T) {
	err := explain(fmt.Errorf("open lab: %w", fs.ErrPermission))
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "sudo") {
		t.Errorf("explain(permission denied) = %v, want it with what to do", err)
	}
	if err := explain(fs.ErrNotExist); err != fs.ErrNotExist {
		t.Errorf("explain(%v) = %v, want it as it is", fs.ErrNotExist, err)
	}
	if err := explain(nil); err != nil {
		t.Errorf("explain(nil) = %v", err)
	}
}
