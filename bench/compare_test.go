package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"xlvs/bench/compare"
)

func TestParseCompare(t *testing.T) {
	tests := map[string]struct {
		args   []string
		window time.Duration
		rounds int
	}{
		"nothing said":   {nil, 2 * time.Second, 5},
		"quick":          {[]string{"--quick"}, 300 * time.Millisecond, 1},
		"quick but long": {[]string{"-quick", "-seconds", "1", "-rounds", "3"}, time.Second, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := parseCompare(tt.args, nil)
			if err != nil || c.window != tt.window || c.rounds != tt.rounds {
				t.Errorf("parseCompare(%q) = %+v, %v", tt.args, c, err)
			}
		})
	}
	c, err := parseCompare([]string{"-measure", "bulk,rate", "-competitors", "nginx"}, nil)
	if err != nil || len(c.trials) != 2 || c.trials[0].Name != "bulk" || len(c.contenders) != 1 || c.contenders[0].name != "nginx" {
		t.Errorf("what was chosen is %+v, %v", c, err)
	}
	for name, args := range map[string][]string{
		"unknown measurement": {"-measure", "rate,rat"},
		"unknown competitor":  {"-competitors", "katran"},
		"negative time":       {"-seconds", "-1"},
		"negative rounds":     {"-rounds", "-1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseCompare(args, nil)
			if _, ok := errors.AsType[usageError](err); !ok || !strings.Contains(err.Error(), args[0]) {
				t.Errorf("parseCompare(%q) = %v, want a usageError about the flag", args, err)
			}
		})
	}
}

// TestTrials holds that what is declared is what a square is asked for.
func TestTrials(t *testing.T) {
	for _, quick := range []bool{false, true} {
		var names []string
		for _, one := range trials(quick) {
			names = append(names, one.Name)
			for _, method := range one.Methods {
				if methodWords[parseMethod(method)] != method {
					t.Errorf("%s: no method is called %q", one.Name, method)
				}
			}
			if len(one.Figures) == 0 || one.run == nil || one.ceilings && one.talk {
				t.Errorf("trial %+v has no sense", one)
			}
		}
		slices.Sort(names)
		if len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("the trials are %q, want each once", names)
		}
	}
}

func TestContenders(t *testing.T) {
	talk, packets := &trial{talk: true}, &trial{ceilings: true}
	tests := map[string]struct {
		contender string
		trial     *trial
		method    string
		want      bool
	}{
		"a director":               {"xlvs-xdp", packets, "tun", true},
		"a proxy that talks":       {"haproxy", talk, "fullnat", true},
		"a proxy with nat":         {"haproxy", talk, "nat", false},
		"a proxy with packets":     {"nginx", packets, "fullnat", false},
		"the kernel has no such":   {"ipvs", packets, "fullnat", false},
		"nftables routes not":      {"nftables", packets, "dr", false},
		"a ceiling":                {"xdp-redirect", packets, "", true},
		"a ceiling does not talk":  {"loop-xdp", talk, "", false},
		"a trial of another place": {"xlvs-xdp", nil, "nat", false},
	}
	all := contenders()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(all, func(c contender) bool { return c.name == tt.contender })
			if got := all[i].enters(tt.trial, tt.method); got != tt.want {
				t.Errorf("enters() = %t, want %t", got, tt.want)
			}
		})
	}
	none := contender{programs: []string{"no-such-program"}, files: []string{"/no/such/file"}}
	if err := none.missing(); err == nil || !strings.Contains(err.Error(), "no-such-program") || !strings.Contains(err.Error(), "/no/such/file") {
		t.Errorf("missing() = %v, want both named", err)
	}
	few := contender{name: "few", limit: func() (int, error) { return 10, nil }}
	if few.holds(10) != nil || few.holds(11) == nil {
		t.Error("10 connections are not the most that a limit of 10 holds")
	}
}

func TestVisitors(t *testing.T) {
	c, err := parseCompare([]string{"-quick", "-measure", "rate,latency,bulk"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	missing := errors.New("no emulator")
	list := c.visitors(nil, missing)
	if len(list) != len(guestContenders) || !errors.Is(list[0].Missing, missing) {
		t.Errorf("without a guest: %+v, want all left out", list)
	}
	for _, one := range list {
		if one.Has("rate", "nat") || !one.Has("guest-rate", "nat") {
			t.Errorf("%s takes part in what is not in the guest, or not in what is", one.Name)
		}
	}
	if got := c.visited(); len(got) != 1 || got[0].Name != "guest-rate" || len(got[0].Axis.Points) != 1 {
		t.Errorf("measured in a guest, quickly: %+v, want a rate", got)
	}
	if got := c.trials[0].Axis.Points; len(got) != 3 {
		t.Errorf("the host's own points are %v", got)
	}
	c.quick = false
	if got := c.visited(); len(got) != 2 {
		t.Errorf("measured in a guest: %+v, want rate and bulk", got)
	}
}

func TestCompareJobRefuses(t *testing.T) {
	nothing := func(any) error { return nil }
	for name, in := range map[string]string{
		"no JSON": "{", "nobody": "{}", "a competitor of old": `{"key":{"competitor":"lvs-2.2","measurement":"rate"}}`,
		"an unknown measurement": `{"key":{"competitor":"ipvs","measurement":"fame"}}`,
	} {
		if err := compareJob(t.Context(), json.RawMessage(in), nothing); err == nil {
			t.Errorf("%s: %s is measured", name, in)
		}
	}
}

// testCompare measures short connections of two competitors, and reads what was
// saved.
func testCompare(t *testing.T, binary string) {
	needPrograms(t, "nft", "ethtool")
	expectNothingLeft(t)
	dir := filepath.Join(t.TempDir(), "results")
	args := []string{"-quick", "-seconds", "0.2", "-measure", "connections", "-competitors", "xlvs-packet,nftables", "-xlvs", binary, "-o", dir}
	var out strings.Builder
	if err := compareCommand(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "compare.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r compare.Result
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	measured := 0
	for _, c := range r.Charts {
		for _, row := range c.Rows {
			for _, cell := range row.Cells {
				if cell == nil {
					continue
				}
				if measured++; cell.Spread == nil {
					t.Errorf("%s of %s: %q", c.Name, row.Competitor, cell.Failures)
				}
			}
		}
	}
	// Two figures, of three methods and of two.
	if measured != 2*(3+2) || r.Machine == "" || r.Kernel == "" || !strings.Contains(r.Command, "compare -quick") {
		t.Errorf("%d figures in %s", measured, b)
	}
	if !strings.Contains(out.String(), "Short TCP connections, a request and an answer each, 1/s") {
		t.Errorf("the table is\n%s", &out)
	}
}

// testSquares measures once what testCompare does not, where a figure cannot be
// missing for want of time.
func testSquares(t *testing.T, binary string) {
	needPrograms(t, "nft", "ethtool")
	expectNothingLeft(t)
	c := &comparing{window: 200 * time.Millisecond, trials: trials(true), contenders: contenders(), binary: binary}
	var err error
	if c.director, err = newDirector(t.Context(), binary); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.director.close() })
	for _, k := range []compare.Key{
		{Measurement: "memory", Competitor: "xlvs-xdp", Method: "nat", Point: 1000},
		{Measurement: "rate", Competitor: "xdp-redirect", Point: 64},
		{Measurement: "handshakes-by-destinations", Competitor: "nftables", Method: "nat", Point: 2},
		{Measurement: "rate", Competitor: "xlvs-xdp", Method: "tun", Point: 1500},
		{Measurement: "packet-cost", Competitor: "xlvs-packet", Method: "dr"},
	} {
		t.Run(strings.ReplaceAll(k.String(), " ", "-"), func(t *testing.T) {
			who, err := choose("competitors", k.Competitor, c.contenders, func(one contender) string { return one.name })
			if err != nil {
				t.Fatal(err)
			}
			values, err := c.square(t.Context(), &who[0], k)
			if err != nil || len(values) == 0 || slices.Min(values) <= 0 {
				t.Errorf("square %v = %v, %v, want something", k, values, err)
			}
		})
	}
}

// testCompareInterrupt ends the context in the middle: what there is, is saved.
func testCompareInterrupt(t *testing.T, binary string) {
	expectNothingLeft(t)
	cause := errors.New("somebody pressed Ctrl-C")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 500*time.Millisecond, cause)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "results")
	err := compareCommand(ctx, []string{"-seconds", "60", "-competitors", "xdp-redirect,nftables", "-measure", "rate", "-xlvs", binary, "-o", dir}, io.Discard)
	if !errors.Is(err, cause) {
		t.Errorf("compareCommand() = %v, want %v", err, cause)
	}
	b, err := os.ReadFile(filepath.Join(dir, "compare.md"))
	if err != nil || !strings.Contains(string(b), "cut short: "+cause.Error()) {
		t.Errorf("the report says %s, %v", b, err)
	}
}
