package conformance

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestRandom(t *testing.T) {
	var list []Script
	for seed := range uint64(1000) {
		s := Random(seed)
		if !reflect.DeepEqual(s, Random(seed)) {
			t.Fatalf("seed %d gives two scripts", seed)
		}
		list = append(list, s)
	}
	if err := check(list); err != nil {
		t.Error(err)
	}
}

// TestRandomHasAll checks that nothing is left out by mistake.
func TestRandomHasAll(t *testing.T) {
	var all strings.Builder
	for seed := range uint64(1000) {
		s := Random(seed)
		all.WriteString(strings.Join(s.Commands, " \n") + " \n")
		for _, step := range s.Steps {
			all.WriteString(step.Command + step.Sysctl + " \n")
			for _, p := range step.Packets {
				all.WriteString(string(step.From) + " " + p.String() + "\n")
			}
		}
	}
	words := []string{
		"-f 1 ", "-f 2 -6", "--sctp-service", "-D ", "-C", "-Z", "-E ", "-e ", "-d ", "--set 4 4 4",
		"-p ", "-M 127", "-M 255.255.255.254", "-o ", "-x ", "-y ", "sh-port,sh-fallback", "mh-fallback",
		"real icmp ", "real icmp6 ", "client icmp ", "client icmp6 ", "client sctp ", "real sctp ", "no-checksum",
	}
	for _, scheduler := range deterministic {
		words = append(words, "-s "+scheduler+" ")
	}
	for _, m := range methods {
		words = append(words, m.options+" -w ")
	}
	for _, s := range drawnSysctls {
		words = append(words, s.name+"=")
	}
	for _, word := range words {
		if !strings.Contains(all.String(), word) {
			t.Errorf("no random script has %q", word)
		}
	}
}

// TestRandomHandshakes checks that no SCTP handshake is left where it lives for seconds.
func TestRandomHandshakes(t *testing.T) {
	isInit := func(p Packet) bool { return p.Chunk == "init" && p.Proto == "sctp" }
	for seed := range uint64(300) {
		for i, step := range Random(seed).Steps {
			if step.From == Real && slices.ContainsFunc(step.Packets, isInit) {
				t.Errorf("seed %d: a real server begins a handshake in step %d", seed, i)
			}
		}
	}
}
