package conformance

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestCases(t *testing.T) {
	list := Cases()
	if err := check(list); err != nil {
		t.Error(err)
	}
	for _, name := range quick {
		if !slices.ContainsFunc(list, func(s Script) bool { return strings.HasPrefix(s.Name, name) }) {
			t.Errorf("no script begins with %q", name)
		}
	}
	for _, k := range known {
		if !slices.ContainsFunc(list, func(s Script) bool { return strings.HasPrefix(s.Name, k.Case) }) {
			t.Errorf("no script begins with %q, which differs for a reason", k.Case)
		}
	}
}

func TestCheckComplains(t *testing.T) {
	s := Script{Name: "once"}
	bad := Script{Name: "bad", Steps: []Step{from(Client, Packet{})}}
	for name, list := range map[string][]Script{"a name twice": {s, s}, "a bad packet": {bad}} {
		if check(list) == nil {
			t.Errorf("check() of %s = nil", name)
		}
	}
}

func TestRandom(t *testing.T) {
	var list []Script
	for seed := range uint64(300) {
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

// TestShrink shrinks scripts that differ because of one packet and one command.
func TestShrink(t *testing.T) {
	for seed := range uint64(20) {
		s := Random(seed)
		s.Commands = append(s.Commands, "guilty")
		i := int(seed) % len(s.Steps)
		s.Steps = slices.Insert(s.Steps, i, from(Client, Packet{Proto: "1"}, Packet{Proto: "guilty"}, Packet{Proto: "2"}))
		got := Shrink(context.Background(), s, 10_000, func(s *Script) bool {
			return slices.Contains(s.Commands, "guilty") && slices.ContainsFunc(s.Steps, func(s Step) bool {
				return slices.ContainsFunc(s.Packets, func(p Packet) bool { return p.Proto == "guilty" })
			})
		})
		if len(got.Commands) != 1 || len(got.Steps) != 1 || len(got.Steps[0].Packets) != 1 {
			t.Errorf("seed %d: Shrink() =\n%v", seed, &got)
		}
	}
}

// TestShrinkGivesUp checks that it asks no more often than it may.
func TestShrinkGivesUp(t *testing.T) {
	asked := 0
	s := Random(1)
	if got := Shrink(t.Context(), s, 5, func(*Script) bool { asked++; return false }); asked != 5 || !reflect.DeepEqual(got, s) {
		t.Errorf("Shrink() asked %d times, want 5 and the same script", asked)
	}
}
