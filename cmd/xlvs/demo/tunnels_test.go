package demo

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"xlvs/bench/lab/labtest"
	"xlvs/config"
	"xlvs/lvs"
)

func TestTunnelArgs(t *testing.T) {
	tests := map[string]struct {
		method, want string
	}{
		"ipip": {"tun-ipip", "--tun-type ipip --user-space always --vip"},
		"gre":  {"tun-gre", "--tun-type gre --user-space always --vip"},
		"gue":  {"tun-gue", "--tun-type gue --user-space always --tun-port 6080 --vip"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &stage{method: named(t, tt.method)[0], dir: "/dir"}
			got := strings.Join(s.tunnelArgs("rs1", "always"), " ")
			want := "--state /dir/rs1.json --method tun " + tt.want + " 198.51.100.10 --vip 2001:db8:1::10"
			if got != want {
				t.Errorf("tunnelArgs() = %s, want %s", got, want)
			}
		})
	}
}

func TestOnlyTunnelsAreOpened(t *testing.T) {
	for _, m := range methods() {
		s := &stage{method: m}
		if m.real.Method == lvs.Tunnel {
			continue
		}
		if err := s.openTunnels(t.Context(), nil); err != nil { // there is no network for them
			t.Errorf("method %s: %v", m.name, err)
		}
	}
}

// fake returns a program in the place of `xlvs realserver`.
func fake(script string) []string { return []string{"sh", "-c", script, "realserver"} }

// TestKernelOpensTunnelsInstead has a program that must leave them to the kernel.
func TestKernelOpensTunnelsInstead(t *testing.T) {
	labtest.New(t)
	expectNothingLeft(t)
	s := &stage{method: named(t, "tun-gre")[0]}
	if err := s.build(); err != nil {
		t.Fatal(s.end(err))
	}
	err := s.openTunnels(t.Context(), fake(`
		case "$*" in *always*) exit 1;; esac
		trap 'exit 0' TERM
		echo `+ready+`, in the kernel
		while :; do sleep 0.01; done`))
	if err != nil {
		t.Error(err)
	}
	if words := s.latest.lastWords(); words == nil || !strings.Contains(words.Error(), "rs2 said: "+ready+", in the kernel") {
		t.Errorf("the latest program is not that of rs2: %v", words)
	}
	if err := s.end(nil); err != nil {
		t.Error(err)
	}
}

func TestTunnelsThatDoNotOpen(t *testing.T) {
	labtest.New(t)
	tests := map[string]struct {
		command []string
		want    error
		says    []string
	}{
		"it ends":        {fake("echo no device; exit 3"), errEnded, []string{"rs1", "exit status 3", "rs1 said: no device"}},
		"it says little": {fake("exit 4"), errEnded, []string{"rs1", "exit status 4"}},
		"it is not":      {[]string{"/nonexistent"}, os.ErrNotExist, []string{"rs1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			expectNothingLeft(t)
			var out bytes.Buffer
			d := &demo{methods: named(t, "tun-ipip"), mode: config.XDP, realserver: tt.command, out: &out, log: &out}
			err := d.run(t.Context())
			if !errors.Is(err, tt.want) {
				t.Fatalf("run() = %v, want %v", err, tt.want)
			}
			silent := func(word string) bool { return !strings.Contains(err.Error(), word) }
			if i := slices.IndexFunc(tt.says, silent); i >= 0 {
				t.Errorf("the error does not tell %q: %v", tt.says[i], err)
			}
			if out.Len() > 0 {
				t.Errorf("the demo printed what it could not show:\n%s", &out)
			}
		})
	}
}
